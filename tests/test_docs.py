"""The documentation: every command in it is run, and what it prints is what stands there.

`IMPRINT_UPDATE=1 pytest tests/test_docs.py` writes what is printed into the pages.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from imprint.building.workspace import REPORT
from imprint.findings import QUARANTINE_REASONS
from imprint.releases.accounting import FATES
from imprint.sources import FORMATS
from imprint.sources.names import KEYS
from tests.conftest import CHECKOUT

PAGES = [
    "README.md",
    *sorted(path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / "docs").rglob("*.md")),
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files of a fresh clone, with the command on the path and the first release made."""
    for name in ("imprint.toml", "dataset_card.md"):
        shutil.copyfile(CHECKOUT / name, tmp_path / name)
    for name in ("schema", "data/raw", "docs"):
        shutil.copytree(CHECKOUT / name, tmp_path / name)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin/imprint"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m imprint "$@"\n')
    command.chmod(0o755)
    subprocess.run([command, "release"], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def console_blocks(page: str) -> list[str]:
    """The transcripts of a page."""
    return re.findall(
        r"^```console\n(.*?)^```", (CHECKOUT / page).read_text(), flags=re.MULTILINE | re.DOTALL
    )


@pytest.mark.parametrize("name", ["README.md", "docs/splits.md"])
def test_the_transcripts_of_a_page_are_what_is_printed(checkout: Path, name: str) -> None:
    environment = {**os.environ, "PATH": f"{checkout / 'bin'}:{os.environ['PATH']}"}
    blocks = console_blocks(name)
    assert blocks
    for block in blocks:
        commands = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
        printed = ""
        for command in commands:
            done = subprocess.run(
                ["sh", "-c", f"exec 2>&1; {command}"], cwd=checkout, env=environment, capture_output=True, text=True,
                check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{command}: {done.stdout}"
            printed += f"$ {command}\n{done.stdout}"
        if os.environ.get("IMPRINT_UPDATE"):
            page = CHECKOUT / name
            page.write_text(page.read_text().replace(block, printed))
        else:
            assert printed == block


def test_the_twenty_lines_of_the_format_page_recompute_the_content_digests(checkout: Path) -> None:
    [code] = re.findall(
        r"^```python\n(.*?)^```", (CHECKOUT / "docs/format.md").read_text(), flags=re.MULTILINE | re.DOTALL
    )
    assert len([line for line in code.splitlines() if line]) <= 20
    release = checkout / "data/releases/acme/newswire/1.0.0"
    card = (release / "README.md").read_text()
    for split in ("train", "validation", "test"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(release), split], capture_output=True, text=True, check=True
        )
        assert f"- `{split}`: `sha256:{done.stdout.strip()}`" in card


def test_the_format_page_lists_every_fate_reason_and_finding() -> None:
    page = (CHECKOUT / "docs/format.md").read_text()
    for fate in FATES:
        assert f"`{fate}`" in page
    for code in QUARANTINE_REASONS:
        assert f"`{code}" in page
    sources = "".join(
        (CHECKOUT / "builder/imprint" / name).read_text() for name in ("releases/audit.py", "verbs/verify.py")
    )
    for code in set(re.findall(r'Finding\(\s*"(\w+)"', sources)):
        assert f"`{code}`" in page, code


def test_the_table_of_formats_in_the_readme_is_the_code_s() -> None:
    rows = [(", ".join(fmt.suffixes), fmt.what) for fmt in FORMATS]
    table = "\n".join(
        ["| endings | what |", "| --- | --- |", *(f"| {suffixes} | {what} |" for suffixes, what in rows)]
    )
    _keep_made("README.md", "formats", table)


def _keep_made(name: str, mark: str, made: str) -> None:
    """Hold a part of a page that is made from the code against the code, or write it."""
    page = CHECKOUT / name
    pattern = re.compile(rf"(<!-- {mark}: [^\n]*-->\n)(.*?)(<!-- end -->)", re.DOTALL)
    if os.environ.get("IMPRINT_UPDATE"):
        page.write_text(pattern.sub(lambda match: f"{match[1]}\n{made}\n\n{match[3]}", page.read_text()))
    match = pattern.search(page.read_text())
    assert match is not None
    assert match[2].strip() == made


def test_the_table_of_keys_is_the_code_s() -> None:
    rows = [f"| `{name}` | {', '.join(f'`{key}`' for key in keys)} |" for name, keys in KEYS.items()]
    _keep_made("docs/input.md", "keys", "\n".join(["| field | keys |", "| --- | --- |", *rows]))


def test_the_recipe_page_lists_every_key() -> None:
    import orjson

    page = (CHECKOUT / "docs/recipe.md").read_text()
    schema = orjson.loads((CHECKOUT / "schema/recipe.schema.json").read_bytes())
    for table, spec in schema["properties"].items():
        for key in spec["properties"]:
            assert re.search(rf"`{table}\.{key}`|`{table}\.[^|]*`{key}`", page), f"{table}.{key}"


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_page_lead_somewhere(page: str) -> None:
    text = (CHECKOUT / page).read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert ((CHECKOUT / page).parent / target).exists(), target


def test_the_build_s_report_is_not_published() -> None:
    assert REPORT not in (CHECKOUT / "docs/format.md").read_text()
