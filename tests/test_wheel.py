"""The wheel: installed in a folder of its own, it does what the checkout does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT, tree


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network and unpacked."""
    out = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(out),
        str(CHECKOUT),
    ]
    subprocess.run(command, check=True, capture_output=True)
    [path] = out.glob("imprint-*.whl")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(out / "site")
    return out / "site"


def run(wheel: Path, folder: Path, *arguments: str) -> str:
    """Run the command with the wheel's code and nothing of the checkout."""
    code = f"import sys; sys.path.insert(0, {str(wheel)!r}); from imprint.cli import main; main({list(arguments)!r})"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_the_code_the_template_and_nothing_else(wheel: Path) -> None:
    names = {path.relative_to(wheel).parts[0] for path in wheel.iterdir()}
    assert {name.split("-")[0] for name in names} == {"imprint"}
    data = tree(wheel / "imprint/_data")
    assert set(data) == {
        "imprint.toml",
        "dataset_card.md",
        "schema/article.schema.json",
        "schema/manifest.schema.json",
        "schema/recipe.schema.json",
    }
    for name, content in data.items():
        assert content == (CHECKOUT / name).read_bytes()


def test_a_project_of_the_wheel_is_that_of_the_checkout(wheel: Path, tmp_path: Path) -> None:
    run(wheel, tmp_path, "init", "project")
    for name, content in tree(tmp_path / "project").items():
        assert content == (CHECKOUT / name).read_bytes()


def test_the_wheel_builds_the_same_release_as_the_checkout(wheel: Path, tmp_path: Path) -> None:
    import imprint

    releases = []
    for name in ("wheel", "checkout"):
        root = tmp_path / name
        imprint.init(root)
        shutil.copytree(CHECKOUT / "data/raw", root / "data/raw", dirs_exist_ok=True)
        if name == "wheel":
            run(wheel, tmp_path, "build", "--project", str(root))
        else:
            imprint.build(root)
        releases.append(tree(root / "data/build/release"))
    assert releases[0] == releases[1]
