"""WET: conversion records of a WARC file, one at a time."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from imprint.sources import wet
from tests.sources.test_formats import drafts


def record(content: bytes, kind: str = "conversion", length: int | None = None, **header: str) -> bytes:
    lines = [
        "WARC/1.0",
        f"WARC-Type: {kind}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in header.items()),
    ]
    lines.append(f"Content-Length: {len(content) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content + b"\r\n\r\n"


def page(number: int) -> bytes:
    return record(
        f"Page {number}\nThe quay was repaired, füür {number}.".encode(),
        WARC_Target_URI=f"https://quay.example/{number}",
        WARC_Date="2024-02-07T17:20:20Z",
        WARC_Record_ID=f"<urn:uuid:{number}>",
        WARC_Identified_Content_Language="eng,deu",
    )


FILE = record(b"software: x", "warcinfo") + b"".join(map(page, range(5)))


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("size", [7, 1 << 20])
def test_pages_are_read_whatever_the_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, size: int
) -> None:
    monkeypatch.setattr(wet, "BLOCK_BYTES", size)
    path = tmp_path / f"CC-MAIN.warc.wet{suffix}"
    # Common Crawl packs every record as a gzip member of its own.
    path.write_bytes(FILE if not suffix else b"".join(gzip.compress(page(i)) for i in range(5)))
    found = drafts(path)
    assert [draft.values["url"] for draft in found] == [f"https://quay.example/{i}" for i in range(5)]
    assert found[2].values == {
        "url": "https://quay.example/2",
        "source_id": "<urn:uuid:2>",
        "language": "eng",
        "text": "Page 2\nThe quay was repaired, füür 2.",
    }


@pytest.mark.parametrize(
    ("tail", "code"),
    [
        (page(9)[:-30], "truncated_stream"),
        (b"noise without end", "invalid_warc"),
        (record(b"x", length=10**12), "invalid_warc"),
        (b"WARC/1.0\r\nContent-Length: many\r\n\r\n", "invalid_warc"),
    ],
)
def test_damage_is_one_fault_behind_the_pages_before_it(tmp_path: Path, tail: bytes, code: str) -> None:
    path = tmp_path / "a.wet"
    path.write_bytes(FILE + tail)
    found = drafts(path)
    assert len(found) == 6
    assert found[-1].fault is not None
    assert found[-1].fault.code == code


def test_a_page_that_is_not_utf_8_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.wet"
    path.write_bytes(page(0) + record(b"caf\xe9") + page(1))
    assert [draft.fault.code if draft.fault else None for draft in drafts(path)] == [
        None,
        "invalid_utf8",
        None,
    ]
