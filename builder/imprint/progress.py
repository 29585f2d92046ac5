"""Progress: how a verb tells its caller what it is doing, without knowing a terminal."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives the stages of long work. Law: it only listens; no result depends on it."""

    def stage(self, name: str, total: int) -> None:
        """A stage begins; `total` is in the unit of the following `advance` calls (bytes, shards or files)."""

    def advance(self, amount: int) -> None:
        """Some of the stage's total is done."""

    def note(self, message: str) -> None:
        """A sentence for the person who waits."""


class Silent:
    """Progress that nobody watches: the default of the Python API."""

    def stage(self, name: str, total: int) -> None:
        """Say nothing."""

    def advance(self, amount: int) -> None:
        """Say nothing."""

    def note(self, message: str) -> None:
        """Say nothing."""
