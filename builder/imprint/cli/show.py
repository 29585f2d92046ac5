"""What people see: results as prose or JSON, progress on a terminal, errors with their next step."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click
import orjson

from imprint.errors import ConflictError, ImprintError, Place, RejectedError, UsageError
from imprint.progress import Progress, Silent

if TYPE_CHECKING:
    from imprint.findings import Finding

SHOWN = 20
"""Findings that are printed; --json has them all."""


class Result(Protocol):
    """What every verb returns."""

    def as_dict(self) -> dict[str, Any]:
        """The result as JSON."""
        ...


def result(value: Result, as_json: bool, prose: Callable[[Any], None]) -> int:
    """Print a result; exit code 0."""
    if as_json:
        _print_json(value.as_dict())
    else:
        prose(value)
    return 0


def found(value: Result, as_json: bool, prose: Callable[[Any], None]) -> int:
    """Print a result with findings; exit code 1."""
    result(value, as_json, prose)
    return 1


def error(value: ImprintError, *, as_json: bool) -> int:
    """Print an error; its exit code."""
    if as_json:
        _print_json({"status": _status(value), **value.as_dict()})
    click.echo(f"imprint: {value}", err=True)
    return value.exit_code


def usage(message: str) -> None:
    """Print a wrong call as JSON."""
    _print_json({"status": "failed", "error": "UsageError", "message": message})


def released(run: Callable[[Progress], Any], as_json: bool) -> int:
    """Run a release and print what became of it; with --json one object of the same shape whatever happened."""
    try:
        with progress() as watch:
            value = run(watch)
    except ImprintError as failure:
        if as_json:
            empty: dict[str, Any] = {
                "version": None,
                "previous": None,
                "splits": {},
                "accounting": {},
                "targets": [],
            }
            _print_json({"status": _status(failure), **empty, **failure.as_dict()})
        click.echo(f"imprint: {failure}", err=True)
        return failure.exit_code
    result(value, as_json, _release)
    if value.status != "failed":
        return 0
    errors = [target.error for target in value.targets if target.error is not None]
    for one in errors:
        click.echo(f"imprint: {one}", err=True)
    return max((one.exit_code for one in errors), default=1)


def _status(failure: ImprintError) -> str:
    return "refused" if isinstance(failure, (ConflictError, RejectedError)) else "failed"


def init(value: Any) -> None:
    """What `init` laid out."""
    click.echo(f"{value.name} is laid out in {value.folder}: {', '.join(value.files)}")
    click.echo(f"next: put articles into {value.folder}/data/raw, then run")
    click.echo(f"  imprint release --project {value.folder}")


def inspect(value: Any) -> None:
    """What lies in an input."""
    _findings(value.findings)
    for group in value.groups:
        read = f"{group.records_read:,} records"
        if group.sampled:
            read = f"sampled: {read} of {group.files_read:,} of {group.files:,} files"
        click.echo(f"{group.group}  {group.format}, {group.files:,} files, {_size(group.bytes)} ({read})")
        if group.first:
            click.echo(f"  published {group.first} to {group.last}")
        if group.with_sidecar:
            click.echo(f"  metadata beside {group.with_sidecar:,} of {group.files:,} files")
        for one in group.fields:
            _inspected_field(one, group.records_read)
        for source, order in list(group.orders.items())[:5]:
            click.echo(f"  dates of {source}: {order}")
        _inspected_rest(group)


def _inspected_rest(group: Any) -> None:
    """What is not a field: what nothing takes, what goes, what is odd, what is rejected."""
    if group.ignored:
        click.echo(f"  not taken: {', '.join(group.ignored)}")
    if group.duplicates:
        click.echo(f"  {group.duplicates} with a text that another one has, too")
    for line, count in list(group.residue.items())[:5]:
        click.echo(f"  residue: {line!r} in {count}")
    for doubt in group.doubts:
        click.echo(f"  {doubt}")
    for example in group.examples:
        click.echo(f"  {group.problems[example.code]} x {example}")


READ_FROM = {
    "source_id": "(the file's name)",
    "source_domain": "(the url)",
    "publisher": "(domain or dateline)",
    "published_at": "(text or file's name)",
}
"""Where a field comes from that no key serves; else from the text."""


def _inspected_field(one: Any, records: int) -> None:
    keys = ", ".join(f"{key} (by values)" if key in one.by_values else key for key in one.keys)
    keys = keys or READ_FROM.get(one.field, "(the text)")
    filled = f"{one.filled / max(records, 1):.0%}"
    parsed = f"{one.filled / max(one.filled + one.failed, 1):.0%}"
    click.echo(f"  {one.field:<15} {keys:<24} {filled:>4} filled, {parsed:>4} read  {'  '.join(one.samples)}")


def build(value: Any) -> None:
    """What `build` did."""
    _accounting(value.accounting)
    _findings(value.findings)
    if value.status == "unchanged":
        click.echo(f"nothing has changed since version {value.version}")
        return
    click.echo(f"built version {value.version} in {value.folder}/release: {_splits(value.splits)}")
    click.echo("next: imprint publish")


def publish(value: Any) -> None:
    """What `publish` did."""
    for target in value.targets:
        _target(value.version, target)


def versions(value: Any) -> None:
    """The versions of a dataset."""
    click.echo(value.target)
    for one in value.versions:
        latest = "  latest" if one.latest else ""
        click.echo(
            f"  {one.version:<10} {one.date or 'undated':<11} {one.records:>9,} records  {_splits(one.splits)}{latest}"
        )


def verify(value: Any) -> None:
    """What `verify` saw."""
    _findings(value.findings)
    name = f"version {value.version}" if value.version else "the release"
    click.echo(f"{name} in {value.target}: {'verified' if value.ok else f'{len(value.findings)} findings'}")


def validate(value: Any) -> None:
    """What `validate` saw."""
    _findings(value.findings)
    click.echo(f"{value.records:,} records checked, {value.invalid:,} invalid")


def explain(value: Any) -> None:
    """The stories of records."""
    for story in value.stories:
        click.echo(f"{story.input_file}:{story.input_row}" + (f"  {story.id}" if story.id else ""))
        click.echo(f"  {story.message}")
        if story.rejected:
            for key in ("code", "field", "value", "hint"):
                if story.rejected.get(key):
                    click.echo(f"  {key}: {story.rejected[key]}")
        if story.published and story.fate in {"new", "known", "published"}:
            for key in ("title", "url", "published_at", "dup_cluster", "added_in"):
                click.echo(f"  {key}: {story.published[key]}")
            click.echo(f"  cleaned by: {'; '.join(story.published['processing']) or 'nothing was changed'}")


def _release(value: Any) -> None:
    _accounting(value.accounting)
    _findings(value.findings)
    if value.status == "planned":
        click.echo(f"version {value.version} would be published: {_splits(value.splits)}")
        return
    if value.status == "unchanged":
        click.echo(f"nothing has changed since version {value.version}; nothing was published")
        return
    click.echo(f"version {value.version}: {_splits(value.splits)}")
    for target in value.targets:
        _target(value.version, target)
    if value.verified:
        click.echo("verified: bytes, manifest, schema, accounting, records, card, loading")
        location = next(target.location for target in value.targets if target.location)
        click.echo(f'load it:  from datasets import load_dataset; ds = load_dataset("{location}")')


def _target(version: str, target: Any) -> None:
    if target.status == "published":
        moved = f"{_size(target.bytes_new)} new, {_size(target.bytes_reused)} reused"
        click.echo(f"published {version} to {target.location} ({moved})")
    elif target.status == "unchanged":
        click.echo(f"{target.location} holds {version} already")
    else:
        click.echo(f"{target.target} failed: {target.error}", err=True)


def _accounting(counts: dict[str, int]) -> None:
    fates = [f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items()
             if count and name not in {"read", "published", "carried"}]  # fmt: skip
    click.echo(f"{counts['read']:,} records read: {', '.join(fates) or 'none'}")


def _findings(findings: tuple[Finding, ...]) -> None:
    for finding in findings[:SHOWN]:
        click.echo(f"  {finding}", err=True)
    if len(findings) > SHOWN:
        click.echo(f"  … and {len(findings) - SHOWN} more; --json has them all", err=True)


def _splits(splits: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in splits.items())


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _print_json(value: dict[str, Any]) -> None:
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def release_date(given: datetime | None) -> str | None:
    """The date that was asked for: --date, else SOURCE_DATE_EPOCH.

    Raises:
        UsageError: SOURCE_DATE_EPOCH is no number of seconds.
    """
    if given is not None:
        return given.strftime("%Y-%m-%d")
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return None
    try:
        return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError) as wrong:
        raise UsageError(
            "it is not a number of seconds", place=Place(field="SOURCE_DATE_EPOCH", value=epoch)
        ) from wrong


def first_target(project: str) -> str:
    """The dataset in the first target of a project's recipe."""
    from imprint.project import read_recipe

    recipe = read_recipe(Path(project))
    return str(Path(project) / recipe.targets[0] / recipe.dataset.name)


@contextmanager
def progress() -> Iterator[Progress]:
    """Progress bars on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield Silent()
        return
    from imprint.cli.bars import Bars

    with Bars() as bars:
        yield bars
