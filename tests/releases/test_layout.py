"""Layout: file names that datasets recognises, and versions in their order."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.releases.layout import FIRST, LEVELS, Version, shard_path

LAW = settings(deadline=None)

NUMBERS = st.integers(0, 10**6)
VERSIONS = st.builds(Version, NUMBERS, NUMBERS, NUMBERS)


@LAW
@given(VERSIONS)
def test_a_version_is_read_as_it_is_written(version: Version) -> None:
    assert Version.parse(str(version)) == version
    assert Version.parse(f"v{version}") == version


@pytest.mark.parametrize(
    "text",
    [
        "", "1", "1.2", "1.2.3.4", "1.2.x", "-1.0.0", "01.2.3", "1.02.3", "1.2.3-rc.1", "1.2.3+build", " 1.2.3",
        "1.2.3\n", "vv1.2.3", "V1.2.3", "1,2,3", "\uff11.2.3", "\u0663.0.0", "latest",
    ],
)  # fmt: skip
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version"):
        Version.parse(text)


@LAW
@given(VERSIONS, VERSIONS)
def test_versions_are_ordered_by_number_and_not_by_letter(one: Version, other: Version) -> None:
    def numbers(version: Version) -> list[int]:
        return [int(number) for number in str(version).split(".")]

    assert (one < other) == (numbers(one) < numbers(other))
    assert (one == other) == (str(one) == str(other))
    assert max(one, other) >= min(one, other)


@LAW
@given(VERSIONS, st.sampled_from(LEVELS))
def test_a_bump_gives_a_later_version(version: Version, level: str) -> None:
    assert version.bumped(level) > version


def test_a_higher_bump_sets_the_lower_numbers_back() -> None:
    version = Version(1, 2, 3)
    bumped = {level: str(version.bumped(level)) for level in LEVELS}
    assert bumped == {"patch": "1.2.4", "minor": "1.3.0", "major": "2.0.0"}


def test_the_first_version_is_1_0_0() -> None:
    assert str(FIRST) == "1.0.0"


@LAW
@given(st.sampled_from(["train", "test", "validation"]), st.integers(0, 99_998), st.integers(0, 1000))
def test_shards_sort_by_name_as_they_are_numbered(split: str, index: int, more: int) -> None:
    count = min(index + 2 + more, 100_000)
    one, following = shard_path(split, index, count), shard_path(split, index + 1, count)
    assert one < following
    assert re.fullmatch(rf"data/{split}-\d{{5}}-of-\d{{5,6}}\.parquet", one)
