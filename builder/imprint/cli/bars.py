"""Progress bars with rate and remaining time, on a terminal's stderr."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

_BYTES = frozenset({"read", "clean", "publish"})
"""Stages that count bytes."""


class Bars:
    """Shows the stages of long work as bars, one below the other."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def stage(self, name: str, total: int) -> None:
        """Begin a bar."""
        self._stop()
        amount = [DownloadColumn(), TransferSpeedColumn()] if name in _BYTES else [MofNCompleteColumn()]
        columns = (
            TextColumn("{task.description:<8}"),
            BarColumn(),
            *amount,
            TimeRemainingColumn(elapsed_when_finished=True),
        )
        self._progress = Progress(*columns, console=self._console)
        self._task = self._progress.add_task(name, total=total or None)
        self._progress.start()

    def advance(self, amount: int) -> None:
        """Move the bar."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, amount)

    def note(self, message: str) -> None:
        """Print a sentence above the bars."""
        self._console.print(message, style="dim", markup=False, highlight=False)

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
