"""Lines: the same whatever the borders of blocks, the ends of lines and the byte order mark."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from imprint.sources.lines import BLOCK_BYTES, BOM, MAX_LINE_BYTES, Line, LongLine, lines

DATA = st.lists(
    st.sampled_from([b"\n", b"\r\n", b"\r", b"a", b"bc", BOM, b"\xc3\xa9", b"\xff", b" "]), max_size=15
).map(b"".join)
LIMIT = 8


def flat(chunks: list[bytes], limit: int = MAX_LINE_BYTES) -> list[Line]:
    return [line for batch in lines(chunks, limit=limit) for line in batch]


def by_definition(data: bytes) -> list[bytes]:
    found = data.removeprefix(BOM).split(b"\n")
    if not found[-1]:
        found.pop()
    return [line.removesuffix(b"\r") for line in found]


def cut(data: bytes, borders: set[int]) -> list[bytes]:
    edges = [0, *sorted(border for border in borders if border < len(data)), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@settings(max_examples=300, deadline=None)
@given(DATA, st.sets(st.integers(0, 30), max_size=6))
@example(BOM + b"a\nb", {1})
@example(BOM + b"a\nb", {0, 2})
@example(b"a\r\nb\r\n", {2, 4})
def test_lines_do_not_depend_on_the_borders_of_blocks(data, borders):
    assert flat(cut(data, borders)) == by_definition(data)


@settings(max_examples=100, deadline=None)
@given(DATA)
def test_blocks_of_one_byte_give_the_same_lines(data):
    assert flat([bytes([byte]) for byte in data]) == by_definition(data)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.binary(max_size=6).map(lambda b: b.replace(b"\n", b"").replace(b"\r", b"")), min_size=1, max_size=6
    )
)
def test_lf_and_crlf_give_the_same_lines(found):
    unix = b"".join(line + b"\n" for line in found)
    dos = b"".join(line + b"\r\n" for line in found)
    assert flat([unix]) == flat([dos])


def test_a_byte_order_mark_counts_only_before_the_first_line():
    assert flat([BOM + b"a\n" + BOM + b"b\n"]) == [b"a", BOM + b"b"]


def test_the_last_line_needs_no_end():
    assert flat([b"a\nb"]) == flat([b"a\nb\n"]) == [b"a", b"b"]


def test_blank_lines_are_lines_and_nothing_is_none():
    assert flat([b"\n\r\n\n"]) == [b"", b"", b""]
    assert flat([]) == flat([b""]) == []


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT, LIMIT + 1, 3 * LIMIT])
@pytest.mark.parametrize("step", [1, 3, 5])
def test_a_line_over_the_limit_is_digested_and_not_kept(size, end, step):
    line = (b"0123456789" * 5)[:size]
    data = line + end
    found = flat([data[start : start + step] for start in range(0, len(data), step)], LIMIT)
    expected = line if size <= LIMIT else LongLine(hashlib.sha256(line).hexdigest(), size)
    assert found == [expected]


def test_a_long_line_does_not_disturb_its_neighbours():
    data = b"a\n" + b"x" * 50 + b"\nb\n"
    found = flat([data[start : start + 4] for start in range(0, len(data), 4)], LIMIT)
    assert [line if isinstance(line, bytes) else line.size for line in found] == [b"a", 50, b"b"]


def test_a_block_is_never_larger_than_the_longest_line():
    # Lines that begin and end in one block are not measured one by one.
    assert BLOCK_BYTES <= MAX_LINE_BYTES


def test_damage_reaches_the_caller_behind_the_lines_that_were_whole():
    def damaged():
        yield b"a\nb\nc"
        raise EOFError

    seen: list[Line] = []

    def follow() -> None:
        for batch in lines(damaged()):
            seen.extend(batch)

    with pytest.raises(EOFError):
        follow()
    assert seen == [b"a", b"b"]
