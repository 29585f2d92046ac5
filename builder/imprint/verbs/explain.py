"""Explain: one record's story, from the raw input to the release, or to the reason why it is not in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from imprint.article import RecordSchema
from imprint.building.previous import Previous
from imprint.building.reports import FATE_ROWS, FATES, QUARANTINE
from imprint.cleaning.urls import canonical_url
from imprint.errors import Place, UsageError
from imprint.project import Project, open_project
from imprint.releases.shards import read_shard
from imprint.verbs.lineage import find_previous

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

    def as_dict(self) -> dict[str, Any]:
        """The story for --json."""
        names = ("id", "fate", "message", "input_file", "input_row", "because", "published", "rejected")
        return {name: getattr(self, name) for name in names}


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
    released = find_previous(opened, previous=None, to=None)
    fates = _fates(opened, query)
    stories = [_story(opened, row, released) for row in fates.to_pylist()]
    if not stories:
        stories = list(_published_only(query, released))
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
    return pq.read_table(path, filters=_filter(query))


def _filter(query: str) -> pc.Expression:
    if _ID.fullmatch(query):
        return pc.field("id") == query
    if "://" in query:
        return pc.field("id") == _id_of_url(query)
    file, row = _file_and_row(query)
    named = pc.field("input_file") == file
    return named & (pc.field("input_row") == row) if row is not None else named


def _id_of_url(url: str) -> str:
    return hashlib.sha256(canonical_url(url).encode()).hexdigest()[:32]


def _file_and_row(query: str) -> tuple[str, int | None]:
    match = _AT_ROW.fullmatch(query)
    return (match["file"], int(match["row"])) if match else (query, None)


def _relative(query: str, project: Project) -> str:
    """A file that was named by its path, as provenance names it: relative to the input."""
    path = Path(_file_and_row(query)[0])
    for root in project.inputs:
        if path.exists() and path.resolve().is_relative_to(root.resolve()):
            name = path.resolve().relative_to(root.resolve()).as_posix()
            return query.replace(str(path), root.name if name == "." else name, 1)
    return query


def _story(project: Project, row: Mapping[str, Any], released: Previous) -> Story:
    identity, fate = row["id"], row["fate"]
    published = rejected = None
    if fate == "quarantined":
        rejected = _quarantined(project, row["input_file"], row["input_row"])
    elif fate == "known":
        published = _published(released, "raw_sha256", row["raw_sha256"])
        identity = published["id"] if published else None
    else:
        published = _published(released, "id", row["because"] or identity)
    return Story(
        identity, fate, _sentence(fate, row["because"], published, rejected), row["input_file"], row["input_row"],
        row["because"], published, rejected,
    )  # fmt: skip


def _sentence(
    fate: str, because: str | None, published: Mapping[str, Any] | None, rejected: Mapping[str, Any] | None
) -> str:
    where = (
        f"in split {published['split']} of version {published['version']} ({published['shard']}, row {published['row']})"
        if published
        else "not in a release yet"
    )
    if fate == "quarantined":
        return f"rejected: {rejected['message'] if rejected else because}"
    if fate == "exact_duplicate":
        return f"dropped: {because} has the same text and is kept, {where}"
    if fate == "superseded":
        return f"dropped: another version of the article {because} is kept, {where}"
    if fate == "known":
        return f"published already, {where}; it was not processed again"
    return f"published, {where}" if published else "new in this build, not in a release yet"


def _quarantined(project: Project, file: str, row: int) -> Mapping[str, Any] | None:
    with (project.build / QUARANTINE).open("rb") as entries:
        for line in entries:
            entry: dict[str, Any] = orjson.loads(line)
            if entry["file"] == file and entry["row"] == row:
                return entry
    return None


def _published_only(query: str, released: Previous) -> Iterator[Story]:
    """Records that the last build did not read, but the newest release holds."""
    if _ID.fullmatch(query) or "://" in query:
        found = [_published(released, "id", query if _ID.fullmatch(query) else _id_of_url(query))]
    else:
        found = _published_from(released, *_file_and_row(query))
    for record in found:
        if record:
            sentence = _sentence("published", None, record, None)
            yield Story(
                record["id"], "published", sentence, record["input_file"], record["input_row"], None, record
            )


def _published(released: Previous, column: str, value: str) -> dict[str, Any] | None:
    """A record of the newest release, by a column of its ledger."""
    rows = pc.index(released.ledger.columns(column).column(0), value).as_py()
    if rows < 0:
        return None
    shard, at = released.shard_of(rows)
    return _record(released, shard, at)


def _published_from(released: Previous, file: str, row: int | None) -> list[dict[str, Any] | None]:
    found: list[dict[str, Any] | None] = []
    for shard in range(len(released.shard_starts) - 1):
        table = read_shard(released.shard_file(shard), columns=["input_file", "input_row"])
        mask = pc.equal(table.column("input_file"), file)
        if row is not None:
            mask = pc.and_(mask, pc.equal(table.column("input_row"), row))
        found += [_record(released, shard, at) for at in pc.indices_nonzero(mask).to_pylist()]
    return found


def _record(released: Previous, shard: int, at: int) -> dict[str, Any]:
    assert released.manifest is not None
    file = released.manifest.shards[shard]
    names = ["id", "title", "url", "published_at", "date_precision", "input_file", "input_row", "raw_sha256",
             "processing", "dup_cluster", "added_in"]  # fmt: skip
    schema = RecordSchema.parse(released.schema)
    record = schema.json_rows(read_shard(released.shard_file(shard), columns=names).slice(at, 1))[0]
    place = {
        "version": str(released.manifest.version),
        "split": file.split,
        "shard": file.path,
        "row": at + 1,
    }
    return {**place, **record}
