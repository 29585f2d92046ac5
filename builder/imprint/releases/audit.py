"""Audit: hold a release's files against its manifest, and its records against every promise that can be read off them.

Laws: nothing is believed that can be computed; each kind of fault has one stable code (docs/format.md lists them); a
fault is found and named even where others stand beside it. One shard is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from imprint.article import RecordSchema
from imprint.digests import ContentDigest, sha256_file
from imprint.errors import ImprintError, Place
from imprint.findings import Finding
from imprint.releases.accounting import FATES
from imprint.releases.layout import CHECKSUMS, LEAKS, LEDGER, MANIFEST, SCHEMA
from imprint.releases.ledger import REMEMBERED, Ledger, from_hex, hex_id, ledger_rows, sort_times
from imprint.releases.ledger import SCHEMA as LEDGER_SCHEMA
from imprint.releases.manifest import Manifest, ReleaseFile, checksums
from imprint.releases.shards import read_shard
from imprint.validation import Validator

NAMED = 5
"""Records that are named for one kind of fault in one shard."""


def audit_files(root: Path, manifest: Manifest) -> Iterator[Finding]:
    """Missing, extra, changed and linked files."""
    listed = {file.path: file for file in manifest.files}
    present = {
        path.relative_to(root).as_posix(): path
        for path in root.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
    for path in sorted(set(present) - set(listed) - {MANIFEST, CHECKSUMS}):
        yield Finding("extra_file", "the manifest does not list this file", Place(path))
    for path in (MANIFEST, CHECKSUMS):
        if path in present and present[path].is_symlink():
            yield Finding("symlink", "the file is a symbolic link", Place(path))
    for path, file in listed.items():
        if path not in present:
            yield Finding("missing_file", "the file is missing", Place(path))
        elif present[path].is_symlink():
            yield Finding("symlink", "the file is a symbolic link", Place(path))
        elif not present[path].is_file():
            yield Finding("unreadable_file", "this is a device or a pipe, no file", Place(path))
        else:
            yield from _audit_bytes(present[path], file)
    if CHECKSUMS not in present:
        yield Finding("missing_file", "the file is missing", Place(CHECKSUMS))
    elif present[CHECKSUMS].read_bytes() != checksums(manifest):
        yield Finding("changed_file", "SHA256SUMS does not say what the manifest says", Place(CHECKSUMS))


def _audit_bytes(path: Path, file: ReleaseFile) -> Iterator[Finding]:
    try:
        size, digest = path.stat().st_size, sha256_file(path)
    except OSError as error:
        yield Finding("unreadable_file", f"the file cannot be read: {error.strerror}", Place(file.path))
        return
    if size != file.size or digest != file.sha256:
        seen = f"{size:,} bytes, sha256 {digest[:12]}…" if size != file.size else f"sha256 {digest[:12]}…"
        wanted = f"{file.size:,} bytes, {file.sha256[:12]}…"
        yield Finding("changed_file", f"the file has {seen}, the manifest says {wanted}", Place(file.path))


def audit_accounting(manifest: Manifest) -> Iterator[Finding]:
    """The sums of the accounting."""
    accounting = manifest.document["accounting"]
    sources = manifest.document.get("accounting_by_source", {})
    place = Place(MANIFEST, field="accounting")
    if accounting["read"] != sum(accounting[fate] for fate in FATES):
        yield Finding("accounting_broken", "read is not the sum of the fates", place)
    if accounting["published"] != accounting["carried"] + accounting["new"]:
        yield Finding("accounting_broken", "published is not carried + new", place)
    if accounting["published"] != sum(manifest.splits.values()):
        yield Finding("accounting_broken", "published is not the number of records in the splits", place)
    for fate in ("read", *FATES):
        if accounting[fate] != sum(counts[fate] for counts in sources.values()):
            yield Finding("accounting_broken", f"{fate} is not the sum over the sources", place)


def audit_leaks(root: Path, manifest: Manifest) -> Iterator[Finding]:
    """The leak certificate as a file and as part of the manifest."""
    if orjson.loads((root / LEAKS).read_bytes()) != manifest.document.get("leaks"):
        yield Finding("leaks_differ", "the certificate is not what the manifest says", Place(LEAKS))


@dataclass
class RecordAudit:
    """Reads the shards in release order and collects what can only be judged over all of them."""

    root: Path
    manifest: Manifest
    schema: RecordSchema
    validator: Validator
    _ledger: Iterator[pa.Table] = field(init=False)
    _digests: dict[str, ContentDigest] = field(default_factory=dict)
    _rows: dict[str, int] = field(default_factory=dict)
    _ids: list[Any] = field(default_factory=list)
    _clusters: dict[str, list[Any]] = field(default_factory=dict)
    _last: dict[str, tuple[int, int, str]] = field(default_factory=dict)

    @classmethod
    def open(cls, root: Path, manifest: Manifest) -> RecordAudit:
        """Prepare the audit of a release.

        Raises:
            ImprintError: its schema cannot be read.
        """
        document: Mapping[str, Any] = orjson.loads((root / SCHEMA).read_bytes())
        return cls(
            root, manifest, RecordSchema.parse(document, file=SCHEMA), Validator(document, file=SCHEMA)
        )

    def __post_init__(self) -> None:
        self._ledger = Ledger(self.root / LEDGER).shards()

    def shard(self, file: ReleaseFile) -> Iterator[Finding]:
        """Audit one shard; shards come in release order."""
        split = str(file.split)
        held = self._next_of_ledger(file)
        try:
            table = read_shard(self.root / file.path)
        except OSError as error:
            yield Finding("unreadable_shard", f"the shard cannot be read: {error}", Place(file.path))
            return
        if table.schema.remove_metadata() != self.schema.arrow:
            yield Finding("schema_differs", "the columns are not those of schema.json", Place(file.path))
            return
        if len(table) != file.rows:
            yield Finding(
                "wrong_rows", f"{len(table)} records, the manifest says {file.rows}", Place(file.path)
            )
        self._rows[split] = self._rows.get(split, 0) + len(table)
        try:
            yield from self._records(table, file)
            yield from self._order(table, file)
            ids = from_hex(table.column("id"), 16)
            clusters = np.unique(from_hex(table.column("dup_cluster"), 16))
            rows = ledger_rows(table, split, self.schema)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            # A record without text, or with an id that is no digest: what follows from them cannot be computed.
            yield Finding("invalid_record", f"a record cannot be digested: {error}", Place(file.path))
            yield Finding(
                "ledger_differs", f"the ledger does not have a record of {file.path}", Place(LEDGER)
            )
            return
        self._ids.append(ids)
        self._clusters.setdefault(split, []).append(clusters)
        self._digests.setdefault(split, ContentDigest()).add(rows.column("row_sha256").to_pylist())
        if isinstance(held, Finding):
            yield held
        elif differing := [
            n for n in rows.schema.names if n not in REMEMBERED and held.column(n) != rows.column(n)
        ]:
            message = f"the ledger disagrees on {file.path} in {', '.join(differing)}"
            yield Finding("ledger_differs", message, Place(LEDGER))

    def _next_of_ledger(self, file: ReleaseFile) -> pa.Table | Finding:
        """The ledger's rows for the next shard, or why there are none."""
        try:
            held = next(self._ledger, LEDGER_SCHEMA.empty_table())
        except OSError as error:
            return Finding("ledger_differs", f"the ledger cannot be read: {error}", Place(LEDGER))
        if held.schema.remove_metadata() != LEDGER_SCHEMA:
            return Finding("ledger_differs", f"the ledger has other columns for {file.path}", Place(LEDGER))
        return held

    def whole(self) -> Iterator[Finding]:
        """What can be said once all shards were read."""
        if next(self._ledger, None) is not None:
            yield Finding("ledger_differs", "the ledger holds more rows than there are shards", Place(LEDGER))
        for split, rows in self.manifest.splits.items():
            if self._rows.get(split, 0) != rows:
                yield Finding("wrong_rows", f"{split} has {self._rows.get(split, 0)} records, the manifest says {rows}",
                              Place(MANIFEST, field=f"splits.{split}"))  # fmt: skip
            if self._digests.get(split, ContentDigest()).hexdigest() != self.manifest.content_sha256.get(
                split
            ):
                yield Finding("content_differs", f"the content digest of {split} is not the manifest's",
                              Place(MANIFEST, field=f"content_sha256.{split}"))  # fmt: skip
        ids = np.concatenate(self._ids) if self._ids else np.empty(0, "S16")
        values, counts = np.unique(ids, return_counts=True)
        for twice in values[counts > 1][:NAMED].tolist():
            yield Finding(
                "duplicate_id", "the id stands in the release twice", Place(field="id", value=hex_id(twice))
            )
        clusters = [np.unique(np.concatenate(found)) for found in self._clusters.values()]
        values, counts = np.unique(
            np.concatenate(clusters) if clusters else np.empty(0, "S16"), return_counts=True
        )
        for twice in values[counts > 1][:NAMED].tolist():
            yield Finding(
                "leak", "the cluster stands in two splits", Place(field="dup_cluster", value=hex_id(twice))
            )

    def _records(self, table: pa.Table, file: ReleaseFile) -> Iterator[Finding]:
        rows = self.schema.json_rows(table)
        invalid = [index for index, valid in enumerate(self.validator.verdicts(rows)) if not valid]
        for index in invalid[:NAMED]:
            for fault in self.validator.explain(rows[index])[:1]:
                place = Place(file.path, index + 1, fault.place.field, fault.place.value)
                yield Finding("invalid_record", f"{fault.code}: {fault.message}", place)

    def _order(self, table: pa.Table, file: ReleaseFile) -> Iterator[Finding]:
        keys = list(
            zip(
                table.column("added_in").to_pylist(),
                sort_times(table.column("published_at")).tolist(),
                table.column("id").to_pylist(),
                strict=True,
            )
        )
        before = self._last.get(str(file.split))
        if keys != sorted(keys) or (before is not None and keys and before > keys[0]):
            yield Finding(
                "wrong_order", "the records are not sorted by added_in, published_at, id", Place(file.path)
            )
        if keys:
            self._last[str(file.split)] = keys[-1]


def guarded(findings: Iterator[Finding], code: str, path: str) -> Iterator[Finding]:
    """Findings of an audit; an error in the middle of it becomes a finding itself."""
    try:
        yield from findings
    except (ImprintError, OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        yield Finding(code, f"the audit stopped: {error}", Place(path))
