"""The local registry: a folder, with objects stored once and hard-linked into version folders.

    <registry>/<namespace>/<name>/objects/<aa>/<sha256>    every file once, read-only
    <registry>/<namespace>/<name>/refs/<version>.json      makes the version exist
    <registry>/<namespace>/<name>/<version>/               the files under their names, for readers
    <registry>/<namespace>/<name>/.staging/                what is not finished yet

Order of a commit: objects, the staged version folder, the ref, the folder's final name. A crash behind the ref leaves
one rename to do, which the next publish or read does. The ref is created by a hard link, or under a lock where the file
system has no links: of many publishers one wins.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

import orjson

from imprint.digests import CHUNK_BYTES, canonical_json, sha256_file
from imprint.errors import ConflictError, Place, TransferError, UsageError
from imprint.placing import NO_LINKS, link_or_copy, sync
from imprint.progress import Progress
from imprint.releases.layout import CHECKSUMS, MANIFEST, Version
from imprint.releases.manifest import Manifest, checksums
from imprint.targets.base import Published, Receipt
from imprint.targets.staging import exclusively, staging

REF_FORMAT = "imprint-ref/1"
_SHA256 = re.compile("[0-9a-f]{64}")


class LocalTarget:
    """One dataset in a local registry."""

    def __init__(self, registry: Path, name: str) -> None:
        self.root = registry / name
        self._name = name

    @property
    def location(self) -> str:
        """The dataset's folder."""
        return str(self.root)

    def folder(self, version: Version) -> Path:
        """The folder of a version."""
        return self.root / str(version)

    def versions(self) -> list[Published]:
        """The versions whose ref exists, the lowest first."""
        try:
            with os.scandir(self.root / "refs") as entries:
                refs = [Path(entry.path) for entry in entries if entry.name.endswith(".json")]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _failed(self.root / "refs", error) from error
        return sorted((self._ref(path) for path in refs), key=lambda published: published.version)

    def manifest(self, version: Version) -> Manifest:
        """The manifest of a version, checked against its ref."""
        ref = self.root / "refs" / f"{version}.json"
        if not ref.exists():
            known = ", ".join(str(published.version) for published in self.versions()) or "none"
            raise UsageError(f"there is no version {version}; there are {known}", place=Place(self.location))
        digest = self._ref(ref).manifest_sha256
        path = self.folder(version) / MANIFEST
        # A publisher that died behind the ref leaves the folder for the next one; the object is there.
        path = path if path.exists() else self._object(digest)
        try:
            manifest = Manifest.parse(path.read_bytes(), file=str(path))
        except FileNotFoundError as error:
            raise TransferError(
                f"version {version} is missing: its ref stands, and neither its folder nor its objects do",
                place=Place(self.location),
                hint="restore the release from another target",
            ) from error
        except OSError as error:
            raise _failed(path, error) from error
        if manifest.digest != digest:
            raise TransferError(
                "the manifest is not the one that the ref names",
                place=Place(str(path)),
                hint="the release was altered: restore it from another target",
            )
        return manifest

    def fetch(self, version: Version) -> Path:
        """The version's folder, finished first if a publisher died before it could."""
        folder = self.folder(version)
        if not folder.exists():
            manifest = self.manifest(version)
            try:
                with staging(self.root) as stage:
                    self._show(manifest, self._stage(manifest, stage))
            except OSError as error:
                raise TransferError(
                    f"the version's folder cannot be made from its objects: {error}",
                    place=Place(str(folder)),
                    hint="restore the release from another target",
                ) from error
        return folder

    def publish(self, release: Path, manifest: Manifest, progress: Progress) -> Receipt:
        """Publish a release into the registry."""
        ref = self.root / "refs" / f"{manifest.version}.json"
        try:
            if ref.exists():
                self._same_or_refuse(ref, manifest)
                self.fetch(manifest.version)
                size = sum(file.size for file in manifest.files)
                return Receipt("unchanged", str(self.folder(manifest.version)), 0, size)
            with staging(self.root) as stage:
                return self._publish(release, manifest, stage, progress)
        except OSError as error:
            raise TransferError(
                f"the registry cannot be written: {error}",
                place=Place(self.location),
                hint="nothing was published there; mend the cause and publish again",
            ) from error

    def _publish(self, release: Path, manifest: Manifest, stage: Path, progress: Progress) -> Receipt:
        total = sum(file.size for file in manifest.files)
        progress.stage("publish", total)
        new = 0
        for file in manifest.files:
            new += file.size if self._store(release / file.path, file.sha256, stage) else 0
            progress.advance(file.size)
        for name, data in ((MANIFEST, manifest.serialise()), (CHECKSUMS, checksums(manifest))):
            (stage / name).write_bytes(data)
            self._store(stage / name, hashlib.sha256(data).hexdigest(), stage)
        staged = self._stage(manifest, stage)
        for folder in (self.root / "objects", *(self.root / "objects").iterdir()):
            sync(folder)
        if not self._create_ref(manifest, stage):
            self._same_or_refuse(self.root / "refs" / f"{manifest.version}.json", manifest)
        self._show(manifest, staged)
        return Receipt("published", str(self.folder(manifest.version)), new, total - new)

    def _ref(self, path: Path) -> Published:
        try:
            document = orjson.loads(path.read_bytes())
            held = Published(Version.parse(document["version"]), str(document["manifest_sha256"]))
            known = document["format"] == REF_FORMAT and path.stem == str(held.version)
        except OSError as error:
            raise _failed(path, error) from error
        except (ValueError, KeyError, TypeError) as error:
            raise TransferError(f"this is not a ref: {error!r}", place=Place(str(path))) from error
        if not known or not _SHA256.fullmatch(held.manifest_sha256):
            raise TransferError(f"this is not a ref of version {path.stem}", place=Place(str(path)))
        return held

    def _same_or_refuse(self, ref: Path, manifest: Manifest) -> None:
        held = self._ref(ref)
        if held.manifest_sha256 != manifest.digest:
            raise ConflictError(
                f"version {held.version} exists with other content",
                place=Place(self.location),
                hint="a version is immutable; build again, and the next version is chosen",
            )

    def _object(self, digest: str) -> Path:
        return self.root / "objects" / digest[:2] / digest

    def _store(self, source: Path, digest: str, stage: Path) -> bool:
        """Copy a file into the objects, checked on the way; whether it was new.

        An object that is there is read again before it is relied on; a damaged one is replaced.
        """
        target = self._object(digest)
        if target.exists() and sha256_file(target) == digest:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=stage, prefix="object-")
        copied = hashlib.sha256()
        with os.fdopen(handle, "wb") as out, source.open("rb") as data:
            while block := data.read(CHUNK_BYTES):
                copied.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        _require_digest(copied.hexdigest(), digest, source)
        temporary = Path(name)
        temporary.chmod(0o444)
        temporary.replace(target)
        return True

    def _stage(self, manifest: Manifest, stage: Path) -> Path:
        """The version's folder under a hidden name, all files in place."""
        staged = stage / str(manifest.version)
        digests = {file.path: file.sha256 for file in manifest.files}
        digests |= {MANIFEST: manifest.digest, CHECKSUMS: hashlib.sha256(checksums(manifest)).hexdigest()}
        for path, digest in digests.items():
            (staged / path).parent.mkdir(parents=True, exist_ok=True)
            link_or_copy(self._object(digest), staged / path)
        for folder in {(staged / path).parent for path in digests}:
            sync(folder)
        return staged

    def _create_ref(self, manifest: Manifest, stage: Path) -> bool:
        """Make the version exist; False where another publisher was first."""
        ref = self.root / "refs" / f"{manifest.version}.json"
        ref.parent.mkdir(parents=True, exist_ok=True)
        content = {"format": REF_FORMAT, "version": str(manifest.version), "manifest_sha256": manifest.digest}
        temporary = stage / "ref"
        with temporary.open("wb") as file:
            file.write(canonical_json(content) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, ref)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            # No hard links here: publishers take turns, and the ref appears whole by a rename.
            with exclusively(ref.parent / ".lock"):
                if ref.exists():
                    return False
                temporary.replace(ref)
        sync(ref.parent)
        return True

    def _show(self, manifest: Manifest, staged: Path) -> None:
        """Give the staged folder its name; another publisher of the same release may have done so."""
        try:
            staged.rename(self.folder(manifest.version))
        except OSError:
            if not self.folder(manifest.version).exists():
                raise
        sync(self.root)


def _require_digest(seen: str, wanted: str, path: Path) -> None:
    if seen != wanted:
        raise TransferError(
            "the file is not what the manifest says", place=Place(str(path)), hint="build again"
        )


def _failed(path: Path, error: OSError) -> TransferError:
    return TransferError(f"the registry cannot be read: {error.strerror or error}", place=Place(str(path)))
