"""Scan: list the input, sort it, and cut the work into parts.

Laws: the order of the input is the byte order of its relative POSIX paths, whatever the file system lists first; parts
end on record boundaries and depend on the files' bytes alone; nothing is passed over in silence.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from imprint.building.pairing import pair
from imprint.building.parts import Part
from imprint.errors import Place, UsageError
from imprint.findings import Finding
from imprint.sources import BY_NAME, FORMATS, format_of
from imprint.sources.archives import is_archive, unpack
from imprint.sources.base import SPAN_BYTES, InputFile, Span
from imprint.sources.compression import SUFFIXES, split_suffix
from imprint.sources.fault import FAULT

FILES_PER_PART = 2_000
"""One-article files in a part at most: opening a file costs more than its bytes."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What lies in the input."""

    files: tuple[InputFile, ...]
    """Files that are read, in the order of the input."""
    parts: tuple[Part, ...]
    """The work, in the same order."""
    findings: tuple[Finding, ...]
    """What is not read, and why."""

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(file.size for file in self.files)


NO_PATTERNS: Mapping[str, str] = {}


def list_input(
    paths: Sequence[Path],
    unpacked: Path,
    leave_out: Sequence[Path] = (),
    patterns: Mapping[str, str] = NO_PATTERNS,
) -> tuple[list[InputFile], list[Finding]]:
    """The input's files in order, and a finding for each file that is not read.

    Args:
        paths: folders and files.
        unpacked: a folder for what archives hold.
        leave_out: folders that are not looked into: those that builds and releases go to.
        patterns: the recipe's [input.sidecars].

    Raises:
        UsageError: a path does not exist.
    """
    listed = _Listed(unpacked)
    for root in paths:
        if not root.exists():
            raise UsageError(
                "the input does not exist",
                place=Place(str(root)),
                hint="create it and put articles there, or correct [input] paths in the recipe",
            )
        for path, name, error in _walk(root, leave_out):
            if error is not None:
                fault = Finding("unreadable_file", f"the folder cannot be read: {error.strerror}")
                listed.files.append(InputFile(path, name, 0, FAULT.name, "", fault=fault))
            elif is_archive(name):
                listed.archive(path, name)
            else:
                listed.file(path, name)
    listed.files.sort(key=lambda file: (file.name.encode(), file.path))
    unpacked.mkdir(parents=True, exist_ok=True)
    files = _once(listed.files, listed.findings)
    files, odd = pair(files, listed.others, unpacked, patterns)
    return files, sorted([*listed.findings, *odd], key=lambda finding: finding.place.file or "")


class _Listed:
    """What was listed so far."""

    def __init__(self, unpacked: Path) -> None:
        self.unpacked = unpacked
        self.files: list[InputFile] = []
        self.others: list[InputFile] = []
        """Files that hold no articles, each with the reason."""
        self.findings: list[Finding] = []

    def file(self, path: str, name: str) -> None:
        """List a file."""
        if is_about_the_folder(name):
            about = Finding("not_an_article", "the file is about the folder; it is not read", Place(name))
            self.findings.append(about)
            return
        fmt, compression = format_of(name) or (FAULT, split_suffix(name)[1])
        fault = None
        if fmt is FAULT:
            endings = ", ".join(suffix for known in FORMATS for suffix in known.suffixes)
            hint = f"read are {endings}, also {', '.join(SUFFIXES)}"
            fault = Finding("not_an_article_format", "the file is not read", Place(name), hint)
        try:
            size = os.stat(path).st_size  # noqa: PTH116 - see _walk
        except OSError:
            size = 0  # reading it will say why
        listed = InputFile(path, name, size, fmt.name, compression, fmt.one_per_file, fault)
        (self.others if fmt is FAULT else self.files).append(listed)

    def archive(self, path: str, name: str) -> None:
        """List what an archive holds."""
        folder = self.unpacked / f"archive-{len(list(self.unpacked.glob('archive-*'))):05d}"
        folder.mkdir(parents=True)
        for member in unpack(path, folder):
            inside = f"{name}/{_spelled(member.name)}"
            if member.path is not None and not any(part.startswith(".") for part in member.name.split("/")):
                self.file(str(member.path), inside)
            elif member.finding is not None and member.name:
                self.findings.append(replace(member.finding, place=Place(inside)))
            elif member.finding is not None:
                self.files.append(InputFile(path, name, 0, FAULT.name, "", fault=member.finding))


def is_about_the_folder(name: str) -> bool:
    """Whether a file is a README, a licence or the like, as they lie beside articles."""
    return _ABOUT.fullmatch(name.rpartition("/")[2]) is not None


_ABOUT = re.compile(
    r"(README|LICEN[CS]E|COPYING|NOTICE|CHANGELOG|CONTRIBUTING|CITATION)(\.(md|txt|rst|cff))?", re.IGNORECASE
)


def scan(
    paths: Sequence[Path],
    unpacked: Path,
    leave_out: Sequence[Path] = (),
    patterns: Mapping[str, str] = NO_PATTERNS,
) -> Scan:
    """Look at the input and cut it into parts; the arguments are those of `list_input`."""
    files, findings = list_input(paths, unpacked, leave_out, patterns)
    spans = {file.path: BY_NAME[file.format].divide(file) for file in files}
    parts = [
        Part(i, tuple(group))
        for i, group in enumerate(_grouped(span for f in files for span in spans[f.path]))
    ]
    return Scan(tuple(files), tuple(parts), tuple(findings))


def _grouped(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Small spans together, up to the size of a part."""
    group: list[Span] = []
    size = 0
    for span in spans:
        length = span.size
        if group and (size + length > SPAN_BYTES or len(group) >= FILES_PER_PART):
            yield group
            group, size = [], 0
        group.append(span)
        size += length
    if group:
        yield group


def _walk(root: Path, leave_out: Sequence[Path] = ()) -> Iterator[tuple[str, str, OSError | None]]:
    """Paths of the files below a folder with their POSIX names; hidden ones aside; each folder once, however links lead.

    A folder that cannot be read comes with its error. Paths are strings: as objects they would cost more than reading.
    """
    top = str(root)
    if root.is_file():
        yield top, _spelled(root.name), None
        return
    seen = {os.path.realpath(folder) for folder in leave_out}
    errors: list[OSError] = []
    for folder, folders, names in os.walk(top, followlinks=True, onerror=errors.append):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = _below(folder, top)
        for name in names:
            if not name.startswith("."):
                yield f"{folder}/{name}", _spelled(f"{inside}/{name}" if inside else name), None
    for error in errors:
        path = str(error.filename)
        yield path, _spelled(_below(path, top) or root.name), error


def _below(path: str, top: str) -> str:
    return path.removeprefix(top).strip("/")


def _identity(file: InputFile) -> str:
    """Where a file is, without its links followed: two names of one file are two records."""
    return file.name if file.fault else os.path.abspath(file.path)  # noqa: PTH100 - resolve() would follow links


def _once(files: list[InputFile], findings: list[Finding]) -> list[InputFile]:
    """Files that overlapping inputs list twice, once; two files of one name are told."""
    kept: dict[str, InputFile] = {}
    names: set[str] = set()
    for file in files:
        if kept.setdefault(_identity(file), file) is not file:
            continue
        if file.name in names:
            message = "two inputs hold a file of this name: provenance does not tell them apart"
            findings.append(
                Finding("same_name", message, Place(file.name), "put them below one input folder")
            )
        names.add(file.name)
    return [file for file in files if kept.get(_identity(file)) is file]


def _spelled(name: str) -> str:
    """A file name as text that any column can hold: bytes that are not UTF-8 are written as escapes."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")
