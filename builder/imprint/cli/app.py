"""The commands, their options and their exit codes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import click

from imprint.cli import prose, show
from imprint.engine.base import MEMORY_POOL
from imprint.errors import ImprintError
from imprint.progress import Progress

INTERRUPTED = 130

_project = click.option(
    "--project", default=".", show_default="this folder", metavar="DIR", help="The project's folder."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
_workers = click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="Number of processes.  [default: as the input's size asks]",
)
_bump = click.option(
    "--bump",
    type=click.Choice(["auto", "patch", "minor", "major"]),
    default="auto",
    show_default=True,
    help="Kind of version; auto takes the least that is legal and never a major one.",
)
_new_lineage = click.option(
    "--new-lineage", is_flag=True, help="Start over as the next major version: all splits are drawn anew."
)
_date = click.option(
    "--date",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Date of the release.  [default: SOURCE_DATE_EPOCH, else the newest date in the data]",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="imprint", prog_name="imprint")
def app() -> None:
    """Cleaned articles in; a checked, versioned and loadable dataset release out.

    \b
    imprint init my-news --name acme/newswire    lay out a project
    cp articles/*.jsonl my-news/data/raw/        put articles there
    imprint release --project my-news            build, publish, verify
    """  # noqa: D301 - \b is click's mark for lines that stay as they are


@app.command()
@click.argument("folder", metavar="DIR")
@click.option("--name", metavar="NS/NAME", help="Name of the dataset, as on the Hub.")
@_json
def init(folder: str, name: str | None, as_json: bool) -> int:
    """Lay out a project in DIR."""
    from imprint.verbs.init import init as verb

    return show.result(verb(folder, name=name), as_json, prose.init)


@app.command()
@click.argument("paths", nargs=-1, required=True, metavar="INPUT...")
@_project
@_json
def inspect(paths: tuple[str, ...], project: str, as_json: bool) -> int:
    """Look at an input: formats, recognised fields with samples, dates, duplicates, residue, problems."""
    from imprint.verbs.inspect import inspect as verb

    return show.result(verb(paths, project=project), as_json, prose.inspect)


@app.command()
@_project
@_workers
@_bump
@click.option(
    "--previous", metavar="TARGET@VERSION", help="The release to grow from, or none.  [default: the newest]"
)
@_date
@_new_lineage
@_json
def build(project: str, as_json: bool, date: Any, **options: Any) -> int:
    """Build the articles of a project into its data/build."""
    from imprint.verbs.build import build as verb

    with show.progress() as watch:
        result = verb(project, date=show.release_date(date), progress=watch, **options)
    return show.result(result, as_json, show.build)


@app.command()
@_project
@click.option("--to", metavar="REGISTRY", help="Publish there instead of to the recipe's targets.")
@_workers
@_bump
@_date
@_new_lineage
@click.option("--dry-run", is_flag=True, help="Build, and say what would be published.")
@_json
def release(project: str, as_json: bool, date: Any, **options: Any) -> int:
    """Build, publish and verify the next release: the main job."""
    from imprint.verbs.release import release as verb

    def run(watch: Progress) -> Any:
        return verb(project, date=show.release_date(date), progress=watch, **options)

    return show.released(run, as_json)


@app.command()
@_project
@click.option("--to", metavar="REGISTRY", help="Publish there instead of to the recipe's targets.")
@_json
def publish(project: str, to: str | None, as_json: bool) -> int:
    """Publish what was built to the recipe's targets."""
    from imprint.verbs.publish import publish as verb

    with show.progress() as watch:
        result = verb(project, to=to, progress=watch)
    code = show.result(result, as_json, show.publish)
    failure = result.failure()
    return failure.exit_code if failure is not None else code


@app.command()
@click.argument("target", required=False)
@click.option("--leaks", is_flag=True, help="Search again for near duplicates across splits.")
@_project
@_json
def verify(target: str | None, leaks: bool, project: str, as_json: bool) -> int:
    """Read a release back: bytes, manifest, schema, accounting, records, card, loading.

    TARGET is a dataset in a registry, such as data/releases/acme/newswire@1.0.0, or a release's folder; without it, the
    latest release of the project.
    """
    from imprint.verbs.verify import verify as verb

    with show.progress() as watch:
        result = verb(target or show.first_target(project), leaks=leaks, progress=watch)
    return (
        show.result(result, as_json, prose.verify) if result.ok else show.found(result, as_json, prose.verify)
    )


@app.command()
@click.argument("target", required=False)
@click.option("--against", required=True, metavar="FILE|DATASET", help="The benchmark.")
@_project
@_json
def screen(target: str | None, against: str, project: str, as_json: bool) -> int:
    """Look for the items of somebody else's benchmark in a release, by shared runs of 13 words.

    TARGET is a dataset in a registry or a release's folder; without it, the latest release of the project. The exit code
    is 1 where items are found.
    """
    from imprint.verbs.screen import screen as verb

    with show.progress() as watch:
        result = verb(target or show.first_target(project), against, progress=watch)
    return (show.result if result.ok else show.found)(result, as_json, prose.screen)


@app.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_project
@_json
def validate(paths: tuple[str, ...], project: str, as_json: bool) -> int:
    """Check records, a release or raw articles against the schema."""
    from imprint.verbs.validate import validate as verb

    with show.progress() as watch:
        result = verb(paths, project=project, progress=watch)
    return (
        show.result(result, as_json, prose.validate)
        if result.ok
        else show.found(result, as_json, prose.validate)
    )


@app.command("list")
@click.argument("target", required=False)
@_project
@_json
def list_(target: str | None, project: str, as_json: bool) -> int:
    """List the versions of a dataset, the newest first."""
    from imprint.verbs.listing import list_versions

    return show.result(list_versions(target or show.first_target(project)), as_json, prose.versions)


@app.command()
@click.argument("query", metavar="ID|URL|FILE:ROW")
@_project
@_json
def explain(query: str, project: str, as_json: bool) -> int:
    """Tell one record's story: where it stands, or why it is not published."""
    from imprint.verbs.explain import explain as verb

    return show.result(verb(query, project), as_json, prose.explain)


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit."""
    # Ended from outside (a time limit, a job system), the command tidies up as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    # Arrow is not loaded yet: what it frees goes back to the system, here as in the workers.
    os.environ.setdefault(MEMORY_POOL, "system")
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    call: Callable[..., Any] = app.main
    try:
        return int(call(given, prog_name="imprint", standalone_mode=False) or 0)
    except ImprintError as error:
        return show.error(error, as_json="--json" in given)
    except click.exceptions.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        if "--json" in given:
            show.usage(error.format_message())
        error.show()
        return 2
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough of it.
        sys.stderr.close()
        return 0
