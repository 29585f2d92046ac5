"""Recognition: which key of a raw record is which field."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.findings import QUARANTINE_REASONS
from imprint.sources.names import KEYS, WRITTEN_BY_IMPRINT, priority
from imprint.sources.recognise import Decided, Recogniser


@pytest.fixture
def fields(record_schema) -> tuple[str, ...]:
    return tuple(record_schema["properties"])


@pytest.fixture
def recognise(fields):
    return lambda record, **overrides: Recogniser(fields, overrides).draft(record).values


TRAFILATURA = {
    "title": "T", "author": "A", "hostname": "x.example", "date": "2024-01-02", "fingerprint": "f", "id": "7", "license": "L",
    "raw_text": "R", "text": "B", "language": "en", "filedate": "2024-01-03", "source": "https://x.example/", "tags": "k",
}  # fmt: skip
NEWS_PLEASE = {
    "authors": ["A"], "date_download": "2024-01-03", "date_modify": "None", "date_publish": "2024-01-02", "maintext": "B",
    "language": "en", "source_domain": "x.example", "title": "T", "url": "https://x.example/",
}  # fmt: skip
NEWSPAPER4K = {
    "url": "https://x.example/", "title": "T", "text": "B", "authors": ["A"], "publish_date": "2024-01-02", "meta_lang": "en",
    "tags": ["k"], "summary": "S",
}  # fmt: skip


@pytest.mark.parametrize(
    "record", [TRAFILATURA, NEWS_PLEASE, NEWSPAPER4K], ids=["trafilatura", "news-please", "newspaper4k"]
)
def test_the_output_of_an_extractor_is_recognised(recognise, record):
    values = recognise(record)
    assert (values["title"], values["text"], values["published_at"], values["language"]) == (
        "T",
        "B",
        "2024-01-02",
        "en",
    )
    assert "A" in values["authors"]


@pytest.mark.parametrize(("name", "keys"), sorted(KEYS.items()))
def test_every_known_key_serves_its_field(recognise, name, keys):
    for key in keys:
        assert recognise({"text": "B", key: "value"} if name != "text" else {key: "value"})[name] == "value"


def test_a_fields_own_name_comes_before_other_names(recognise):
    assert recognise({"body": "other", "text": "own", "headline": "h", "title": "t"}) == {
        "text": "own",
        "title": "t",
    }


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_the_first_key_with_a_value_serves(recognise, nothing):
    assert recognise({"text": nothing, "body": "B", "title": nothing, "headline": "H"}) == {
        "text": "B",
        "title": "H",
    }


@pytest.mark.parametrize("value", [0, False])
def test_a_value_that_is_only_zero_is_a_value(recognise, value):
    assert recognise({"text": "B", "title": value, "headline": "H"})["title"] == value


def test_the_recipe_comes_before_what_is_recognised(recognise):
    record = {"text": "short", "content_text": "long", "title": "T"}
    assert recognise(record, text="content_text")["text"] == "long"


def test_dots_lead_into_nested_objects(recognise):
    record = {"content": {"body": {"plain": "B"}}, "title": "T"}
    assert recognise(record, text="content.body.plain")["text"] == "B"


def test_a_key_with_a_dot_in_its_name_can_be_named(recognise):
    assert recognise({"content.rendered": "B", "title": "T"}, text="content.rendered")["text"] == "B"


def test_a_record_without_the_named_key_is_recognised_as_usual(recognise):
    assert recognise({"text": "B"}, text="content_text")["text"] == "B"


def test_what_was_decided_before_comes_first(fields):
    recogniser = Recogniser(fields, {}, Decided({"text": ("content",)}))
    assert recogniser.draft({"text": "new", "content": "as before"}).values["text"] == "as before"


@pytest.mark.parametrize("name", sorted(WRITTEN_BY_IMPRINT))
def test_no_key_of_the_input_fills_a_field_that_imprint_writes(recognise, name):
    assert name not in recognise({"text": "B", name: "forged"})


def test_a_field_of_the_projects_own_schema_is_carried_through(fields):
    recogniser = Recogniser((*fields, "desk"), {})
    assert recogniser.draft({"text": "B", "desk": {"any": ["thing"]}}).values["desk"] == {"any": ["thing"]}


def test_a_record_without_a_text_is_a_fault_that_names_its_keys_and_the_remedy(fields):
    fault = Recogniser(fields, {}).draft({"headline": "H", "payload": "B"}).fault
    assert fault is not None
    assert fault.code in QUARANTINE_REASONS
    assert "payload" in fault.message
    assert "[input.fields]" in fault.hint


def test_an_object_without_keys_is_a_fault_and_no_crash(fields):
    assert Recogniser(fields, {}).draft({}).fault is not None


def test_keys_are_counted_as_used_or_ignored(fields):
    recogniser = Recogniser(fields, {})
    recogniser.draft({"text": "B", "headline": "H", "ads": 1})
    recogniser.draft({"text": "B", "ads": 2})
    assert recogniser.used == {("text", "text"): 2, ("title", "headline"): 1}
    assert recogniser.ignored() == {"ads": 2}


KEY = st.sampled_from(
    ["text", "body", "content", "title", "headline", "url", "link", "date", "id", "ads", "meta", "added_in"]
)


@settings(max_examples=150, deadline=None)
@given(record=st.dictionaries(KEY, st.sampled_from(["v", "", None, 1]), max_size=7))
def test_a_draft_holds_only_values_of_the_record(record_schema, record):
    draft = Recogniser(tuple(record_schema["properties"]), {}).draft(record)
    assert all(value in record.values() for value in draft.values.values())
    assert (draft.fault is None) == bool({"text", "body", "content"} & set(record))


@settings(max_examples=80, deadline=None)
@given(records=st.lists(st.dictionaries(KEY, st.sampled_from(["v", "", None]), max_size=6), max_size=4))
def test_a_record_is_recognised_the_same_whatever_came_before(record_schema, records):
    fields = tuple(record_schema["properties"])
    together = Recogniser(fields, {})
    assert [together.draft(r).values for r in records] == [
        Recogniser(fields, {}).draft(r).values for r in records
    ]


def test_the_order_of_keys_in_a_record_makes_no_difference(recognise):
    record = {
        "text": "B",
        "body": "C",
        "headline": "H",
        "title_page": "P",
        "date": "2024",
        "published": "2025",
    }
    assert recognise(dict(reversed(record.items()))) == recognise(record)


def test_priority_is_own_name_then_known_names_then_any_other():
    keys = ["zzz", "maintext", "aaa", "text", "body"]
    assert sorted(keys, key=lambda key: priority("text", key)) == ["maintext", "text", "body", "aaa", "zzz"]
