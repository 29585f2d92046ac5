"""Evidence: what the values of a key look like, and which field they therefore are."""

from __future__ import annotations

from typing import Any

import pytest

from imprint.sources.evidence import Choice, Understanding, understand
from imprint.sources.families import understand_families

FIELDS = (
    "url",
    "source_id",
    "source_domain",
    "publisher",
    "title",
    "text",
    "authors",
    "published_at",
    "modified_at",
    "language",
)
PROSE = "The council met on Monday and spoke about the harbour for a long time. " * 5


def weigh(records: list[dict[str, Any]], **overrides: str) -> Understanding:
    return understand(records, FIELDS, overrides)


def news(number: int, **more: Any) -> dict[str, Any]:
    """A record whose keys say nothing."""
    return {
        "a": f"{number} " + PROSE,
        "b": f"Headline of the story number {number}",
        "c": f"2024-02-{number + 13}",
        "d": f"https://news.example/{number}",
        **more,
    }


def test_fields_without_names_are_recognised_by_their_values() -> None:
    found = weigh([news(number) for number in range(8)])
    assert found.decided.keys == {"text": ("a",), "title": ("b",), "published_at": ("c",), "url": ("d",)}
    assert found.choices["text", "a"] == Choice("values", 1.0)
    assert not found.ambiguities


def test_a_name_is_scored_by_its_values() -> None:
    records = [{"text": "x", "date": "2024-02-03" if number < 3 else "soon"} for number in range(4)]
    assert weigh(records).choices["published_at", "date"] == Choice("name", 0.75)


def test_a_name_whose_values_are_something_else_is_not_believed() -> None:
    records = [{"text": PROSE, "date": "Politics", "stamp": f"2024-02-{number + 10}"} for number in range(5)]
    found = weigh(records)
    assert found.decided.refused == {"published_at": frozenset({"date"})}
    assert found.decided.keys == {"published_at": ("stamp",)}


@pytest.mark.parametrize("few", [1, 2])
def test_a_name_is_believed_where_there_is_little_evidence_against_it(few: int) -> None:
    found = weigh([{"text": PROSE, "date": "Politics"}] * few)
    assert not found.decided.refused


def test_the_longest_prose_is_the_text_and_the_next_its_summary() -> None:
    records = [news(number, e=f"{number} " + PROSE[: len(PROSE) // 3] * 1) for number in range(6)]
    records = [{**one, "a": one["a"] * 3} for one in records]
    assert weigh(records).decided.keys["text"] == ("a",)


def test_two_texts_are_refused_with_the_line_that_decides() -> None:
    [ambiguity] = weigh([news(number, e=f"Also {number} {PROSE}") for number in range(6)]).ambiguities
    assert (ambiguity.field, sorted(ambiguity.keys)) == ("text", ["a", "e"])
    assert f'[input.fields] text = "{ambiguity.keys[0]}"' in ambiguity.finding().hint


def test_two_dates_are_refused_and_an_empty_key_is_an_answer() -> None:
    records = [news(number, e=f"2023-01-{number + 10}") for number in range(6)]
    [ambiguity] = weigh(records).ambiguities
    assert ambiguity.field == "published_at"
    assert 'published_at = ""' in ambiguity.finding().hint
    assert not weigh(records, published_at="").ambiguities
    assert weigh(records, published_at="e").choices["published_at", "e"].by == "recipe"


def test_what_has_its_field_by_name_is_no_candidate() -> None:
    records = [news(number, modified=f"2024-03-{number + 14}") for number in range(4)]
    found = weigh(records)
    assert found.decided.keys["published_at"] == ("c",)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("https://cdn.example/{n}.jpg", "url"),
        ("https://news.example/", "url"),
        ("{n}", "published_at"),
        ("2024", "published_at"),
        ("ab-{n}", "title"),
        ("Politics and more of it", "title"),
        ("A whole sentence number {n} that ends like one.", "title"),
    ],
)
def test_what_only_half_looks_like_a_field_is_not_taken(value: str, field: str) -> None:
    records = [{"text": PROSE, "x": value.format(n=number)} for number in range(10)]
    assert field not in weigh(records).decided.keys


def test_html_is_no_text() -> None:
    records = [{"x": f"<p>{number} {PROSE}</p>"} for number in range(4)]
    assert "text" not in weigh(records).decided.keys


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (["https://a.example/1", "https://a.example/2", "https://b.example/3"], "url"),
        (["The Post", "Reuters", "The Post"], "publisher"),
    ],
)
def test_source_is_what_its_values_are(values: list[str], field: str) -> None:
    found = weigh([{"text": PROSE, "source": value} for value in values])
    assert found.decided.keys == {field: ("source",)}


@pytest.mark.parametrize("value", ["common-crawl", "https://listing.example/all", 7])
def test_source_may_be_nothing_that_we_know(value: Any) -> None:
    assert not weigh([{"text": PROSE, "source": value}] * 12).decided.keys


def test_nested_metadata_is_weighed_too() -> None:
    records = [{"text": PROSE, "metadata": {"when": f"2024-02-{number + 10}"}} for number in range(5)]
    assert weigh(records).decided.keys == {"published_at": ("metadata.when",)}


def test_no_records_decide_nothing() -> None:
    assert weigh([]) == Understanding()


def test_two_shapes_in_one_group_are_no_rivals() -> None:
    german = [
        {"inhalt": f"{n} {PROSE}", "datum": f"2024-02-{n + 10}", "titelzeile": f"Die Lage Nummer {n}"}
        for n in range(6)
    ]
    french = [
        {"corps": f"{n} {PROSE}", "jour": f"2024-03-{n + 10}", "une": f"La ville {n} change"}
        for n in range(6)
    ]
    found = understand_families([*german, *french], FIELDS, {})
    assert not found.ambiguities
    assert found.decided.keys == {
        "text": ("inhalt", "corps"), "published_at": ("datum", "jour"), "title": ("titelzeile", "une"),
    }  # fmt: skip


def test_a_name_is_believed_if_one_of_two_shapes_means_it() -> None:
    wrong = [{"text": PROSE, "date": "Politics", "a": 1, "b": 2} for _ in range(5)]
    right = [{"text": PROSE, "date": "2024-02-07", "c": 1, "d": 2} for _ in range(5)]
    found = understand_families([*wrong, *right], FIELDS, {})
    assert not found.decided.refused
    assert found.choices["published_at", "date"].score == 1.0


def test_optional_keys_make_no_family_of_their_own() -> None:
    records = [news(n) for n in range(30)]
    records[3]["extra"] = f"Also {PROSE}"
    assert understand_families(records, FIELDS, {}).decided.keys["text"] == ("a",)


def test_numbers_are_no_names_of_people_and_things() -> None:
    records = [{"text": PROSE, "author": 3, "tags": [12, 7], "categories": [4]} for _ in range(4)]
    found = understand(records, (*FIELDS, "keywords", "section"), {})
    assert {name: set(keys) for name, keys in found.decided.refused.items()} == {
        "authors": {"author"}, "keywords": {"tags"}, "section": {"categories"},
    }  # fmt: skip
