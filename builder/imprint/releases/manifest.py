"""The manifest: what a release consists of, in canonical JSON.

Laws: it lists every file but itself, SHA256SUMS and signatures, with size and SHA-256; parsing and serialising give the
same bytes, unknown keys included; its own digest names the release.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version as installed
from typing import Any

import jsonschema_rs
import orjson

from imprint.digests import canonical_json, sha256_hex
from imprint.errors import Place, TransferError
from imprint.releases.layout import CHECKSUMS, MANIFEST, Version
from imprint.template import template

FORMAT = "imprint-release/1"


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """One file of a release."""

    path: str
    """POSIX path below the release."""
    size: int
    """Bytes."""
    sha256: str
    split: str | None = None
    """The split of a shard; None for every other file."""
    rows: int | None = None
    """Records in a shard."""

    def as_dict(self) -> dict[str, Any]:
        """The entry in the manifest."""
        entry: dict[str, Any] = {"path": self.path, "size": self.size, "sha256": self.sha256}
        return entry if self.split is None else {**entry, "split": self.split, "rows": self.rows}


@dataclass(frozen=True)
class Manifest:
    """A manifest that was read or made."""

    document: Mapping[str, Any]
    """All of it, unknown keys included."""

    @classmethod
    def parse(cls, data: bytes, *, file: str = MANIFEST) -> Manifest:
        """Read a manifest.

        Raises:
            TransferError: it is not one, or of a format that this version does not know.
        """
        try:
            document = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise TransferError(f"this is not JSON: {error.msg}", place=Place(file)) from error
        known = document.get("format", FORMAT) if isinstance(document, dict) else FORMAT
        if known != FORMAT:
            hint = "use a newer imprint"
            raise TransferError(
                f"the release has the format {known!r}, known is {FORMAT}", place=Place(file), hint=hint
            )
        fault = next(_validator().iter_errors(document), None)
        if fault is not None:
            where = ".".join(map(str, fault.instance_path)) or None
            raise TransferError(
                f"this is not a manifest: {fault.message[:200]}", place=Place(file, field=where)
            )
        manifest = cls(document)
        if wrong := manifest._contradiction():
            raise TransferError(f"this is not a manifest: {wrong}", place=Place(file))
        return manifest

    def _contradiction(self) -> str | None:
        """What a schema cannot say: paths stay inside the release, and the splits agree."""
        paths = [file.path for file in self.files]
        unsafe = [path for path in paths if not is_safe_path(path)]
        if unsafe:
            return f"{unsafe[0]!r} is no path inside a release"
        if len(set(paths)) < len(paths):
            return "a path is listed twice"
        order = set(self.document["split_order"])
        named = {file.split for file in self.files if file.split is not None}
        if not (order == set(self.document["splits"]) == set(self.document["content_sha256"]) == named):
            return "its splits, their order, their digests and the shards do not name the same splits"
        return None

    def serialise(self) -> bytes:
        """Its canonical bytes."""
        return canonical_json(self.document)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its bytes."""
        return sha256_hex(self.serialise())

    @cached_property
    def files(self) -> tuple[ReleaseFile, ...]:
        """Its files, sorted by path."""
        return tuple(
            ReleaseFile(entry["path"], entry["size"], entry["sha256"], entry.get("split"), entry.get("rows"))
            for entry in self.document["files"]
        )

    @cached_property
    def shards(self) -> tuple[ReleaseFile, ...]:
        """Its shards in release order: split by split, as the splits are listed, and by number."""
        order = {split: index for index, split in enumerate(self.document["split_order"])}
        return tuple(
            sorted(
                (f for f in self.files if f.split is not None), key=lambda f: (order[str(f.split)], f.path)
            )
        )

    @property
    def name(self) -> str:
        """namespace/name of the dataset."""
        return str(self.document["name"])

    @property
    def version(self) -> Version:
        """The version."""
        return Version.parse(self.document["version"])

    @property
    def splits(self) -> dict[str, int]:
        """Records of each split."""
        return {split: int(self.document["splits"][split]) for split in self.document["split_order"]}

    @property
    def content_sha256(self) -> dict[str, str]:
        """Content digest of each split."""
        return dict(self.document["content_sha256"])

    @property
    def ordinal(self) -> int:
        """Ordinal of the release in its lineage, counted from 1: `added_in` of its new records."""
        return int(self.document["ordinal"])

    def identity(self) -> dict[str, Any]:
        """What makes a release the same as another: content, schema, prose of the card, removals."""
        keys = ("name", "content_sha256", "schema_sha256", "prose_sha256", "removals_sha256")
        return {key: self.document.get(key) for key in keys}


def is_safe_path(path: str) -> bool:
    """Whether a path is relative, POSIX, and leads nowhere but into the release."""
    parts = path.split("/")
    return all(part not in {"", ".", ".."} for part in parts) and "\\" not in path and path.isprintable()


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    schema = orjson.loads(template("schema/manifest.schema.json").read_bytes())
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)


def checksums(manifest: Manifest) -> bytes:
    """SHA256SUMS: what `sha256sum -c` needs, for those who have only coreutils."""
    listed = {file.path: file.sha256 for file in manifest.files} | {MANIFEST: manifest.digest}
    return "".join(
        f"{digest}  {path}\n" for path, digest in sorted(listed.items()) if path != CHECKSUMS
    ).encode()


def tool_versions(*more: str) -> dict[str, str]:
    """Versions of what output depends on; `more` are packages that not every release depends on."""
    libraries = (
        "imprint", "pyarrow", "orjson", "jsonschema-rs", "PyYAML", "idna", "charset-normalizer", "langcodes",
        "language-data", "publicsuffixlist", *more,
    )  # fmt: skip
    return {name: installed(name) for name in libraries} | {"unicode": unicodedata.unidata_version}
