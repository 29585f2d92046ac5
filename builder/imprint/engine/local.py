"""The local engine: processes on this machine, or none at all.

With one worker the function runs in the caller's process; the results are the same. A worker that dies (killed, out of
memory) costs its parts a second attempt in a fresh pool.
"""

from __future__ import annotations

import gc
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from imprint.engine.base import MEMORY_POOL
from imprint.errors import TransferError

P = TypeVar("P")
R = TypeVar("R")

ATTEMPTS = 3
"""Pools that a map may lose before it gives up on the part at its head."""

IN_FLIGHT = 2
"""Parts handed out per worker: enough that none waits, few enough that results do not pile up."""


def available_workers() -> int:
    """Processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # absent on macOS
    return len(affinity(0)) if affinity else os.cpu_count() or 1


class LocalEngine:
    """Maps over parts with `workers` processes."""

    def __init__(self, workers: int | None = None, *, preload: Sequence[str] = ()) -> None:
        """Prepare the engine; processes start with the first map that needs them.

        Args:
            workers: number of processes; None takes the processors available, 1 runs in this process.
            preload: modules to import once, before workers are forked from the server process.
        """
        self.workers = available_workers() if workers is None else workers
        self._preload = list(preload)
        self._pool: ProcessPoolExecutor | None = None

    def map(self, function: Callable[[P], R], parts: Sequence[P]) -> Iterator[R]:
        """Yield `function(part)` for each part, in the order of the parts.

        Raises:
            TransferError: workers died again and again on one part.
        """
        if self.workers <= 1 or len(parts) <= 1:
            yield from map(function, parts)
            return
        done = 0
        attempts = 0
        while done < len(parts):
            try:
                for result in self._run(function, parts[done:]):
                    yield result
                    done += 1
                    attempts = 0
            except BrokenProcessPool as error:
                self.close()
                attempts += 1
                if attempts >= ATTEMPTS:
                    raise TransferError(
                        f"workers died {attempts} times on part {done + 1} of {len(parts)}",
                        hint="it may need more memory than there is: try again with --workers 1",
                    ) from error

    def _run(self, function: Callable[[P], R], parts: Sequence[P]) -> Iterator[R]:
        pool = self._started()
        waiting: deque[Future[R]] = deque()
        rest = iter(parts)
        try:
            for part in rest:
                with _main_out_of_sight(), _modest_memory():
                    waiting.append(pool.submit(function, part))
                if len(waiting) >= self.workers * IN_FLIGHT:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            for future in waiting:
                future.cancel()
            raise

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # A server process forks the workers: fast, and safe although the caller may run threads (Arrow's, say).
            method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
            context = multiprocessing.get_context(method)
            if method == "forkserver":
                context.set_forkserver_preload(self._preload)
            self._pool = ProcessPoolExecutor(self.workers, mp_context=context, initializer=_prepare_worker)
        return self._pool

    def close(self) -> None:
        """End the workers at once; parts that still run are lost."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        for process in list(getattr(pool, "_processes", None) or {}):
            _kill(process)
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _main_out_of_sight() -> Iterator[None]:
    """Keep new workers from running the caller's script again, which they do to find functions defined there.

    What is mapped here stands in modules; a script needs no `if __name__ == "__main__":` for us.
    """
    main = vars(sys.modules["__main__"])
    hidden: dict[str, Any] = {name: main.pop(name) for name in ("__file__", "__spec__") if name in main}
    main["__spec__"] = None
    try:
        yield
    finally:
        main.update({"__spec__": None, **hidden})


def _follow_parent() -> None:
    """End this worker when its parent ends, however it does."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


@contextmanager
def _modest_memory() -> Iterator[None]:
    """Let Arrow in new workers take memory from the system, which has it back at once.

    Its own allocators keep what a batch once took: a third more, and no faster here.
    """
    before = os.environ.get(MEMORY_POOL)
    os.environ.setdefault(MEMORY_POOL, "system")
    try:
        yield
    finally:
        if before is None:
            del os.environ[MEMORY_POOL]


def _prepare_worker() -> None:
    threading.Thread(target=_follow_parent, daemon=True).start()
    # Ctrl-C is left to the parent, which ends the workers; they would each print a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Batches of small objects come and go without cycles: looking for garbage at every 700th costs a tenth of the time.
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
