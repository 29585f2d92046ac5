"""Explain: one record's story, from the raw input to the release, or to the reason why it is not in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from imprint.article import RecordSchema
from imprint.building.reports import FATE_ROWS, FATES, QUARANTINE
from imprint.cleaning.urls import canonical_url
from imprint.digests import id_of_url
from imprint.errors import Place, TransferError, UsageError
from imprint.project import Project, open_project
from imprint.verbs.lineage import find_previous
from imprint.verbs.standing import Neighbour, neighbours, why

LAST_ROW = 2**63 - 1
"""No file has more rows."""

TOLD = ("id", "title", "url", "published_at", "date_precision", "input_file", "input_row", "raw_sha256", "processing",
        "dup_cluster", "added_in")  # fmt: skip
"""Fields of a published record that its story tells."""

_ID = re.compile(r"[0-9a-f]{32}")
_AT_ROW = re.compile(r"(?P<file>.+):(?P<row>\d+)")


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of one record."""

    id: str | None
    """Its id; None where no article could be made of it."""
    fate: str
    """Its fate in the last build, or `published` where only the release knows it."""
    message: str
    """The story in one sentence."""
    input_file: str | None = None
    input_row: int | None = None
    because: str | None = None
    """The id that is kept instead, or the code of the reason."""
    published: Mapping[str, Any] | None = None
    """Where it stands in the newest release: version, split, shard, row, cluster, added_in, title, url, processing."""
    rejected: Mapping[str, Any] | None = None
    """Its entry in the quarantine."""
    why: str | None = None
    """Why it stands in its split; None where it is not in a release."""
    neighbours: tuple[Neighbour, ...] = ()
    """The records that it is like, the closest first."""

    def as_dict(self) -> dict[str, Any]:
        """The story for --json."""
        names = (
            "id",
            "fate",
            "message",
            "input_file",
            "input_row",
            "because",
            "published",
            "rejected",
            "why",
        )
        near = [neighbour.as_dict() for neighbour in self.neighbours]
        return {**{name: getattr(self, name) for name in names}, "neighbours": near}


@dataclass(frozen=True, slots=True)
class ExplainResult:
    """The stories that answer a question."""

    query: str
    stories: tuple[Story, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """The result for --json."""
        return {"query": self.query, "stories": [story.as_dict() for story in self.stories]}


def explain(query: str, project: str | Path = ".") -> ExplainResult:
    """Tell what became of a record.

    Args:
        query: an id, a URL, or FILE:ROW as provenance writes it (the row may be left out).
        project: the project's folder.

    Raises:
        UsageError: no record answers to the query.
    """
    opened = open_project(Path(project))
    query = _relative(query, opened)
    archive = _Archive(opened)
    rows = sorted(_fates(opened, query).to_pylist(), key=lambda row: (row["input_file"], row["input_row"]))
    stories = [archive.story(row) for row in rows] or list(archive.published_only(query))
    if not stories:
        raise UsageError(
            f"no record answers to {query!r} in the last build or the newest release",
            place=Place(str(opened.root)),
            hint="ask with an id, a URL, or FILE:ROW as in input_file and input_row; run imprint build first",
        )
    return ExplainResult(query, tuple(stories))


def _fates(project: Project, query: str) -> pa.Table:
    """Rows of the last build's fates that answer to a query."""
    path = project.build / FATES
    if not path.exists():
        return FATE_ROWS.empty_table()
    try:
        return pq.read_table(path, filters=_filter(query))
    except (OSError, pa.ArrowException) as error:
        raise TransferError(
            f"the report is damaged: {error}", place=Place(str(path)), hint="build again"
        ) from error


def _filter(query: str) -> pc.Expression:
    if _ID.fullmatch(query):
        return pc.field("id") == query
    if "://" in query:
        return pc.field("id") == id_of_url(canonical_url(query))
    file, row = _file_and_row(query)
    named = pc.field("input_file") == file
    return named & (pc.field("input_row") == row) if row is not None else named


def _file_and_row(query: str) -> tuple[str, int | None]:
    match = _AT_ROW.fullmatch(query)
    return (match["file"], min(int(match["row"]), LAST_ROW)) if match else (query, None)


def _relative(query: str, project: Project) -> str:
    """A file that was named by its path, as provenance names it: relative to the input."""
    path = Path(_file_and_row(query)[0])
    for root in project.inputs:
        if path.exists() and path.resolve().is_relative_to(root.resolve()):
            name = path.resolve().relative_to(root.resolve()).as_posix()
            given = _file_and_row(query)[0]
            return (root.name if name == "." else name) + query.removeprefix(given)
    return query


class _Archive:
    """The last build and the newest release, as they are asked; each file is read once for all questions."""

    def __init__(self, project: Project) -> None:
        self.build = project.build
        self.released = find_previous(project, previous=None, to=None, any_lineage=True)

    def story(self, row: Mapping[str, Any]) -> Story:
        """The story of a record that the last build read."""
        identity, fate = row["id"], row["fate"]
        published = rejected = None
        if fate == "quarantined":
            rejected = self._quarantine.get((row["input_file"], row["input_row"]))
        elif fate == "known":
            published = self.published("raw_sha256", row["raw_sha256"])
            identity = published["id"] if published else None
        else:
            published = self.published("id", row["because"] or identity)
        near = neighbours(identity, self.released, self.build) if identity and not rejected else ()
        sentence = _sentence(fate, row["because"], published, rejected, near)
        place = row["input_file"], row["input_row"]
        own = published if published and published["id"] == identity else None
        reason = why(own, self.released) if own else None
        return Story(identity, fate, sentence, *place, row["because"], published, rejected, reason, near)

    def published_only(self, query: str) -> Iterator[Story]:
        """Records that the last build did not read, but the newest release holds."""
        if _ID.fullmatch(query) or "://" in query:
            identity = query if _ID.fullmatch(query) else id_of_url(canonical_url(query))
            found = [self.published("id", identity)]
        else:
            found = list(self._published_from(*_file_and_row(query)))
        for record in filter(None, found):
            near = neighbours(record["id"], self.released, self.build)
            sentence = _sentence("published", None, record, None, near)
            place = record["input_file"], record["input_row"]
            reason = why(record, self.released)
            yield Story(record["id"], "published", sentence, *place, None, record, None, reason, near)

    def published(self, column: str, value: str) -> dict[str, Any] | None:
        """A record of the newest release, by a column of its ledger."""
        row = self._rows(column).get(value)
        return None if row is None else self._record(*self.released.shard_of(row))

    @cached_property
    def _quarantine(self) -> dict[tuple[str, int], Mapping[str, Any]]:
        path = self.build / QUARANTINE
        entries = map(orjson.loads, path.read_bytes().splitlines()) if path.exists() else ()
        return {(entry["file"], entry["row"]): entry for entry in entries}

    @cache  # noqa: B019 - the archive lives as long as the question
    def _rows(self, column: str) -> dict[str, int]:
        values = self.released.ledger.columns(column).column(0).to_pylist()
        return {value: row for row, value in enumerate(values)}

    @cache  # noqa: B019
    def _shard(self, shard: int) -> list[dict[str, Any]]:
        table = self.released.shard(shard, list(TOLD))
        return RecordSchema.parse(self.released.schema).json_rows(table)

    def _published_from(self, file: str, row: int | None) -> Iterator[dict[str, Any]]:
        for shard in range(len(self.released.shard_starts) - 1):
            for at, record in enumerate(self._shard(shard)):
                if record["input_file"] == file and row in {None, record["input_row"]}:
                    yield self._record(shard, at)

    def _record(self, shard: int, at: int) -> dict[str, Any]:
        assert self.released.manifest is not None
        file = self.released.manifest.shards[shard]
        version = str(self.released.manifest.version)
        place = {"version": version, "split": file.split, "shard": file.path, "row": at + 1}
        return {**place, **self._shard(shard)[at]}


def _sentence(
    fate: str,
    because: str | None,
    published: Mapping[str, Any] | None,
    rejected: Mapping[str, Any] | None,
    near: tuple[Neighbour, ...],
) -> str:
    where = (
        f"in split {published['split']} of version {published['version']} ({published['shard']}, row {published['row']})"
        if published
        else "not in a release yet"
    )
    if fate == "quarantined":
        return f"rejected: {rejected['message'] if rejected else because}"
    alike = next((f" (similarity {one.similarity:.2f})" for one in near if one.id == because), "")
    splits = sorted({one.split for one in near if one.split})
    told = {
        "exact_duplicates": f"dropped: {because} has the same text and is kept, {where}",
        "superseded": f"dropped: another version of the article {because} is kept, {where}",
        "near_duplicates": f"dropped: a near duplicate{alike} of {because}, which is kept, {where}",
        "withheld": f"withheld: {_blocked(because, splits)}",
        "known": f"published already, {where}; it was not processed again",
    }
    return told.get(fate) or (
        f"published, {where}" if published else "new in this build, not in a release yet"
    )


def _blocked(because: str | None, splits: Sequence[str]) -> str:
    if because is None:
        return "it belongs to a split that takes no new articles within a major version"
    if len(splits) > 1:
        return f"it is near records in {' and '.join(splits)}, and would leak from one to the other"
    where = f" in {splits[0]}" if splits else ""
    return f"it is near {because}{where}, beside which it may not stand within a major version"
