"""The command line as a person uses it: real processes, real exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.conftest import MakeProject, article, write_jsonl

KEYS = ["read", "new", "known", "exact_duplicates", "superseded", "near_duplicates", "withheld", "removed",
        "quarantined", "published", "carried"]  # fmt: skip


def run(*arguments: str, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "imprint", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def run_json(*arguments: str, folder: Path) -> tuple[int, Any]:
    """Run the command with --json; stdout is one object and nothing else."""
    done = run(*arguments, "--json", folder=folder)
    return done.returncode, orjson.loads(done.stdout)


def test_the_way_of_a_maintainer(tmp_path: Path) -> None:
    assert run("init", "news", "--name", "river/letters", folder=tmp_path).returncode == 0
    write_jsonl(tmp_path / "news/data/raw/a.jsonl", (article(i) for i in range(20)))
    done = run("release", "--project", "news", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    line = done.stdout.strip().splitlines()[-1]
    assert "verified" in done.stdout
    # The printed line is Python that works where it was printed.
    code = line.removeprefix("load it:").strip() + "; print(sum(len(rows) for rows in ds.values()))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "HF_HOME": str(tmp_path / "hf")},
    )  # fmt: skip
    assert loaded.stdout.strip() == "20", loaded.stderr
    again = run("release", "--project", "news", folder=tmp_path)
    assert again.returncode == 0
    assert "nothing has changed since version 1.0.0" in again.stdout
    listed = run("list", folder=tmp_path / "news")
    assert "1.0.0" in listed.stdout
    assert "latest" in listed.stdout


def test_release_prints_one_json_object_of_the_promised_shape(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(10))
    code, value = run_json("release", folder=root)
    assert code == 0
    assert (value["status"], value["version"], value["previous"]) == ("published", "1.0.0", None)
    assert sorted(value["accounting"]) == sorted(KEYS)
    [target] = value["targets"]
    assert {"target", "location", "status", "bytes_new", "bytes_reused"} <= set(target)
    assert (root / target["location"] / "README.md").exists()
    manifest = orjson.loads((root / target["location"] / "manifest.json").read_bytes())
    assert manifest["accounting"] == value["accounting"]
    assert manifest["splits"] == value["splits"]
    code, value = run_json("release", folder=root)
    assert (code, value["status"], value["version"]) == (0, "unchanged", "1.0.0")


def test_a_refused_release_is_json_too_and_exits_with_4(make_project: MakeProject) -> None:
    root = make_project((article(i) for i in range(10)), recipe={'"hold"': '"apply"'})
    assert run("release", folder=root).returncode == 0
    write_jsonl(root / "data/raw/b.jsonl", [article(1, text="A corrected text.")])
    code, value = run_json("release", folder=root)
    assert (code, value["status"]) == (4, "refused")
    assert {"version", "previous", "splits", "accounting", "targets", "message", "hint"} <= set(value)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["release", "--bump", "huge"], 2),
        (["nonsense"], 2),
        (["release", "--project", "nowhere"], 2),
        (["build", "--workers", "0"], 2),
        (["release", "--date", "yesterday"], 2),
        (["verify", "data/releases/acme/none"], 2),
        (["verify", "data/releases/acme/newswire@9.9.9"], 2),
        (["verify", "data/releases/acme/newswire@nine"], 2),
        (["explain", "nobody"], 2),
        (["validate"], 2),
        (["init", "."], 4),
        (["publish"], 2),
        (["list"], 2),
    ],
)
def test_a_wrong_call_says_why_and_has_its_exit_code(
    make_project: MakeProject, arguments: list[str], code: int
) -> None:
    done = run(*arguments, folder=make_project([article(1)]))
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip()) > 20


def test_findings_exit_with_1(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(10))
    run("release", folder=root)
    assert run("verify", folder=root).returncode == 0
    shard = root / "data/releases/acme/newswire/1.0.0/data/train-00000-of-00001.parquet"
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.unlink()
    shard.write_bytes(data)
    done = run("verify", folder=root)
    assert done.returncode == 1
    assert "changed_file" in done.stderr
    code, value = run_json("verify", folder=root)
    assert (code, value["ok"]) == (1, False)
    assert {"code", "message", "path"} <= set(value["findings"][0])
    assert run("validate", "data/raw", folder=root).returncode == 0
    write_jsonl(root / "data/raw/bad.jsonl", [{"text": 1}])
    assert run("validate", "data/raw", folder=root).returncode == 1


def test_too_many_rejected_records_exit_with_1(make_project: MakeProject) -> None:
    done = run("release", folder=make_project([article(1), {"text": ""}]))
    assert done.returncode == 1
    assert "1 empty_text" in done.stderr


def test_off_a_terminal_there_is_no_progress_bar(make_project: MakeProject) -> None:
    done = run("build", folder=make_project(article(i) for i in range(5)))
    assert done.stderr == ""


def test_interrupted_exits_with_130_and_leaves_no_release(make_project: MakeProject) -> None:
    root = make_project(article(i, text=f"{i} " + "word " * 2000) for i in range(8000))
    process = subprocess.Popen(
        [sys.executable, "-m", "imprint", "build", "--workers", "2"],
        cwd=root,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not list((root / "data").glob("build/.work-*/quarantine-*")):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert not (root / "data/build/build.json").exists()
    assert not list((root / "data/build").glob(".work-*"))


@pytest.mark.parametrize(
    "command", ["init", "build", "release", "publish", "verify", "validate", "list", "explain"]
)
def test_every_command_has_help_with_its_json_option(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert "--json" in done.stdout


def test_help_imports_neither_arrow_nor_datasets() -> None:
    code = (
        "import sys; from imprint.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'pyarrow', 'datasets', 'numpy', 'rich.progress', 'jsonschema'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_source_date_epoch_gives_the_date_and_an_option_overrides_it(make_project: MakeProject) -> None:
    root = make_project(article(i) for i in range(5))
    for arguments, date in (([], "2001-09-09"), (["--date", "2026-02-03"], "2026-02-03")):
        assert run("build", *arguments, folder=root, SOURCE_DATE_EPOCH="1000000000").returncode == 0
        assert orjson.loads((root / "data/build/release/manifest.json").read_bytes())["date"] == date
    assert run("build", folder=root, SOURCE_DATE_EPOCH="soon").returncode == 2


def test_release_to_another_registry(make_project: MakeProject, tmp_path: Path) -> None:
    root = make_project(article(i) for i in range(10))
    code, value = run_json("release", "--to", str(tmp_path / "elsewhere"), folder=root)
    assert (code, value["status"]) == (0, "published")
    assert not (root / "data/releases").exists()
    assert run("verify", str(tmp_path / "elsewhere/acme/newswire@latest"), folder=root).returncode == 0
