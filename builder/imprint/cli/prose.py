"""Prose: what the verbs that only look at things print for people."""

from __future__ import annotations

from typing import Any

import click

from imprint.cli.show import SHOWN, findings, size, splits


def init(value: Any) -> None:
    """What `init` laid out."""
    click.echo(f"{value.name} is laid out in {value.folder}: {', '.join(value.files)}")
    click.echo(f"next: put articles into {value.folder}/data/raw, then run")
    click.echo(f"  imprint release --project {value.folder}")


def inspect(value: Any) -> None:
    """What lies in an input."""
    findings(value.findings)
    for group in value.groups:
        read = f"{group.records_read:,} records"
        if group.sampled:
            read = f"sampled: {read} of {group.files_read:,} of {group.files:,} files"
        click.echo(f"{group.group}  {group.format}, {group.files:,} files, {size(group.bytes)} ({read})")
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


def versions(value: Any) -> None:
    """The versions of a dataset."""
    click.echo(value.target)
    for one in value.versions:
        latest = "  latest" if one.latest else ""
        click.echo(
            f"  {one.version:<10} {one.date or 'undated':<11} {one.records:>9,} records  {splits(one.splits)}{latest}"
        )


def verify(value: Any) -> None:
    """What `verify` saw."""
    findings(value.findings)
    name = f"version {value.version}" if value.version else "the release"
    click.echo(f"{name} in {value.target}: {'verified' if value.ok else f'{len(value.findings)} findings'}")


def validate(value: Any) -> None:
    """What `validate` saw."""
    findings(value.findings)
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
        if story.why:
            click.echo(f"  why there: {story.why}")
        for near in story.neighbours[:SHOWN]:
            click.echo(f"  near: {near.id} ({near.similarity:.3f}), {near.split or 'not in the release'}")


def screen(value: Any) -> None:
    """What `screen` saw."""
    for match in value.matches[:SHOWN]:
        place = f"{match.file}:{match.row}" if match.file else match.item
        click.echo(f"  {place} stands in {match.split}, in {match.id}: {match.span}")
    if len(value.matches) > SHOWN:
        click.echo(f"  … and {len(value.matches) - SHOWN:,} more; --json has them all")
    beside = [f"{value.short:,} too short to tell"] if value.short else []
    beside += [f"{value.unread:,} not readable"] if value.unread else []
    told = f" ({', '.join(beside)})" if beside else ""
    click.echo(
        f"{value.items:,} items of {value.against}{told}: {value.matched:,} stand in version {value.version}"
    )
    if value.matched:
        click.echo(f"by split: {splits(value.splits)}")
