"""Habits: what the new articles of a source show together: lines that stand at their edges, and the order of their dates.

Law: an article shows each thing once, however often it was crawled; what was decided before shows nothing new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

from imprint.cleaning.characters import clean_text, untidy
from imprint.cleaning.orders import Order, shown
from imprint.cleaning.residue import edge_lines, line_hash

LINE_USE = np.dtype([("source", "<u8"), ("line", "<u8"), ("text", "<u8")])
"""One short line at the edge of one text, as hashes."""

USES_AT_A_TIME = 1 << 16
"""Uses that are gathered before they are packed."""

BATCH = 1024
"""Texts that are looked at together."""


def mixed(uses: npt.NDArray[Any], *names: str) -> npt.NDArray[np.uint64]:
    """One hash of several: numbers are sorted ten times as fast as rows of them."""
    whole = np.zeros(len(uses), np.uint64)
    for name, factor in zip(names, _FACTORS, strict=False):
        whole ^= uses[name] * np.uint64(factor)
    return whole


_FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
"""Odd numbers that stir all bits: xxHash's primes and the golden ratio."""


def distinct(uses: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Each use once."""
    return uses[np.unique(mixed(uses, *LINE_USE.names or ()), return_index=True)[1]]


class Habits:
    """What the articles of one part show."""

    def __init__(self, times: Sequence[str]) -> None:
        """Begin with nothing; `times` are the fields that hold dates."""
        self.date_orders: dict[str, Counter[Order]] = {}
        """Source to the orders of day and month that its dates show."""
        self._times = times
        self._texts: dict[str, set[int]] = {}
        self._uses: list[tuple[int, int, int]] = []
        self._packed = [np.empty(0, LINE_USE)]
        self._waiting: list[tuple[str, str]] = []

    def add(self, source: str, values: Mapping[str, Any], body: str) -> None:
        """An article of a source."""
        self._waiting.append((source, body))
        if len(self._waiting) >= BATCH:
            self._look()
        for name in self._times:
            value = values.get(name)
            # Nearly all dates have the year first: a look at three characters is all that they cost.
            if type(value) is not str or value[:3].isdigit():
                continue
            if order := shown(" ".join(value.split())):
                self.date_orders.setdefault(source, Counter())[order] += 1

    def articles(self) -> Counter[str]:
        """Source to distinct texts."""
        self._look()
        return Counter({source: len(texts) for source, texts in self._texts.items()})

    def line_uses(self) -> npt.NDArray[Any]:
        """Distinct uses of lines, as an array of LINE_USE: an article that was crawled ten times says its last line once."""
        self._look()
        self._pack()
        return distinct(np.concatenate(self._packed))

    def _pack(self) -> None:
        # As tuples, uses take ten times the space, and a part that cannot be divided may have a million.
        self._packed.append(distinct(np.array(self._uses, LINE_USE)))
        self._uses = []

    def _look(self) -> None:
        waiting, self._waiting = self._waiting, []
        bodies = [body for _, body in waiting]
        # Lines must be those that cleaning will see; ASCII with LF is clean enough to be looked at as it is.
        odd = [index for index, body in enumerate(bodies) if not body.isascii() or "\r" in body]
        for index, needs in zip(odd, untidy([bodies[index] for index in odd]), strict=True):
            if needs:
                bodies[index], _ = clean_text(bodies[index])
        for (source, _), body in zip(waiting, bodies, strict=True):
            text = xxhash.xxh3_64_intdigest(body.encode())
            hashed = line_hash(source)
            self._texts.setdefault(source, set()).add(text)
            self._uses.extend((hashed, line_hash(line), text) for line in edge_lines(body))
        if len(self._uses) >= USES_AT_A_TIME:
            self._pack()
