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


def build(value: Any) -> None:
    """What `build` did."""
    _accounting(value.accounting)
    findings(value.findings)
    if value.status == "unchanged":
        click.echo(f"nothing has changed since version {value.version}")
        return
    click.echo(f"built version {value.version} in {value.folder}/release: {splits(value.splits)}")
    click.echo("next: imprint publish")


def publish(value: Any) -> None:
    """What `publish` did."""
    for target in value.targets:
        _target(value.version, target)


def _release(value: Any) -> None:
    _accounting(value.accounting)
    findings(value.findings)
    if value.status == "planned":
        click.echo(f"version {value.version} would be published: {splits(value.splits)}")
        return
    if value.status == "unchanged":
        click.echo(f"nothing has changed since version {value.version}; nothing was published")
        return
    click.echo(f"version {value.version}: {splits(value.splits)}")
    for target in value.targets:
        _target(value.version, target)
    if value.verified:
        click.echo("verified: bytes, manifest, schema, accounting, records, card, loading")
        location = next(target.location for target in value.targets if target.location)
        click.echo(f'load it:  from datasets import load_dataset; ds = load_dataset("{location}")')


def _target(version: str, target: Any) -> None:
    if target.status == "published":
        moved = f"{size(target.bytes_new)} new, {size(target.bytes_reused)} reused"
        click.echo(f"published {version} to {target.location} ({moved})")
    elif target.status == "unchanged":
        click.echo(f"{target.location} holds {version} already")
    else:
        click.echo(f"{target.target} failed: {target.error}", err=True)


def _accounting(counts: dict[str, int]) -> None:
    fates = []
    for name, count in counts.items():
        if count and name not in {"read", "published", "carried"}:
            words = name.replace("_", " ")
            fates.append(f"{count:,} {words.removesuffix('s') if count == 1 else words}")
    click.echo(f"{counts['read']:,} records read: {', '.join(fates) or 'none'}")


def findings(found: tuple[Finding, ...]) -> None:
    """Findings, one to a line."""
    for finding in found[:SHOWN]:
        click.echo(f"  {finding}", err=True)
    if len(found) > SHOWN:
        click.echo(f"  … and {len(found) - SHOWN} more; --json has them all", err=True)


def splits(counts: dict[str, int]) -> str:
    """Records of each split."""
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def size(count: int) -> str:
    """Bytes in the unit that suits them."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


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
