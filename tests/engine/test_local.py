"""The local engine: ordered, restartable, the same with one worker and with many."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from imprint.engine.local import LocalEngine, available_workers
from imprint.errors import TransferError


@pytest.fixture
def engine() -> Iterator[LocalEngine]:
    """Three workers."""
    started = LocalEngine(3, preload=("tests.engine.test_local",))
    yield started
    started.close()


def square(number: int) -> int:
    """Stands for a stage."""
    return number * number


def fail_on_seven(number: int) -> int:
    """A stage with a defect."""
    if number == 7:
        raise ValueError("seven")
    return number


def die_once(marker: str) -> int:
    """A worker that is killed the first time it meets a part."""
    path = Path(marker)
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def die_always(_: int) -> None:
    """A part that kills every worker."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_results_come_in_the_order_of_the_parts(engine: LocalEngine) -> None:
    assert list(engine.map(square, range(200))) == [n * n for n in range(200)]


def test_one_worker_runs_in_the_caller_s_process() -> None:
    assert list(LocalEngine(1).map(lambda _: os.getpid(), [1, 2])) == [os.getpid()] * 2


def test_an_engine_is_used_again_after_a_map(engine: LocalEngine) -> None:
    for _ in range(3):
        assert list(engine.map(square, [1, 2, 3])) == [1, 4, 9]


def test_an_error_of_the_function_reaches_the_caller_behind_the_earlier_results(engine: LocalEngine) -> None:
    results = engine.map(fail_on_seven, range(20))
    assert [next(results) for _ in range(7)] == list(range(7))
    with pytest.raises(ValueError, match="seven"):
        next(results)


def test_a_worker_that_is_killed_costs_its_part_a_second_attempt(engine: LocalEngine, tmp_path: Path) -> None:
    parts = [str(tmp_path / f"part-{number}") for number in range(4)]
    for marker in parts[1:]:
        Path(marker).touch()
    assert len(list(engine.map(die_once, parts))) == 4


def test_a_part_that_kills_every_worker_is_named(engine: LocalEngine) -> None:
    with pytest.raises(TransferError, match=r"part 1 of 2"):
        list(engine.map(die_always, [1, 2]))


def test_no_worker_outlives_the_engine() -> None:
    engine = LocalEngine(2, preload=("tests.engine.test_local",))
    workers = set(engine.map(_pid, range(8)))
    engine.close()
    for pid in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def _pid(_: int) -> int:
    return os.getpid()


def test_there_is_at_least_one_worker() -> None:
    assert available_workers() >= 1


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import os, signal\nfrom imprint.engine.local import LocalEngine\nfrom tests.engine.test_local import _pid\n"
        "engine = LocalEngine(2)\nprint(*set(engine.map(_pid, range(8))), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    workers = [int(pid) for pid in done.stdout.split()]
    assert workers
    # Each worker waits for its parent's end and is gone soon after; the loop is bounded by the test's patience.
    for _ in range(2000):
        if not any(Path(f"/proc/{pid}/stat").exists() for pid in workers):
            break
        os.sched_yield()
        Path("/proc/loadavg").read_text()
    alive = [pid for pid in workers if Path(f"/proc/{pid}/stat").exists()]
    states = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for pid in alive]
    assert all(state == "Z" for state in states)
