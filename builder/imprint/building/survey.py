"""Survey: how the keys of each file group are understood, from a sample, before anything is read in earnest.

Laws: a group is surveyed when it first appears, on its first new records in the order of the input; what an earlier
release decided for a group stays. So the whole corpus and the latest crawl alone lead to the same understanding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import compress
from typing import Any

from imprint.building.known import Known
from imprint.building.parts import WorkFolder
from imprint.errors import Place, UsageError
from imprint.sources import BY_NAME
from imprint.sources.base import Draft, InputFile, Span
from imprint.sources.evidence import Understanding
from imprint.sources.families import understand_families

FILES = 40
"""Files of a group that are looked into."""

RECORDS = 400
"""Records of a group that are looked at."""

SAMPLE_CHARS = 16 << 20
"""Characters of a sample, about: a few large articles are sample enough."""


@dataclass(frozen=True, slots=True)
class SurveyTask:
    """One file group to survey."""

    group: str
    files: tuple[InputFile, ...]
    """Its files, in the order of the input."""
    work: WorkFolder
    fields: tuple[str, ...]
    """Fields of the schema."""
    overrides: Mapping[str, str]
    """`[input.fields]`."""


def survey(task: SurveyTask) -> Understanding:
    """Survey one group."""
    return understand_families(_records(task), task.fields, task.overrides)


def groups_of(files: Iterable[InputFile]) -> dict[str, list[InputFile]]:
    """File groups in the order of the input."""
    groups: dict[str, list[InputFile]] = {}
    for file in files:
        groups.setdefault(file.group, []).append(file)
    return groups


def refuse_ambiguous(understood: Mapping[str, Understanding]) -> None:
    """Stop where a field could be several keys.

    Raises:
        UsageError: it names every such field, and the line of the recipe that would settle it.
    """
    found = [
        (group, ambiguity.finding())
        for group, understanding in sorted(understood.items())
        for ambiguity in understanding.ambiguities
    ]
    if not found:
        return
    if len(found) == 1:
        [(group, finding)] = found
        raise UsageError(finding.message, place=Place(group), hint=finding.hint)
    told = [f"{group}: {finding.message} ({finding.hint})" for group, finding in found]
    raise UsageError("\n  - ".join([f"{len(found)} fields cannot be told:", *told]))


def _records(task: SurveyTask) -> list[Mapping[str, Any]]:
    """The first new records of the first files, as many of each."""
    found: list[Mapping[str, Any]] = []
    known = Known.open(task.work)
    each = max(RECORDS // FILES, RECORDS // len(task.files))
    looked_into = size = 0
    for file in task.files:
        mine, any_fresh = _records_of(file, known, each)
        found += mine
        size += sum(len(value) for record in mine for value in record.values() if isinstance(value, str))
        looked_into += any_fresh
        if looked_into >= FILES or len(found) >= RECORDS or size >= SAMPLE_CHARS:
            break
    return found


def _records_of(file: InputFile, known: Known | None, most: int) -> tuple[list[Mapping[str, Any]], bool]:
    """The first new records of a file, and whether it has any, such as a text without a header, that is none."""
    found: list[Mapping[str, Any]] = []

    def collect(record: Mapping[str, Any]) -> Draft:
        found.append(record)
        return Draft({})

    any_fresh = False
    size = 0
    fmt = BY_NAME[file.format]
    for records in fmt.read(Span(file, 0, None, 1)):
        fresh = [not is_known for is_known in known.are_known(records)] if known else [True] * len(records)
        any_fresh |= any(fresh)
        for record in compress(records, fresh):
            if record.fault is None:
                fmt.draft(record, file, collect)
                size += sum(
                    len(value) for value in (found[-1] if found else {}).values() if isinstance(value, str)
                )
            if len(found) >= most or size >= SAMPLE_CHARS:
                return found, True
    return found, any_fresh
