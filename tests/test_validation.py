"""Validation: the verdict, the explanation, and what neither of them ever reaches."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.errors import UsageError
from imprint.sources.base import RawRecord
from imprint.sources.jsonl import parse
from imprint.validation import EXPLAINED_PER_PART, Validator

VALID = {
    "id": "0" * 32, "text": "A text.", "input_file": "raw/a.jsonl", "input_row": 1, "raw_sha256": "0" * 64,
    "text_sha256": "f" * 64, "processing": [], "dup_cluster": "0" * 32, "added_in": 1,
}  # fmt: skip
OUTSIDE = [
    "http://127.0.0.1:9/x.json",
    "https://example.org/x",
    "file:///etc/hostname",
    "x.json",
    "urn:other",
]

ELSEWHERE = ("refRemote", "vocabulary", "format")  # the last is the opposite choice: formats as annotations
ASSERTED_FORMATS = (
    "date",
    "date-time",
    "email",
    "ipv4",
    "ipv6",
    "regex",
    "time",
    "uri",
    "uri-reference",
    "uuid",
)

GUARDED = """
import sys
import imprint.errors, imprint.validation
validate = imprint.validation.Validator
validate({"type": "object"}).explain([])
seen = []
def hook(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.", "subprocess.")):
        seen.append(event)
    if event == "open" and "bait" in str(arguments[0]):
        seen.append(event)
sys.addaudithook(hook)
for reference in sys.argv[1:]:
    for schema in (
        {"$ref": reference},
        {"properties": {"x": {"$ref": reference}}},
        {"$id": reference, "$ref": "other.json"},
        {"properties": {"x": {"$dynamicRef": reference + "#a"}}},
    ):
        try:
            print(validate(schema).explain({"x": 1}))
        except imprint.errors.UsageError:
            print("refused")
print("seen", seen)"""

HANGING = """
import resource, sys, orjson
resource.setrlimit(resource.RLIMIT_CPU, (5, 5))
from imprint.sources.base import RawRecord
from imprint.sources.jsonl import parse
from imprint.validation import Validator
schema, row = map(orjson.loads, sys.argv[1:])
print([finding.code for finding in Validator(schema).explain(row)])"""


def python(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture
def validator(record_schema) -> Validator:
    return Validator(record_schema)


def test_a_good_record_is_valid_and_needs_no_explanation(validator):
    assert validator.is_valid(VALID)
    assert validator.explain(VALID) == []


@pytest.mark.parametrize(
    ("field", "value", "keyword"),
    [
        ("id", "xyz", "pattern"), ("url", "https://example.org/a b", "format"), ("url", "ftp://example.org/", "pattern"),
        ("url", "https://münchen.example/", "format"), ("text", "", "minLength"), ("text", None, "type"),
        ("title", "x" * 4097, "maxLength"), ("published_at", "yesterday", "format"),
        ("published_at", "2024-02-07T17:20:20", "format"), ("modified_at", 20240207, "type"),
        ("tdm_reservation", 2, "enum"), ("date_precision", "week", "enum"), ("input_row", 0, "minimum"),
        ("authors", "Ada Quill", "type"),
    ],
)  # fmt: skip
def test_a_fault_is_explained_with_its_field_its_keyword_and_its_value(validator, field, value, keyword):
    row = {**VALID, field: value}
    assert validator.verdicts([VALID, row]) == [True, False]
    found = {(finding.place.field, finding.code) for finding in validator.explain(row)}
    assert (field, f"schema.{keyword}") in found
    assert all(finding.place.value for finding in validator.explain(row))


def test_a_fault_inside_a_list_is_explained_with_its_index(validator):
    (finding,) = validator.explain({**VALID, "authors": ["Ada", ""]})
    assert (finding.place.field, finding.code) == ("authors.1", "schema.minLength")


def test_a_missing_field_and_an_unknown_one_are_named(validator):
    row = {**VALID, "desk": "x"}
    del row["raw_sha256"]
    told = {finding.code: finding.message for finding in validator.explain(row)}
    assert "raw_sha256" in told["schema.required"]
    assert "desk" in told["schema.additionalProperties"]


def test_all_faults_of_a_record_are_told(validator):
    told = validator.explain({**VALID, "id": 5, "url": "x", "title": ""})
    assert {finding.place.field for finding in told} == {"id", "url", "title"}


def test_a_finding_never_repeats_a_whole_article(validator):
    for finding in validator.explain({**VALID, "authors": "word " * 100_000, "id": "x" * 100_000}):
        assert len(str(finding)) < 500


def test_beyond_the_limit_the_shorter_words_name_the_same_fields_and_keywords(validator):
    row = {**VALID, "id": "x", "url": "y", "text": 5, "authors": [1], "tdm_reservation": 9, "desk": 1}
    del row["added_in"]

    def told():
        return sorted((finding.code, finding.place.field or "") for finding in validator.explain(row))

    first = told()
    for _ in range(EXPLAINED_PER_PART):
        validator.explain(VALID)
    assert told() == first


MADE = [
    "2024-01-01T00:00:00Z",
    "2024-01-01",
    "https://example.org/",
    "en-US",
    "0" * 32,
    "f" * 64,
    1.0,
    0.5,
    2**70,
]
SCALAR = st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=4) | st.sampled_from(MADE)
ANY = SCALAR | st.lists(SCALAR, max_size=3) | st.dictionaries(st.text(max_size=2), SCALAR, max_size=2)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_explanation_agrees_with_the_verdict_on_any_record(record_schema, data):
    names = st.sampled_from([*record_schema["properties"], "desk"])
    row = {**VALID, **data.draw(st.dictionaries(names, ANY, max_size=4))}
    for name in data.draw(st.sets(st.sampled_from(sorted(VALID)), max_size=1)):
        row.pop(name)
    validator = Validator(record_schema)
    assert validator.is_valid(row) == (validator.explain(row) == [])


def suite(folder: Path) -> list[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    """Groups of the suite that stay inside their own schema."""
    groups = []
    for file in sorted(folder.glob("*.json")):
        for group in json.loads(file.read_text()):
            schema = group["schema"]
            remote = "localhost:1234" in json.dumps(schema) or file.stem in ELSEWHERE
            if isinstance(schema, dict) and not remote:
                groups.append((f"{file.stem}: {group['description']}", schema, group["tests"]))
    return groups


def test_verdict_and_explanation_agree_with_the_json_schema_suite(suites):
    groups = suite(suites / "json-schema/tests/draft2020-12")
    wrong = []
    for name, schema, cases in groups:
        validator = Validator(schema)
        for case in cases:
            verdict, told = validator.is_valid(case["data"]), validator.explain(case["data"])
            if verdict != case["valid"] or bool(told) == verdict:
                wrong.append((name, case["description"], verdict, told))
    assert wrong == []
    assert len(groups) > 300


@pytest.mark.parametrize("name", ASSERTED_FORMATS)
def test_formats_are_asserted_as_the_json_schema_suite_has_it(suites, name):
    wrong = []
    for _, schema, cases in suite(suites / "json-schema/tests/draft2020-12/optional/format"):
        if schema.get("format") != name:
            continue
        validator = Validator(schema)
        for case in cases:
            verdict = validator.is_valid(case["data"])
            if verdict != case["valid"] or bool(validator.explain(case["data"])) == verdict:
                wrong.append((case["description"], verdict))
    assert wrong == []


def test_patterns_that_only_one_library_knows_do_not_break_the_explanation():
    schema = {"patternProperties": {r"^\p{Letter}+$": {}}, "additionalProperties": False}
    validator = Validator(schema)
    assert validator.explain({"été": 1}) == []
    assert [finding.code for finding in validator.explain({"42": 1})] == ["schema.additionalProperties"]


def test_a_value_that_no_schema_allows_has_a_code_that_is_a_keyword():
    for finding in Validator({"properties": {"secret": False}}).explain({"secret": 1}):
        assert finding.place.field == "secret"
        assert finding.code != "schema.None"


@pytest.mark.parametrize("reference", OUTSIDE)
def test_a_reference_out_of_the_schema_is_refused(reference):
    with pytest.raises(UsageError, match=r"\$defs"):
        Validator({"properties": {"x": {"$ref": reference}}})


def test_a_reference_to_its_own_definitions_is_followed():
    validator = Validator({"$defs": {"n": {"type": "integer"}}, "properties": {"x": {"$ref": "#/$defs/n"}}})
    assert validator.is_valid({"x": 1})
    assert [finding.place.field for finding in validator.explain({"x": "1"})] == ["x"]


def test_neither_verdict_nor_explanation_touches_files_or_the_network(tmp_path):
    bait = tmp_path / "bait.json"
    bait.write_text('{"type": "string"}')
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/bait.json"
        ended = python(GUARDED, *OUTSIDE, bait.as_uri(), str(bait), url)
        # Code that is not Python's is not audited, but a connection waits here until it is accepted.
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert ended.stdout.splitlines()[-1:] == ["seen []"], ended.stderr
    assert "refused" in ended.stdout
    # The bait allows only strings: had it been read, it would have been the reason of a fault.
    assert "schema.type" not in ended.stdout


@pytest.mark.parametrize(
    ("schema", "row"),
    [
        ({"properties": {"x": {"pattern": "^(a+)+$"}}}, {"x": "a" * 60 + "!"}),
        ({"propertyNames": {"pattern": "^(a+)+$"}}, {"a" * 60 + "!": 1}),
        ({"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False}, {"a" * 60 + "!": 1}),
        ({"patternProperties": {"^(a+)+$": {}}, "unevaluatedProperties": False}, {"a" * 60 + "!": 1}),
    ],
    ids=["pattern", "propertyNames", "additionalProperties", "unevaluatedProperties"],
)
def test_an_exponential_pattern_does_not_hang_the_explanation(schema, row):
    ended = python(HANGING, orjson.dumps(schema).decode(), orjson.dumps(row).decode())
    assert ended.returncode == 0, f"ended by the limit of CPU time: {ended.returncode} {ended.stderr}"
    assert "schema." in ended.stdout


@pytest.mark.parametrize("depth", [200, 1000])
def test_a_value_nested_as_deep_as_json_is_read_is_explained(validator, depth):
    record = parse(RawRecord(1, "", b'{"text":' + b"[" * depth + b"]" * depth + b"}"))
    if isinstance(record, dict):
        (finding,) = validator.explain({**VALID, **record})
        assert (finding.code, finding.place.field) == ("schema.type", "text")


@pytest.mark.parametrize(
    "draft", ["http://json-schema.org/draft-07/schema#", "https://example.org/mine", 5, None]
)
def test_a_schema_of_another_draft_is_refused(draft):
    with pytest.raises(UsageError, match="2020-12"):
        Validator({"$schema": draft})


@pytest.mark.parametrize(
    "broken", [{"type": "text"}, {"pattern": "("}, {"minLength": "5"}, {"properties": []}]
)
def test_a_schema_that_is_none_is_refused_with_its_file(broken):
    with pytest.raises(UsageError) as caught:
        Validator(broken, file="mine.json")
    assert caught.value.place.file == "mine.json"
