"""Close: the files of a release that stand beside its shards, and the check of all of them before it counts as built.

Laws: card, ledger, manifest and checksums come from the same results and cannot disagree; the manifest is the last file
but one; nothing here looks at a clock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from imprint.article import RecordSchema
from imprint.building.decisions import Decisions
from imprint.building.parts import WorkFolder, read_spill
from imprint.building.plan import ShardTask
from imprint.building.previous import Previous
from imprint.building.write import ShardResult
from imprint.card.blocks import prose
from imprint.card.front_matter import split_front_matter
from imprint.card.markdown import render_card
from imprint.cleaning.languages import MODEL
from imprint.digests import ContentDigest, canonical_json, pretty_json, sha256_file, sha256_hex
from imprint.errors import InternalError, TransferError
from imprint.recipe import Recipe
from imprint.releases.accounting import Accounting
from imprint.releases.layout import CARD, CHECKSUMS, DECISIONS, LEAKS, LEDGER, MANIFEST, SCHEMA, Version
from imprint.releases.ledger import LedgerWriter
from imprint.releases.manifest import FORMAT, Manifest, ReleaseFile, checksums, tool_versions
from imprint.releases.statistics import merge


@dataclass(frozen=True, slots=True)
class Closing:
    """What a release is closed with."""

    release: Path
    """Its folder."""
    work: WorkFolder
    recipe: Recipe
    schema: Mapping[str, Any]
    card: str
    """dataset_card.md."""
    previous: Previous
    version: Version
    ordinal: int
    date: str | None
    """The date that was asked for; None takes the newest in the data."""
    accounting: Accounting
    decisions: Decisions
    inputs: Mapping[str, Any]
    """files, bytes, records and digest of the input."""


def close(
    closing: Closing, tasks: Sequence[ShardTask], results: Sequence[ShardResult], leaks: Mapping[str, Any]
) -> Manifest:
    """Write everything but the shards; return the manifest.

    Args:
        closing: what the release is closed with.
        tasks: its shards as they were planned.
        results: and as they stand.
        leaks: the leak certificate.

    Raises:
        TransferError: the disk failed.
        InternalError: a file does not hold what was written.
    """
    try:
        digests = _write_ledger(closing, tasks)
        (closing.release / SCHEMA).write_bytes(
            pretty_json(closing.schema, sort=False)
        )  # columns keep its order
        (closing.release / DECISIONS).write_bytes(pretty_json(closing.decisions.as_dict()))
        (closing.release / LEAKS).write_bytes(pretty_json(leaks))
        facts = {**_facts(closing, results, digests), "leaks": dict(leaks)}
        card = render_card(closing.card, facts, RecordSchema.parse(closing.schema))
        (closing.release / CARD).write_bytes(card.encode())
        others = [_described(closing.release, name) for name in (CARD, SCHEMA, DECISIONS, LEDGER, LEAKS)]
        files = sorted([*(r.file for r in results), *others], key=lambda file: file.path)
        manifest = Manifest({**facts, "files": [file.as_dict() for file in files]})
        (closing.release / MANIFEST).write_bytes(manifest.serialise())
        (closing.release / CHECKSUMS).write_bytes(checksums(manifest))
    except OSError as error:
        raise TransferError(f"writing the release failed: {error}", hint="is the disk full?") from error
    _check(closing.release, manifest)
    return manifest


def prose_digest(card: str, recipe: Recipe) -> str:
    """Digest of what people wrote about the dataset: the card without its blocks, and the recipe's [dataset]."""
    own, body = split_front_matter(card)
    return sha256_hex(
        canonical_json({"own": _plain(own), "prose": prose(body), "dataset": asdict(recipe.dataset)})
    )


def _plain(value: Any) -> Any:
    """YAML values as JSON: dates and the like as text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _write_ledger(closing: Closing, tasks: Sequence[ShardTask]) -> dict[str, str]:
    """Join the shards' ledger rows; return the content digest of each split."""
    writer = LedgerWriter(closing.release / LEDGER)
    digests: dict[str, ContentDigest] = {}
    for split in closing.recipe.splits.names:
        for task in (task for task in tasks if task.split == split):
            part: pa.Table = read_spill(task.ledger)
            writer.add(part)
            digests.setdefault(split, ContentDigest()).add(part.column("row_sha256").to_pylist())
    writer.close()
    return {split: digest.hexdigest() for split, digest in digests.items()}


def _facts(closing: Closing, results: Sequence[ShardResult], digests: Mapping[str, str]) -> dict[str, Any]:
    """The manifest without the files that stand beside the shards."""
    order = [split for split in closing.recipe.splits.names if split in digests]
    statistics = {split: merge(r.statistics for r in results if r.file.split == split) for split in order}
    whole = merge(statistics.values())
    previous = closing.previous.before
    dataset = asdict(closing.recipe.dataset)
    return {
        "format": FORMAT,
        "name": closing.recipe.dataset.name,
        "version": str(closing.version),
        "ordinal": closing.ordinal,
        "date": closing.date or whole.newest,
        "previous": None
        if previous is None
        else {"version": str(previous.version), "manifest_sha256": previous.digest},
        "dataset": {**dataset, "languages": list(dataset["languages"])},
        "split_order": order,
        "splits": {split: statistics[split].rows for split in order},
        "content_sha256": dict(digests),
        "files": [result.file.as_dict() for result in results],
        "schema_sha256": RecordSchema.parse(closing.schema).digest,
        "prose_sha256": prose_digest(closing.card, closing.recipe),
        "recipe": closing.recipe.content(),
        "recipe_sha256": closing.recipe.digest,
        "lineage": closing.recipe.lineage(),
        "inputs": dict(closing.inputs),
        "accounting": closing.accounting.as_dict(),
        "accounting_by_source": closing.accounting.by_source(),
        "statistics": {split: s.as_dict() for split, s in statistics.items()} | {"all": whole.as_dict()},
        "tools": tool_versions(*((MODEL,) if closing.recipe.input.detect_language else ())),
    }


def _described(release: Path, name: str) -> ReleaseFile:
    path = release / name
    return ReleaseFile(name, path.stat().st_size, sha256_file(path))


def _check(release: Path, manifest: Manifest) -> None:
    """Read the small files again; the shards were read back as they were written."""
    for file in manifest.files:
        if file.split is None and sha256_file(release / file.path) != file.sha256:
            raise InternalError(f"{file.path} does not hold what was written to it")
    if Manifest.parse((release / MANIFEST).read_bytes()).digest != manifest.digest:
        raise InternalError("the manifest does not hold what was written to it")


def digest_of_inputs(parts: Sequence[str]) -> str:
    """Digest of the input: SHA-256 over the digests of its parts, in order."""
    return hashlib.sha256("".join(parts).encode()).hexdigest()
