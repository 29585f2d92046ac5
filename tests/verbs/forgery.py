"""A published release that may be broken in one place, and sealed again as a forger would."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

import imprint
from imprint.article import RecordSchema
from imprint.card.blocks import fill_blocks
from imprint.card.markdown import BLOCKS
from imprint.digests import content_digest
from imprint.errors import ImprintError
from imprint.findings import Finding
from imprint.project import read_json
from imprint.releases.ledger import Ledger, LedgerWriter, ledger_rows
from imprint.releases.manifest import Manifest, checksums
from imprint.releases.shards import read_shard, write_shard
from tests.conftest import article, write_jsonl

Edit = Callable[[pa.Table], pa.Table]


def publish_two(root: Path) -> Path:
    """The folder of a dataset with the versions 1.0.0 and 1.1.0."""
    imprint.init(root)
    for name, numbers in (("a", range(40)), ("b", range(40, 50))):
        write_jsonl(root / f"data/raw/{name}.jsonl", map(article, numbers))
        imprint.build(root)
        imprint.publish(root)
    return root / "data/releases/acme/newswire"


def replace(path: Path, data: bytes) -> None:
    """Put other bytes under a name, whatever other names the file has."""
    path.unlink()
    path.write_bytes(data)


def flip(path: Path, bit: int) -> None:
    """Flip one bit of a file; negative numbers count from its end."""
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << (bit % 8)
    replace(path, bytes(data))


def set_column(table: pa.Table, name: str, values: list[Any]) -> pa.Table:
    """A table with other values in one column."""
    index = table.schema.get_field_index(name)
    return table.set_column(index, table.schema.field(name), pa.array(values, table.schema.field(name).type))


@dataclass(frozen=True)
class Release:
    """A version in a copy of a registry."""

    folder: Path

    @classmethod
    def copy(cls, dataset: Path, to: Path, version: str = "1.0.0") -> Release:
        shutil.copytree(dataset, to / "acme/newswire")
        return cls(to / "acme/newswire" / version)

    def path(self, name: str) -> Path:
        """A file: its path, or the name of a split for that split's first shard."""
        shards = sorted((self.folder / "data").glob(f"{name}-*.parquet"))
        return shards[0] if shards else self.folder / name

    @property
    def document(self) -> dict[str, Any]:
        return orjson.loads((self.folder / "manifest.json").read_bytes())  # type: ignore[no-any-return]

    @property
    def ref(self) -> Path:
        return self.folder.parent / "refs" / f"{self.folder.name}.json"

    def findings(self, *, load: bool = False) -> tuple[Finding, ...]:
        result = imprint.verify(self.folder, load=load)
        assert result.ok is not bool(result.findings)
        return result.findings

    def faults(self) -> set[tuple[str, str | None]]:
        """Code and path of each finding."""
        return {(finding.code, finding.place.file) for finding in self.findings()}

    def seal(self, *, keep_card: bool = False, **changes: Any) -> None:
        """Make card, manifest, checksums and ref agree with the files that are there, and change the manifest."""
        document = {**self.document, **changes}
        for _ in range(2):  # the card tells the sizes of the shards, the manifest that of the card
            for entry in document["files"]:
                data = (self.folder / entry["path"]).read_bytes()
                entry.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
            if not keep_card:
                self._write_card(document)
        manifest = Manifest(document)
        replace(self.folder / "manifest.json", manifest.serialise())
        replace(self.folder / "SHA256SUMS", checksums(manifest))
        ref = {**orjson.loads(self.ref.read_bytes()), "manifest_sha256": manifest.digest}
        replace(self.ref, orjson.dumps(ref))

    def _write_card(self, document: dict[str, Any]) -> None:
        """Write the managed blocks as a forger who has imprint would."""
        try:
            schema = RecordSchema.parse(read_json(self.folder / "schema.json", "schema.json"))
            blocks = {name: block(document, schema) for name, block in BLOCKS.items()}
            card = fill_blocks((self.folder / "README.md").read_text(), blocks)
        except (ImprintError, KeyError, TypeError, ValueError, OSError):
            return
        replace(self.folder / "README.md", card.encode())

    def forge(self, split: str, edit: Edit) -> None:
        """Rewrite the records of a split, and with them ledger, digests, card and manifest: no digest betrays it."""
        document = self.document
        schema = RecordSchema.parse(read_json(self.folder / "schema.json", "schema.json"))
        shard = self.path(split)
        table = edit(read_shard(shard, schema.arrow))
        shard.unlink()
        write_shard(table, shard)
        rows = {
            name: ledger_rows(read_shard(self.path(name)), name, schema) for name in document["split_order"]
        }
        self.write_ledger(*rows.values())
        card = self.folder / "README.md"
        digest = content_digest(rows[split].column("row_sha256").to_pylist())
        replace(card, card.read_bytes().replace(document["content_sha256"][split].encode(), digest.encode()))
        self.seal(content_sha256={**document["content_sha256"], split: digest})

    def put(self, split: str, table: pa.Table) -> None:
        """Put other rows in the place of a shard, and seal its bytes; nothing else agrees with them."""
        shard = self.path(split)
        shard.unlink()
        pq.write_table(table, shard)
        self.seal()

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text in a file that stands there, and seal."""
        data = self.path(name).read_bytes()
        assert old.encode() in data
        replace(self.path(name), data.replace(old.encode(), new.encode(), 1))
        self.seal(keep_card=True)

    def ledger(self) -> list[pa.Table]:
        return list(Ledger(self.folder / "ledger.parquet").shards())

    def write_ledger(self, *shards: pa.Table) -> None:
        (self.folder / "ledger.parquet").unlink()
        writer = LedgerWriter(self.folder / "ledger.parquet")
        for rows in shards:
            writer.add(rows)
        writer.close()

    def link_away(self, name: str, to: Path) -> None:
        """Replace a file by a symbolic link to an equal one."""
        to.write_bytes(self.path(name).read_bytes())
        self.path(name).unlink()
        self.path(name).symlink_to(to)
