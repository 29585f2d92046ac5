"""Archives: .zip and .tar (also packed) are taken apart before they are read, into a folder of the build.

Laws: a member is written only below that folder and only if it is a plain file with a safe name; links, devices, absolute
names and `..` are findings; what an archive may expand to is bounded; the members before a break are kept, and the break
itself is one record that cannot be read.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from imprint.errors import Place
from imprint.findings import Finding
from imprint.sources.compression import EXPANSION, EXPANSION_FLOOR, DamagedStreamError, blocks, split_suffix
from imprint.sources.lines import BLOCK_BYTES

SUFFIXES = (".zip", ".tar", ".tgz", ".tbz2")
"""Endings of archives; .tar also with the ending of a compression behind it."""

HEADER_BYTES = 1 << 20
"""Longest name or set of attributes that a tar may give a member."""

_ABOUT_THE_NEXT = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
"""Headers that tarfile reads whole into memory."""

_SHORT = {".tgz": ".gz", ".tbz2": ".bz2"}


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive, or the place where it breaks off."""

    name: str
    """Path inside the archive; empty for a break."""
    path: Path | None
    """Where it was written; None where it was not."""
    finding: Finding | None = None
    """Why it was not written, or why the archive breaks off."""


def is_archive(name: str) -> bool:
    """Whether a file is an archive, by its name."""
    return split_suffix(name)[0].lower().endswith(SUFFIXES)


def unpack(path: str, folder: Path) -> Iterator[Member]:
    """Take an archive apart into a folder that exists and is empty.

    Yields:
        Its members in the archive's order; a break last.
    """
    stem, compression = split_suffix(path)
    try:
        if stem.lower().endswith(".zip"):
            yield from _unzip(path, folder)
        else:
            yield from _untar(path, _SHORT.get(Path(stem).suffix.lower(), compression), folder)
    except (
        DamagedStreamError,
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        EOFError,
        NotImplementedError,
    ) as error:
        yield Member("", None, Finding("truncated_stream", f"the archive is damaged: {error}"))
    except (RuntimeError, ValueError) as error:  # a password, or numbers that cannot be
        yield Member("", None, Finding("truncated_stream", f"the archive cannot be read: {error}"))
    except OSError as error:
        yield Member("", None, Finding("unreadable_file", error.strerror or str(error)))


def _unzip(path: str, folder: Path) -> Iterator[Member]:
    budget = _Budget(Path(path).stat().st_size)
    with zipfile.ZipFile(path) as archive:
        for number, info in enumerate(archive.infolist()):
            if info.is_dir():
                continue
            is_link = (info.external_attr >> 16) & 0o170000 == 0o120000
            if wrong := _unsafe(info.filename, is_plain=not is_link):
                yield Member(info.filename, None, wrong)
                continue
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                # Of bzip2 and LZMA, zipfile decodes all that it has read: four kilobytes hold gigabytes.
                message = "a member that is packed otherwise than by deflate is not read"
                hint = "unpack the archive, or pack it again"
                yield Member(
                    info.filename, None, Finding("unsafe_member", message, Place(info.filename), hint)
                )
                continue
            with archive.open(info) as source:
                yield Member(info.filename, budget.write(source, folder / f"{number:07d}"))


def _untar(path: str, compression: str, folder: Path) -> Iterator[Member]:
    # Bounds are kept by `blocks` for what is packed; a plain tar holds no more than its own size.
    budget = _Budget(Path(path).stat().st_size)
    stream = _Stream(blocks(path, compression, BLOCK_BYTES))
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as archive:
        for number, info in enumerate(archive):
            # tarfile remembers every member; an archive of empty ones packs to a thousandth of what that takes.
            archive.members = []  # type: ignore[attr-defined]
            if info.isdir():
                continue
            if wrong := _unsafe(info.name, is_plain=info.isfile()):
                yield Member(info.name, None, wrong)
                continue
            source = archive.extractfile(info)
            assert source is not None
            yield Member(info.name, budget.write(source, folder / f"{number:07d}"))


class _Header(tarfile.TarInfo):
    """A member's header; those that say more about the next member are read whole, so they are bounded."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Parse a header of 512 bytes.

        Raises:
            ReadError: it announces more about a member than a name takes, or a sparse file.
        """
        header = super().frombuf(buf, encoding, errors)
        if header.type == tarfile.GNUTYPE_SPARSE or (
            header.type in _ABOUT_THE_NEXT and header.size > HEADER_BYTES
        ):
            raise tarfile.ReadError(f"a header of {header.size:,} bytes, or of a sparse file, is not read")
        return header

    def _proc_gnusparse_10(self, *_: object) -> None:
        raise tarfile.ReadError("a sparse file is not read")


class _Budget:
    """How much an archive may expand to, over all its members."""

    def __init__(self, packed: int) -> None:
        self._left = max(EXPANSION_FLOOR, EXPANSION * packed)

    def write(self, source: IO[bytes], target: Path) -> Path:
        """Copy a member to a file.

        Raises:
            DamagedStreamError: the archive expands beyond all measure.
        """
        with target.open("wb") as out:
            while block := source.read(BLOCK_BYTES):
                self._left -= len(block)
                if self._left < 0:
                    raise DamagedStreamError(f"it expands to more than {EXPANSION} times its size")
                out.write(block)
        return target


class _Stream(io.RawIOBase):
    """Blocks as the file object that tarfile asks for."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        if not self._rest:
            self._rest = next(self._chunks, b"")
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _unsafe(name: str, *, is_plain: bool) -> Finding | None:
    """Why a member is not written, or None."""
    if not is_plain:
        return Finding("unsafe_member", "a link or a device in an archive is not read", Place(name))
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or not name.isprintable():
        return Finding(
            "unsafe_member", "the member's name leads out of the archive; it is not read", Place(name)
        )
    return None
