"""Versions: which bump a change asks for, and which are refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from imprint.errors import ConflictError
from imprint.releases.layout import LEVELS, Version
from imprint.releases.versions import Change, next_version, schema_change

BEFORE = Version(1, 2, 3)
NAMED = "0123456789abcdef0123456789abcdef"

CHANGES = {
    "nothing": (Change({"train": 0, "test": 0}, (), None), "patch"),
    "records in train": (Change({"train": 5, "test": 0}, (), None), "minor"),
    "a new optional field": (Change({"train": 0}, (), "minor"), "minor"),
    "records in train and a new field": (Change({"train": 5}, (), "minor"), "minor"),
    "records in test": (Change({"train": 5, "test": 1}, (), None), "major"),
    "records in validation": (Change({"validation": 1}, (), None), "major"),
    "a changed record": (Change({"train": 0}, (NAMED,), None), "major"),
    "a changed record among new ones": (Change({"train": 9}, (NAMED,), None), "major"),
    "a broken schema": (Change({"train": 0}, (), "major"), "major"),
}
NEXT = {"patch": "1.2.4", "minor": "1.3.0", "major": "2.0.0"}


@pytest.mark.parametrize(("change", "least"), CHANGES.values(), ids=CHANGES.keys())
class TestNextVersion:
    def test_auto_takes_the_least_legal_bump_and_never_a_major_one(self, change: Change, least: str) -> None:
        assert change.minimum() == least
        if least == "major":
            with pytest.raises(ConflictError) as refused:
                next_version(BEFORE, change, "auto")
            assert refused.value.exit_code == 4
            assert "--bump major" in refused.value.hint
        else:
            assert str(next_version(BEFORE, change, "auto")) == NEXT[least]

    @pytest.mark.parametrize("bump", LEVELS)
    def test_a_bump_that_was_asked_for_is_taken_unless_it_is_too_low(
        self, change: Change, least: str, bump: str
    ) -> None:
        if LEVELS.index(bump) >= LEVELS.index(least):
            assert str(next_version(BEFORE, change, bump)) == NEXT[bump]
        else:
            with pytest.raises(ConflictError, match=r"1\.2\.3") as refused:
                next_version(BEFORE, change, bump)
            assert refused.value.exit_code == 4
            assert least in refused.value.hint

    @pytest.mark.parametrize("bump", ["auto", *LEVELS])
    def test_the_first_release_is_1_0_0_whatever_is_in_it(
        self, change: Change, least: str, bump: str
    ) -> None:
        assert str(next_version(None, change, bump)) == "1.0.0"


def test_a_refusal_names_the_records() -> None:
    changed = tuple(f"{number:032x}" for number in range(30))
    with pytest.raises(ConflictError) as refused:
        next_version(BEFORE, Change({"train": 0, "test": 7}, changed, None), "auto")
    assert f"{0:032x}" in refused.value.message
    assert "30 records" in refused.value.message
    assert "7 records are added to test" in refused.value.message
    assert len(refused.value.message) < 1000


def changed(**changes: Callable[[dict[str, Any]], None]) -> list[Any]:
    return [pytest.param(change, id=name.replace("_", " ")) for name, change in changes.items()]


def rename(document: dict[str, Any]) -> None:
    document["properties"]["heading"] = document["properties"].pop("section")


class TestSchemaChange:
    def test_the_same_schema_is_no_change(self, record_schema: dict[str, Any]) -> None:
        assert schema_change(record_schema, copy.deepcopy(record_schema)) is None

    def test_an_optional_field_that_is_added_is_minor(self, record_schema: dict[str, Any]) -> None:
        after = copy.deepcopy(record_schema)
        after["properties"]["rating"] = {"type": ["number", "null"]}
        assert schema_change(record_schema, after) == "minor"

    def test_another_description_breaks_no_reader(self, record_schema: dict[str, Any]) -> None:
        after = copy.deepcopy(record_schema)
        after["properties"]["title"]["description"] = "What stands above the article."
        assert schema_change(record_schema, after) != "major"

    @pytest.mark.parametrize(
        "change",
        changed(
            a_field_is_removed=lambda s: s["properties"].pop("section"),
            a_field_is_renamed=rename,
            a_type_is_changed=lambda s: s["properties"]["section"].update(type=["integer", "null"]),
            a_format_is_changed=lambda s: s["properties"]["section"].update(format="date-time"),
            list_items_are_changed=lambda s: s["properties"]["keywords"].update(items={"type": "integer"}),
            a_column_is_widened=lambda s: s["properties"]["added_in"].update({"x-arrow": "int64"}),
            a_required_field_is_added=lambda s: (
                s["properties"].update(rating={"type": "number"}),
                s.update(required=[*s.get("required", []), "rating"]),
            ),
        ),
    )
    def test_what_breaks_a_reader_is_major(
        self, record_schema: dict[str, Any], change: Callable[[dict[str, Any]], None]
    ) -> None:
        after = copy.deepcopy(record_schema)
        change(after)
        assert schema_change(record_schema, after) == "major"
