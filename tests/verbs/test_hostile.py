"""Hostile input: each kind is a finding or a quarantined record with its place; what lies beside it is published.

The same kinds run twice: small in every run, and at their true sizes with `make hostile`, where no process may take
more than 512 MB.
"""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import MakeProject, article

KB, MB, GB = 1 << 10, 1 << 20, 1 << 30
PEAK = 512 * MB
RECIPE = {"max_rejected = 0.05": "max_rejected = 1.0"}

BUILD = """
import json, resource, subprocess, sys, time
began = time.monotonic()
done = subprocess.run(sys.argv[1:], capture_output=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
err = done.stderr.decode(errors="replace")
print(json.dumps([done.returncode, done.stdout.decode(), err, peak, time.monotonic() - began]))
"""
"""Runs a command from a process of its own: the peak of a child is that of all children of its parent."""

Make = Callable[[Path, int], None]


@dataclass(frozen=True)
class Kind:
    """One kind of hostile input."""

    file: str
    make: Make
    """Writes the file at about a size."""
    small: int
    true: int
    """Its size in every run and with `make hostile`; 0 where only one of them makes sense."""
    code: str | None = None
    """Code of the one quarantined record; None where all is read."""
    row: int = 1
    beside: int = 0
    """Good records of the file itself."""


def bytes_of(head: bytes, unit: bytes, tail: bytes = b"") -> Make:
    """A file of one unit, again and again."""

    def make(path: Path, size: int) -> None:
        with path.open("wb") as file:
            file.writelines(stretched(head, unit, size, tail))

    return make


def stretched(head: bytes, unit: bytes, size: int, tail: bytes = b"") -> Iterator[bytes]:
    yield head
    block = unit * max(1, min(size, 4 * MB) // len(unit))
    for _ in range(max(1, size // len(block))):
        yield block
    yield tail


def gzipped(head: bytes, unit: bytes) -> Make:
    def make(path: Path, size: int) -> None:
        packer = zlib.compressobj(9, wbits=31)
        with path.open("wb") as file:
            file.writelines(packer.compress(block) for block in stretched(head, unit, size))
            file.write(packer.flush())

    return make


def zstandard(path: Path, size: int) -> None:
    with pa.CompressedOutputStream(str(path), "zstd") as file:
        for block in stretched(b"", bytes(KB), size):
            file.write(block)


def zipped(method: int) -> Make:
    def make(path: Path, size: int) -> None:
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("first.jsonl", line(900), zipfile.ZIP_DEFLATED)
            with archive.open("bomb.txt", "w", force_zip64=True) as file:
                for block in stretched(b"", bytes(KB), size):
                    file.write(block)

    return make


def tarred(member: bytes, unit: bytes) -> Make:
    """An article, then a member whose header is given, then units."""

    def make(path: Path, size: int) -> None:
        info = tarfile.TarInfo("first.jsonl")
        info.size = len(line(900))
        head = info.tobuf() + line(900).ljust(512, b"\0") + member
        with gzip.open(path, "wb", compresslevel=1) as file:
            file.writelines(stretched(head, unit, size))

    return make


def header(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def constant_parquet(path: Path, size: int) -> None:
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(size // MB, np.int32)), ["x" * MB])
    pq.write_table(pa.table({"text": text}), path, write_statistics=False)


def one_group_parquet(path: Path, size: int) -> None:
    words = os.urandom(128 * KB).hex()
    rows = pa.array([f"Row {i}. {words[i * 100 :][:30_000]}" for i in range(100)])
    table = pa.table({"text": pa.chunked_array([rows] * (size // (30_000 * len(rows))))})
    pq.write_table(table, path, row_group_size=len(table), use_dictionary=False, compression="none")


def damaged_parquet(path: Path, size: int) -> None:
    pq.write_table(
        pa.table({"text": [os.urandom(40).hex() for _ in range(size // 80)]}), path, write_page_checksum=True
    )
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def foreign_parquet(path: Path, size: int) -> None:
    pq.write_table(pa.table({"x": [float("nan")], "y": [[{"z": b"\xff"}]]}), path)


def articles(path: Path, size: int) -> None:
    """An array of normal articles."""
    body = " ".join(f"word{number % 997}" for number in range(450))
    count = max(2, size // 3_500)
    with path.open("wb") as file:
        for number in range(count):
            file.write(b"[" if number == 0 else b",\n")
            file.write(orjson.dumps(article(1000 + number, text=f"Article {number} begins. {body}")))
        file.write(b"]")


def line(number: int, **values: Any) -> bytes:
    return orjson.dumps(article(number, **values), option=orjson.OPT_APPEND_NEWLINE)


def nested(size: int, mark: str = "[]") -> bytes:
    return mark[0].encode() * size + mark[1].encode() * size


def repeated(head: bytes, opened: bytes, closed: bytes, tail: bytes) -> Make:
    return lambda path, size: path.write_bytes(head + opened * size + closed * size + tail) and None


LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (i, b"&l%d;" % (i - 1) * 10) for i in range(1, 10))
FIRST = line(900).strip()
DEEP = 100_000
TEXTS = b"abc def "
WARC = b"WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: "

KINDS = {
    "a line without end": Kind("a.jsonl", bytes_of(line(900) + b'{"text": "', TEXTS), 13 * MB, 5 * GB, "record_too_large", 2, 1),
    "a text without end": Kind("a.txt", bytes_of(b"Title\n\n", TEXTS), 13 * MB, 5 * GB, "record_too_large"),
    "a quote without end": Kind("a.csv", bytes_of(b'title,text\nA,Good text.\nB,"', b"abc def\n"), 13 * MB, 5 * GB, "broken_table", 2, 1),
    "an open quote in a short table": Kind("a.csv", bytes_of(b'title,text\nA,Good text.\nB,"', b"c,d\n"), KB, 0, "broken_table", 2, 1),
    "a row without end": Kind("a.csv", bytes_of(b"title,text\nA,Good text.\nB", b',"\n"'), 13 * MB, GB, "broken_table", 2, 1),
    "a JSON file of one line": Kind("a.json", bytes_of(b'{"text": "', TEXTS), 13 * MB, 5 * GB, "record_too_large"),
    "an array of one string": Kind("a.json", bytes_of(b"[" + FIRST + b',{"text": "', TEXTS, b'"}]'), 13 * MB, GB, "record_too_large", 2, 1),
    "an array of space": Kind("a.json", bytes_of(b"[" + FIRST + b",", b" "), 13 * MB, GB, "invalid_json", 2, 1),
    "a number without end": Kind("a.json", bytes_of(b"[" + FIRST + b",0.", b"1"), 13 * MB, GB, "record_too_large", 2, 1),
    "an array of articles": Kind("a.json", articles, 100 * KB, GB),
    "a large text": Kind("a.jsonl", bytes_of(b'{"text": "', TEXTS, b'"}'), 0, 7 * MB, None, 1, 1),
    "a large text of wide characters": Kind("a.jsonl", bytes_of('{"text": "\U0001f600'.encode(), TEXTS, b'"}'), 0, 7 * MB, None, 1, 1),
    "a large text with a title": Kind("a.txt", bytes_of(b"Title\n\n", b"ab "), 0, 7 * MB, None, 1, 1),
    "a line of tiny values": Kind("a.jsonl", bytes_of(b'{"text": "Good.", "y": [{}', b",{}", b"]}"), 0, 7 * MB, None, 1, 1),
    "a page of tiny elements": Kind("a.xml", bytes_of(b"<doc><main><p>Good</p>", b"<p/>", b"</main></doc>"), 0, 7 * MB, None, 1, 1),
    "gzip": Kind("a.jsonl.gz", gzipped(line(900), bytes(KB)), 69 * MB, 10 * GB, "truncated_stream", 2, 1),
    "zstd": Kind("a.jsonl.zst", zstandard, 69 * MB, 10 * GB, "truncated_stream"),
    "zip": Kind("a.zip", zipped(zipfile.ZIP_DEFLATED), 69 * MB, 10 * GB, "truncated_stream", 1, 1),
    "zip with bzip2": Kind("a.zip", zipped(zipfile.ZIP_BZIP2), 69 * MB, 2 * GB, None, 1, 1),
    "zip with LZMA": Kind("a.zip", zipped(zipfile.ZIP_LZMA), 69 * MB, 2 * GB, None, 1, 1),
    "tar of empty members": Kind("a.tgz", tarred(b"", header("x.bin")), 0, 100 * MB, None, 1, 1),
    "tar with a name without end": Kind("a.tgz", tarred(header("x", tarfile.GNUTYPE_LONGNAME, GB), b"n"), 2 * MB, GB, "truncated_stream", 1, 1),
    "Parquet of one string": Kind("a.parquet", constant_parquet, 0, 100 * GB, "damaged_parquet", 0),
    "Parquet of one group": Kind("a.parquet", one_group_parquet, 3 * MB, 2 * GB),
    "Parquet with damage": Kind("a.parquet", damaged_parquet, 8 * KB, 0, "damaged_parquet"),
    "Parquet of another schema": Kind("a.parquet", foreign_parquet, 1, 0, "no_text_field"),
    "a header without end": Kind("a.md", bytes_of(b"---\n", b"key: value\n"), 13 * MB, GB, "record_too_large"),
    "a header of aliases": Kind("a.md", bytes_of(b"---\na: &a [x]\n", b"b: [*a, *a]\n", b"---\nText."), KB, 0, "broken_header"),
    "a header of no YAML": Kind("a.md", bytes_of(b"---\n", b"a: [b: }\n", b"---\nText."), 9, 0, "broken_header"),
    "a deep header": Kind("a.md", repeated(b"---\na: ", b"[", b"]", b"\n---\nText."), 30_000, 0, "nested_too_deep"),
    "a page of a claimed length": Kind("a.wet", bytes_of(WARC + b"4\r\n\r\nGood\r\n\r\n" + WARC + b"10000000000\r\n\r\n", TEXTS), 13 * MB, GB, "invalid_warc", 2, 1),
    "a page of an odd length": Kind("a.wet", bytes_of(WARC + "²\r\n\r\n".encode(), TEXTS), KB, 0, "invalid_warc"),
    "a page of 5,000 digits": Kind("a.wet", bytes_of(WARC, b"9", b"\r\n\r\n"), 5000, 0, "invalid_warc"),
    "billion laughs": Kind("a.xml", bytes_of(b'<!DOCTYPE d [<!ENTITY l0 "ha">' + LAUGHS + b"]>", b"<doc><main>&l9;</main></doc>"), 1, 0, "invalid_xml"),
    "deep XML": Kind("a.xml", repeated(b"<doc><main>", b"<p>", b"</p>", b"Good</main></doc>"), DEEP, 0, None, 1, 1),
    "a deep line": Kind("a.jsonl", repeated(b'{"text": ', b"[", b"]", b"}"), DEEP, 0, "invalid_json"),
    "a deep array": Kind("a.json", repeated(b"[" + FIRST + b",", b"[", b"]", b"]"), DEEP, 0, "nested_too_deep", 2, 1),
    "deep metadata": Kind("a.jsonl", repeated(b'{"text": "Good.", "metadata": "{\\"author\\": ', b"[", b"]", b'}"}'), 300, 0, "nested_too_deep"),
    "deeper metadata": Kind("a.jsonl", repeated(b'{"text": "Good.", "metadata": "{\\"author\\": ', b"[", b"]", b'}"}'), DEEP, 0, None, 1, 1),
    "NaN in a line": Kind("a.jsonl", bytes_of(b'{"text": NaN}\n', line(900)), 1, 0, "invalid_json", 1, 1),
    "Infinity in an array": Kind("a.json", bytes_of(b'[{"text": -Infinity},', FIRST, b"]"), 1, 0, "invalid_json", 1, 1),
    "broken UTF-16 in an array": Kind("a.json", bytes_of('[{"text": "'.encode("utf-16") + b"\0\xd8a\0", ('"},' + FIRST.decode() + "]").encode("utf-16-le")), 1, 0, "invalid_utf8", 1, 1),
    "rows of other widths": Kind("a.csv", bytes_of(b"title,text\nA,Good text.\n", b"B,more,cells\n", b"C,Another good text.\n"), 1, 0, "wrong_columns", 2, 2),
    "marks without end": Kind("a.jsonl", bytes_of(b'{"text": "a', "\u0301\u0316".encode(), b'"}'), 200 * KB, 4 * MB, None, 1, 1),
    "space in a byline": Kind("a.jsonl", bytes_of(b'{"text": "Good.", "author": "a', b" ", b'b"}'), 100 * KB, 4 * MB, None, 1, 1),
}  # fmt: skip


def project_of(make_project: MakeProject, kind: Kind, size: int) -> Path:
    root = make_project((article(i) for i in range(10)), recipe=RECIPE)
    kind.make(root / "data/raw" / kind.file, size)
    return root


def check(root: Path, kind: Kind, accounting: dict[str, Any]) -> None:
    """What is beside the fault is published, and the fault has its place."""
    entries = [
        orjson.loads(text) for text in (root / "data/build/quarantine.jsonl").read_bytes().splitlines()
    ]
    if kind.code is None:
        assert entries == []
    else:
        [entry] = entries
        assert (entry["file"].partition("/")[0], entry["code"]) == (kind.file, kind.code)
        assert not kind.row or entry["row"] == kind.row
        assert entry["message"]
    assert accounting["new"] >= 10 + kind.beside
    published = (
        pq.ParquetDataset(root / "data/build/release/data").read(["title"]).column("title").to_pylist()
    )
    assert {f"Headline number {i}" for i in range(10)} <= set(published)


def named(kinds: Iterable[tuple[str, int]]) -> list[Any]:
    return [pytest.param(KINDS[name], id=name) for name, size in kinds if size]


@pytest.mark.parametrize("kind", named((name, kind.small) for name, kind in KINDS.items()))
def test_hostile_input_costs_no_record_beside_it(make_project: MakeProject, kind: Kind) -> None:
    import imprint

    root = project_of(make_project, kind, kind.small)
    check(root, kind, imprint.build(root, workers=1).accounting)


@pytest.mark.hostile
@pytest.mark.parametrize("kind", named((name, kind.true or kind.small) for name, kind in KINDS.items()))
def test_hostile_input_of_any_size_costs_half_a_gigabyte(make_project: MakeProject, kind: Kind) -> None:
    root = project_of(make_project, kind, kind.true or kind.small)
    command = [sys.executable, "-m", "imprint", "build", "--json", "--workers", "1", "--project", str(root)]
    done = subprocess.run([sys.executable, "-c", BUILD, *command], capture_output=True, check=True)
    code, out, err, peak, seconds = orjson.loads(done.stdout)
    print(f"{kind.file}: {peak / MB:.0f} MB, {seconds:.1f} s")
    assert (code, "Traceback" in err) == (0, False), err
    check(root, kind, orjson.loads(out)["accounting"])
    (root / "data/raw" / kind.file).unlink()
    assert peak < PEAK


def test_unsafe_members_of_an_archive_are_findings(make_project: MakeProject) -> None:
    import imprint

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("../out.txt", "/etc/out.txt", "C:\\out.txt", "inside/good.jsonl"):
            archive.writestr(name, line(900))
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("bzip2.jsonl", line(901), zipfile.ZIP_BZIP2)
    root = make_project((article(i) for i in range(10)), recipe=RECIPE)
    (root / "data/raw/a.zip").write_bytes(packed.getvalue())
    result = imprint.build(root)
    assert result.accounting["new"] == 11
    assert [finding.code for finding in result.findings] == ["unsafe_member"] * 5
    assert all((finding.place.file or "").startswith("a.zip/") for finding in result.findings)
