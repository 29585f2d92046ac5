"""The local registry: a folder, with objects stored once and hard-linked into version folders.

    <registry>/<namespace>/<name>/objects/<aa>/<sha256>    every file once, read-only
    <registry>/<namespace>/<name>/refs/<version>.json      makes the version exist
    <registry>/<namespace>/<name>/<version>/               the files under their names, for readers
    <registry>/<namespace>/<name>/.staging/                what is not finished yet

Order of a commit: objects, the staged version folder, the ref, the folder's final name. A crash behind the ref leaves
one rename to do, which the next publish does. The ref is created by a hard link, or O_EXCL where links fail: of many
publishers one wins.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import orjson

from imprint.digests import CHUNK_BYTES, canonical_json
from imprint.errors import ConflictError, Place, TransferError, UsageError
from imprint.progress import Progress
from imprint.releases.layout import CHECKSUMS, MANIFEST, Version
from imprint.releases.manifest import Manifest, checksums
from imprint.targets.base import Published, Receipt

REF_FORMAT = "imprint-ref/1"


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
            refs = sorted((self.root / "refs").glob("*.json"))
        except OSError as error:
            raise _failed(self.root, error) from error
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
            self._show(manifest, self._stage(manifest))
        return folder

    def publish(self, release: Path, manifest: Manifest, progress: Progress) -> Receipt:
        """Publish a release into the registry."""
        try:
            return self._publish(release, manifest, progress)
        except OSError as error:
            raise TransferError(
                f"the registry cannot be written: {error}",
                place=Place(self.location),
                hint="nothing was published; mend the cause and publish again",
            ) from error

    def _publish(self, release: Path, manifest: Manifest, progress: Progress) -> Receipt:
        ref = self.root / "refs" / f"{manifest.version}.json"
        total = sum(file.size for file in manifest.files)
        if ref.exists():
            self._same_or_refuse(ref, manifest)
            self.fetch(manifest.version)
            return Receipt("unchanged", str(self.folder(manifest.version)), 0, total)
        progress.stage("publish", total)
        new = 0
        for file in manifest.files:
            new += file.size if self._store(release / file.path, file.sha256) else 0
            progress.advance(file.size)
        for data in (manifest.serialise(), checksums(manifest)):
            self._store_bytes(data)
        staged = self._stage(manifest)
        for folder in (self.root / "objects").iterdir():
            _sync_folder(folder)
        if not self._create_ref(ref, manifest):
            self._same_or_refuse(ref, manifest)
        self._show(manifest, staged)
        return Receipt("published", str(self.folder(manifest.version)), new, total - new)

    def _ref(self, path: Path) -> Published:
        try:
            document = orjson.loads(path.read_bytes())
            return Published(Version.parse(document["version"]), str(document["manifest_sha256"]))
        except OSError as error:
            raise _failed(path, error) from error
        except (ValueError, KeyError, TypeError) as error:
            raise TransferError(f"this is not a ref: {error!r}", place=Place(str(path))) from error

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

    def _store(self, source: Path, digest: str) -> bool:
        """Copy a file into the objects, checked on the way; whether it was new."""
        target = self._object(digest)
        if target.exists():
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._staging(), prefix="object-")
        temporary = Path(name)
        try:
            copied = hashlib.sha256()
            with os.fdopen(handle, "wb") as out, source.open("rb") as data:
                while block := data.read(CHUNK_BYTES):
                    copied.update(block)
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
            _require_digest(copied.hexdigest(), digest, source)
            temporary.chmod(0o444)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        return True

    def _store_bytes(self, data: bytes) -> None:
        with tempfile.NamedTemporaryFile(dir=self._staging(), prefix="bytes-") as file:
            file.write(data)
            file.flush()
            self._store(Path(file.name), hashlib.sha256(data).hexdigest())

    def _stage(self, manifest: Manifest) -> Path:
        """The version's folder under a hidden name, all files in place."""
        staged = Path(tempfile.mkdtemp(dir=self._staging(), prefix=f"{manifest.version}-"))
        staged.chmod(0o755)
        digests = {file.path: file.sha256 for file in manifest.files}
        digests |= {MANIFEST: manifest.digest, CHECKSUMS: hashlib.sha256(checksums(manifest)).hexdigest()}
        for path, digest in digests.items():
            (staged / path).parent.mkdir(parents=True, exist_ok=True)
            link_or_copy(self._object(digest), staged / path)
        _sync_folder(staged)
        return staged

    def _create_ref(self, ref: Path, manifest: Manifest) -> bool:
        """Make the version exist; False where another publisher was first."""
        content = {"format": REF_FORMAT, "version": str(manifest.version), "manifest_sha256": manifest.digest}
        data = canonical_json(content) + b"\n"
        ref.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._staging(), prefix="ref-") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            try:
                os.link(file.name, ref)
            except FileExistsError:
                return False
            except OSError:
                return _create_exclusively(ref, data)
        _sync_folder(ref.parent)
        return True

    def _show(self, manifest: Manifest, staged: Path) -> None:
        """Give the staged folder its name; another publisher of the same release may have done so."""
        folder = self.folder(manifest.version)
        try:
            staged.rename(folder)
        except OSError:
            if not folder.exists():
                raise
            shutil.rmtree(staged, ignore_errors=True)
        _sync_folder(self.root)

    def _staging(self) -> Path:
        folder = self.root / ".staging"
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _require_digest(seen: str, wanted: str, path: Path) -> None:
    if seen != wanted:
        raise TransferError(
            "the file is not what the manifest says", place=Place(str(path)), hint="build again"
        )


def link_or_copy(source: Path, target: Path) -> None:
    """Hard-link a file, or copy it where the file system has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
        target.chmod(0o444)


def _create_exclusively(path: Path, data: bytes) -> bool:
    # Without links a reader may see the ref before its content; the content is smaller than a block.
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o444)
    except FileExistsError:
        return False
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return True


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _failed(path: Path, error: OSError) -> TransferError:
    return TransferError(f"the registry cannot be read: {error.strerror or error}", place=Place(str(path)))
