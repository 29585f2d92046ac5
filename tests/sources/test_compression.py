"""Compressed files: a stream of decoded bytes, and damage told behind what could be decoded."""

from __future__ import annotations

import gzip
import zlib

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imprint.sources import format_of
from imprint.sources.compression import PIECE, DamagedStreamError, blocks, split_suffix
from imprint.sources.lines import BLOCK_BYTES

PACK = {
    "": bytes,
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}
PACKED = pytest.mark.parametrize("suffix", [".gz", ".zst"])
ANY = pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
# Bytes that do not shrink, so that a cut in the packed file is a cut in the data.
NOISE = b"".join(f"{number * 2654435761 % 2**32:08x}\n".encode() for number in range(40_000))


def read(path, suffix, size=BLOCK_BYTES, **span):
    """What could be decoded, and whether the stream was damaged."""
    found = b""
    try:
        for block in blocks(str(path), suffix, size, **span):
            found += block
    except DamagedStreamError:
        return found, True
    return found, False


@ANY
def test_what_was_packed_is_read_back(tmp_path, suffix):
    path = tmp_path / "file"
    path.write_bytes(PACK[suffix](NOISE))
    assert read(path, suffix) == (NOISE, False)
    assert read(path, suffix, size=1000) == (NOISE, False)


@ANY
def test_an_empty_text_is_empty_and_not_damaged(tmp_path, suffix):
    path = tmp_path / "file"
    path.write_bytes(PACK[suffix](b""))
    assert read(path, suffix) == (b"", False)


@PACKED
def test_members_that_were_appended_are_one_stream(tmp_path, suffix):
    path = tmp_path / "file"
    path.write_bytes(PACK[suffix](b"one\n") + PACK[suffix](b"two\n"))
    assert read(path, suffix) == (b"one\ntwo\n", False)


@PACKED
@pytest.mark.parametrize("kept", [0.5, 0.9])
@pytest.mark.parametrize("size", [4096, BLOCK_BYTES])
def test_a_file_that_ends_too_early_is_damaged_behind_what_could_be_decoded(tmp_path, suffix, kept, size):
    packed = PACK[suffix](NOISE)
    path = tmp_path / "file"
    path.write_bytes(packed[: int(len(packed) * kept)])
    found, damaged = read(path, suffix, size)
    assert damaged
    assert NOISE.startswith(found)
    # Half of the packed bytes hold some half of the noise; one piece may be lost where the stream breaks.
    assert len(found) > len(NOISE) * (kept - 0.05) - PIECE


@pytest.mark.parametrize("data", [NOISE, bytes(3_000_000), b"ab" * 500_000], ids=["noise", "zeros", "pairs"])
@pytest.mark.parametrize("cut", [1, 8, 9, 20, 300])
def test_what_zlib_can_decode_of_a_cut_file_is_decoded(tmp_path, data, cut):
    packed = PACK[".gz"](data)[:-cut]
    path = tmp_path / "file"
    path.write_bytes(packed)
    assert read(path, ".gz") == (zlib.decompressobj(wbits=31).decompress(packed), True)


@PACKED
def test_a_block_is_bounded_whatever_a_small_file_expands_to(tmp_path, suffix):
    path = tmp_path / "file"
    path.write_bytes(PACK[suffix](bytes(30_000_000)))
    assert path.stat().st_size < 100_000
    sizes = [len(block) for block in blocks(str(path), suffix, 1 << 20)]
    assert sum(sizes) == 30_000_000
    assert max(sizes) < (1 << 20) + PIECE


def test_zeros_behind_a_gzip_file_are_padding(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(PACK[".gz"](b"one\n") + bytes(600) + PACK[".gz"](b"two\n") + bytes(600))
    assert read(path, ".gz") == (b"one\ntwo\n", False)


@PACKED
def test_junk_behind_a_member_is_damage_behind_its_data(tmp_path, suffix):
    path = tmp_path / "file"
    path.write_bytes(PACK[suffix](b"one\n") + b"this was never packed")
    assert read(path, suffix) == (b"one\n", True)


def test_a_gzip_file_without_its_last_bytes_has_all_its_data(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(PACK[".gz"](NOISE)[:-8])
    assert read(path, ".gz") == (NOISE, True)


@PACKED
def test_what_was_never_packed_is_damaged(tmp_path, suffix):
    path = tmp_path / "file"
    path.write_bytes(b"this was never packed, whatever its name says")
    assert read(path, suffix) == (b"", True)


def test_a_checksum_that_does_not_fit_is_damage(tmp_path):
    packed = bytearray(PACK[".gz"](b"hello\n"))
    packed[-8] ^= 1
    path = tmp_path / "file"
    path.write_bytes(packed)
    assert read(path, ".gz")[1]


@ANY
def test_a_missing_file_is_an_os_error(tmp_path, suffix):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "missing", suffix)


@pytest.mark.parametrize("start", [0, 1, 4096, 500_000])
@pytest.mark.parametrize("limit", [0, 1, 4096, None])
def test_a_span_of_a_plain_file_is_read_and_nothing_beside_it(tmp_path, start, limit):
    path = tmp_path / "file"
    path.write_bytes(NOISE)
    end = None if limit is None else start + limit
    assert read(path, "", size=100, start=start, limit=limit) == (NOISE[start:end], False)


@pytest.mark.parametrize(
    ("name", "format_name", "compression"),
    [
        ("a.jsonl", "jsonl", ""), ("a.ndjson.gz", "jsonl", ".gz"), ("A.JSONL.ZST", "jsonl", ".zst"), ("a.b.txt", "txt", ""),
        ("a.TXT.gz", "txt", ".gz"),
    ],
)  # fmt: skip
def test_the_format_is_told_by_the_name(name, format_name, compression):
    found = format_of(name)
    assert found is not None
    assert (found[0].name, found[1]) == (format_name, compression)


@pytest.mark.parametrize("name", ["a", "a.gz", "a.exe", "jsonl", "a.jsonl.bak", "a.jsonl.gz.gz", ""])
def test_a_name_that_says_nothing_has_no_format(name):
    assert format_of(name) is None


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=20), st.sampled_from(["", ".gz", ".zst", ".GZ"]))
def test_a_name_is_its_stem_and_its_compression(stem, ending):
    found, suffix = split_suffix(stem + ending)
    assert suffix in ("", ".gz", ".zst")
    assert (stem + ending).startswith(found)
    assert len(found) + len(suffix) == len(stem + ending)
