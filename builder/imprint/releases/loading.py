"""Loading: does a release load with datasets, as a researcher would load it?

Runs in a process of its own, with an empty cache and no network, so that neither the caller's settings nor an earlier
load can answer for the release.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 300
"""A load that takes longer has failed."""

_OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_UPDATE_DOWNLOAD_COUNTS": "0"}


def load_in_child(folder: Path) -> dict[str, Any]:
    """Load the first record of each split of a release.

    Returns:
        `splits`: split to column names; or `error`: why it does not load.
    """
    with tempfile.TemporaryDirectory(prefix="imprint-load-") as home:
        environment = {**os.environ, **_OFFLINE, "HF_HOME": home}
        command = [sys.executable, "-m", "imprint.releases.loading", str(folder.resolve())]
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter and module
                command, env=environment, capture_output=True, timeout=TIMEOUT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return {"error": f"it took more than {TIMEOUT_SECONDS} seconds"}
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return {"error": last[0] if last else f"exit code {done.returncode}"}
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def compare(answer: Mapping[str, Any], splits: Mapping[str, int], columns: list[str]) -> str | None:
    """What is wrong with an answer of `load_in_child`; None where all is well."""
    if "error" in answer:
        return f"load_dataset fails: {answer['error']}"
    if set(answer["splits"]) != set(splits):
        return f"load_dataset gives the splits {sorted(answer['splits'])}, the manifest {sorted(splits)}"
    wrong = [split for split, names in answer["splits"].items() if names != columns]
    return f"load_dataset gives other columns in {', '.join(wrong)}" if wrong else None


def _load(folder: str) -> dict[str, Any]:
    from datasets import load_dataset  # noqa: PLC0415 - 1.6 s, and only this process needs it

    streams = load_dataset(folder, streaming=True)
    return {"splits": {name: list(next(iter(stream))) for name, stream in streams.items()}}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_load(sys.argv[1])))
    sys.stdout.flush()
    # The answer is out: threads of the libraries that are still winding down must not end it otherwise.
    os._exit(0)
