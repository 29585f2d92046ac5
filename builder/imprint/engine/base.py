"""What an engine is: `map(function, parts)` gives the results in the order of the parts.

Laws: the function is a module-level callable, a part and its result can be pickled and are small (bulk goes through
files); the same part gives the same result wherever and however often it runs, so a lost worker costs only its parts;
an exception of the function reaches the caller as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

P = TypeVar("P")
R = TypeVar("R")


MEMORY_POOL = "ARROW_DEFAULT_MEMORY_POOL"
"""Variable by which Arrow, when it is loaded, chooses where memory comes from."""


class Engine(Protocol):
    """Runs a function over parts."""

    def map(self, function: Callable[[P], R], parts: Sequence[P]) -> Iterator[R]:
        """Yield `function(part)` for each part, in the order of the parts."""
        ...

    def close(self) -> None:
        """End all workers; the engine is not used afterwards."""
        ...
