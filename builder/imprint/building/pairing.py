"""Pairing: which files of the input are articles, and which say something about one.

Laws: a sidecar is read with its article and never as one; a table is a table of sidecars only if it names files that lie
there; what names no file, and which files nobody names, is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from imprint.errors import Place
from imprint.findings import Finding
from imprint.sources import BY_NAME
from imprint.sources.base import Draft, InputFile, Sidecar, Span
from imprint.sources.compression import SUFFIXES, split_suffix
from imprint.sources.names import form
from imprint.sources.recognise import named
from imprint.sources.sidecars import BESIDE, TABLES, names_beside, paired

NAMED = 0.5
"""Share of a table's rows that must name a file which lies there."""

SAMPLE_ROWS = 50
"""Rows by which a table is recognised."""


def pair(
    files: Sequence[InputFile], others: Sequence[InputFile], folder: Path, patterns: Mapping[str, str]
) -> tuple[list[InputFile], list[Finding]]:
    """The articles among the files, each with its sidecar where it has one, and what was odd about them.

    Args:
        files: the files of the input, in order.
        others: files that hold no articles, each with the reason; a sidecar may be among them.
        folder: where rows of tables are kept for the workers.
        patterns: the recipe's [input.sidecars].
    """
    pairing = _Pairing(files, others, folder)
    pairing.by_pattern(patterns)
    pairing.by_name()
    pairing.by_table()
    unread = [file.fault for file in others if file.fault is not None and file.name not in pairing.taken]
    return pairing.articles(), [*unread, *pairing.findings]


class _Pairing:
    def __init__(self, files: Sequence[InputFile], others: Sequence[InputFile], folder: Path) -> None:
        self.files = files
        self.folder = folder
        self.by_path = {file.name: file for file in (*others, *files)}
        self.sidecars: dict[str, Sidecar] = {}
        """Name of an article to its sidecar."""
        self.taken: set[str] = set()
        """Names of files that are sidecars."""
        self.findings: list[Finding] = []

    def articles(self) -> list[InputFile]:
        """What is left, with sidecars."""
        return [
            replace(file, sidecar=self.sidecars[file.name]) if file.name in self.sidecars else file
            for file in self.files
            if file.name not in self.taken
        ]

    def by_pattern(self, patterns: Mapping[str, str]) -> None:
        """Pair parallel files as the recipe says."""
        for pattern, wanted in patterns.items():
            fits = [(file, name) for file in self.files if (name := paired(file.name, pattern, wanted))]
            found = [file for file, name in fits if self._take(file, name)]
            if not found:
                place = Place("imprint.toml", field=f"input.sidecars.{pattern}")
                self.findings.append(
                    Finding("pattern_unused", "no two files are paired by this pattern", place)
                )
            elif len(found) < len(fits):
                lone = next(file.name for file, name in fits if file.name not in self.sidecars)
                self._told("without_sidecar", len(fits) - len(found), "articles without metadata", lone)

    def by_name(self) -> None:
        """Pair `x.txt` with `x.meta.json` and the like."""
        # Most folders hold no file that could be a sidecar: then no article's name is looked at.
        endings = tuple(ending + packed for ending in BESIDE for packed in ("", *SUFFIXES))
        candidates = {name for name in self.by_path if name.lower().endswith(endings)}
        for file in self.files if candidates else ():
            if self._may_be_described(file):
                any(self._take(file, name) for name in names_beside(file.name) if name in candidates)

    def by_table(self) -> None:
        """Pair the files that a table names with its rows."""
        for table in self.files:
            if table.is_one_article or table.name in self.taken:
                continue
            called = PurePosixPath(split_suffix(table.name)[0]).stem.casefold() in TABLES
            self._read_table(table, any_key=called)

    def _may_be_described(self, file: InputFile) -> bool:
        return file.is_one_article and file.name not in self.sidecars and file.name not in self.taken

    def _take(self, article: InputFile, name: str) -> bool:
        file = self.by_path.get(name)
        if file is None or file is article or name in self.taken or article.name in self.taken:
            return False
        stem, compression = split_suffix(name)
        kind = PurePosixPath(stem).suffix.lower()
        self.sidecars[article.name] = Sidecar(file.path, name, kind=kind, compression=compression)
        self.taken.add(name)
        return True

    def _read_table(self, table: InputFile, *, any_key: bool) -> None:
        """Take a table's rows as sidecars, where it names files: in any column, or in one that is called so."""
        near = _Near(self.files, table)
        if not near.files:
            return
        faults: list[Finding] = []
        rows = _rows(table, faults)
        sample = [row for _, row in zip(range(SAMPLE_ROWS), rows, strict=False)]
        key = _naming_key(sample, near)
        has_text = any(named("text", tuple(row)) for row in sample)
        if key is None or (not any_key and (has_text or form(key) not in FILE_KEYS)):
            return
        self.taken.add(table.name)
        self._keep_rows(table, _chained(sample, rows), key, near)
        self.findings += faults

    def _keep_rows(self, table: InputFile, rows: Iterator[Mapping[str, Any]], key: str, near: _Near) -> None:
        """Keep each row for the article that it names, and tell of those that name none."""
        path = self.folder / f"sidecars-{len(list(self.folder.glob('sidecars-*'))):05d}.jsonl"
        lost: list[str] = []
        with path.open("wb") as out:
            for row in rows:
                article = near.find(row.get(key))
                kept = {
                    name: value for name, value in row.items() if name != key or form(key) not in FILE_KEYS
                }
                line = orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)
                if article is None or not self._may_be_described(article):
                    lost.append(str(row.get(key)))
                    continue
                self.sidecars[article.name] = Sidecar(str(path), table.name, out.tell(), len(line))
                out.write(line + b"\n")
        if lost:
            self._told(
                "sidecar_without_article", len(lost), "rows name no article of their own", table.name, lost[0]
            )
        alone = [file.name for file in near.files if file.name not in self.sidecars]
        if alone:
            self._told("without_sidecar", len(alone), f"articles are not named by {table.name}", alone[0])

    def _told(self, code: str, count: int, what: str, name: str, value: str | None = None) -> None:
        self.findings.append(Finding(code, f"{count:,} {what}", Place(name, value=value)))


class _Near:
    """The one-article files that a table may name: those below its folder, by path, name and stem."""

    def __init__(self, files: Iterable[InputFile], table: InputFile) -> None:
        base = table.name.rpartition("/")[0]
        prefix = f"{base}/" if base else ""
        self.files = [file for file in files if file.is_one_article and file.name.startswith(prefix)]
        self.names: dict[str, InputFile | None] = {}
        for file in self.files:
            path = file.name.removeprefix(prefix)
            last = path.rpartition("/")[2]
            for name in {path, last, split_suffix(last)[0], PurePosixPath(split_suffix(last)[0]).stem}:
                # A name that two files have names neither.
                self.names[name] = file if name not in self.names else None

    def find(self, value: Any) -> InputFile | None:
        """The file that a value names."""
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            return None
        name = str(value).strip().replace("\\", "/").removeprefix("./")
        return self.names.get(name) or self.names.get(name.rpartition("/")[2])


FILE_KEYS = frozenset(
    map(form, ("file_name", "file", "path", "file_path", "text_file", "local_path", "document"))
)
"""Names of the column that names files, asked first."""


def _naming_key(rows: Sequence[Mapping[str, Any]], near: _Near) -> str | None:
    """The key whose values name files; None where no key's do."""
    keys = sorted({key for row in rows for key in row}, key=lambda key: (form(key) not in FILE_KEYS, key))
    scores = {key: sum(near.find(row.get(key)) is not None for row in rows) for key in keys}
    best = max(keys, key=lambda key: scores[key], default=None)
    return best if best is not None and scores[best] >= NAMED * len(rows) > 0 else None


def _chained(
    first: Sequence[Mapping[str, Any]], rest: Iterator[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    yield from first
    yield from rest


def _rows(table: InputFile, faults: list[Finding]) -> Iterator[Mapping[str, Any]]:
    """The rows of a table; why others cannot be read goes to `faults`."""
    fmt = BY_NAME[table.format]
    found: list[Mapping[str, Any]] = []

    def collect(row: Mapping[str, Any]) -> Draft:
        found.append(row)
        return Draft({})

    for records in fmt.read(Span(table, 0, None, 1)):
        for record in records:
            fault = record.fault or fmt.draft(record, table, collect).fault
            if fault is not None:
                faults.append(replace(fault, place=replace(fault.place, file=table.name, row=record.row)))
        yield from found
        found.clear()
