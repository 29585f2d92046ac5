"""The lineage: which release a build grows from, and whether it may.

Laws: the previous release is the newest version over the recipe's targets and `--to`; targets that hold versions agree
on its manifest; a recipe that would change splits or thresholds within a lineage is refused.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from imprint.article import RecordSchema
from imprint.building.previous import NO_PREVIOUS, Previous
from imprint.errors import ConflictError, Place, UsageError
from imprint.project import Project
from imprint.releases.layout import LEVELS, Version
from imprint.releases.manifest import Manifest
from imprint.sources.names import WRITTEN_BY_IMPRINT
from imprint.targets import open_target
from imprint.targets.base import Published, Target


def check_call(project: Project, bump: str, workers: int | None, date: str | None) -> None:
    """Refuse what a build could only fail at later.

    Raises:
        UsageError: an option has no such value, `[input.fields]` names no field, or a target lies where builds work.
    """
    if bump not in {"auto", *LEVELS}:
        raise UsageError(f"bump is auto, {', '.join(LEVELS)}", place=Place(field="bump", value=bump))
    if workers is not None and workers < 1:
        raise UsageError("there is at least one worker", place=Place(field="workers", value=str(workers)))
    if date is not None and re.fullmatch(r"\d{4}-\d{2}-\d{2}", date) is None:
        raise UsageError("a date is written as 2026-02-03", place=Place(field="date", value=date))
    known = RecordSchema.parse(project.schema).by_name.keys() - WRITTEN_BY_IMPRINT
    for name in project.recipe.input.fields.keys() - known:
        near = difflib.get_close_matches(name, known, 1)
        raise UsageError(
            "imprint writes this field itself"
            if name in WRITTEN_BY_IMPRINT
            else "the schema has no such field",
            place=Place("imprint.toml", field=f"input.fields.{name}"),
            hint=f"did you mean {near[0]}?" if near else f"fields are {', '.join(sorted(known))}",
        )
    for registry in project.recipe.targets:
        folder = (project.root / registry).resolve()
        if "://" not in registry and folder.is_relative_to(project.build.resolve()):
            raise UsageError(
                "a registry inside data/build would be taken away by the next build",
                place=Place("imprint.toml", field="release.targets", value=registry),
            )


def project_targets(project: Project, to: str | None = None) -> list[Target]:
    """The targets of a recipe, or the one that `--to` names instead."""
    registries = [to] if to is not None else list(project.recipe.targets)
    base = Path() if to is not None else project.root
    return [open_target(registry, project.recipe.dataset.name, base=base) for registry in registries]


def find_previous(
    project: Project,
    *,
    previous: str | None,
    to: str | None,
    new_lineage: bool = False,
    any_lineage: bool = False,
) -> Previous:
    """The release to grow from; NO_PREVIOUS for a first one.

    Args:
        project: the project.
        previous: the release that was named, or `none`.
        to: a further registry to look in.
        new_lineage: whether only the version is taken from it: nothing counts as published.
        any_lineage: whether it may be of another lineage, because nothing grows from it.

    Raises:
        UsageError: the release that was named does not exist.
        ConflictError: targets disagree on the newest version, it is of another dataset, or the recipe is of another
            lineage.
        TransferError: a target cannot be read, or the release is altered.
    """
    if previous == "none":
        return NO_PREVIOUS
    if previous is not None:
        target, version = parse_target(previous, base=Path())
    else:
        targets = project_targets(project) + (project_targets(project, to) if to is not None else [])
        newest = _newest(targets)
        if newest is None:
            return NO_PREVIOUS
        target, version = newest
    manifest = target.manifest(version)
    if new_lineage:
        return Previous.before_new_lineage(manifest)
    if not any_lineage:
        _same_lineage(project, manifest, target)
    return Previous.open(target.fetch(version), manifest)


def open_dataset(location: str, *, base: Path) -> Target:
    """A dataset in a registry, by its location.

    Raises:
        UsageError: it holds no release.
    """
    folder = (base / location).resolve() if location in {"", ".", ".."} else base / location
    target: Target = open_target(
        str(folder.parent.parent), f"{folder.parent.name}/{folder.name}", base=Path()
    )
    if not target.versions():
        raise UsageError(
            "there is no release",
            place=Place(location),
            hint="in a new project run imprint release; else name a dataset in a registry, as data/releases/acme/newswire",
        )
    return target


def parse_target(text: str, *, base: Path) -> tuple[Target, Version]:
    """A TARGET of the command line and the version it names: `@VERSION`, `@latest`, or nothing for the latest.

    Raises:
        UsageError: it names no dataset, or no version.
    """
    location, at, wanted = text.rpartition("@")
    if not at or "/" in wanted:
        location, wanted = text, ""
    target = open_dataset(location, base=base)
    if wanted in {"", "latest"}:
        return target, target.versions()[-1].version
    try:
        return target, Version.parse(wanted)
    except ValueError as error:
        raise UsageError(str(error), place=Place(text)) from error


def _newest(targets: list[Target]) -> tuple[Target, Version] | None:
    """The target with the newest version; a target that is merely behind is no disagreement."""
    held = [(versions, target) for target in targets if (versions := target.versions())]
    if not held:
        return None
    versions, target = max(held, key=lambda pair: pair[0][-1].version)
    for others, other in held:
        if others[-1] not in versions:
            raise ConflictError(
                f"the targets disagree: {other.location} holds {_named(others[-1])}, which {target.location} does not "
                f"(its newest is {_named(versions[-1])})",
                hint="bring them together, or take one out of [release] targets",
            )
    return target, versions[-1].version


def _named(published: Published) -> str:
    return f"{published.version} ({published.manifest_sha256[:12]})"


def _same_lineage(project: Project, manifest: Manifest, target: Target) -> None:
    if manifest.name != project.recipe.dataset.name:
        raise ConflictError(
            f"the previous release is of {manifest.name}, the recipe builds {project.recipe.dataset.name}",
            place=Place(target.location),
        )
    before, now = manifest.document.get("lineage", {}), project.recipe.lineage()
    if "shingles" not in before.get("dedup", {}):
        raise ConflictError(
            f"version {manifest.version} was made by an imprint that did not look for near duplicates: its splits may leak",
            place=Place(target.location),
            hint="start over as a new major version with --new-lineage",
        )
    differing = [
        f"{table}.{key}"
        for table in now
        for key in now[table]
        if before.get(table, {}).get(key) != now[table][key]
    ]
    if differing:
        raise ConflictError(
            f"the recipe differs from that of version {manifest.version} in {', '.join(differing)}: published records "
            "would change their split",
            place=Place("imprint.toml"),
            hint="set it back, or start over as a new major version with --new-lineage",
        )
