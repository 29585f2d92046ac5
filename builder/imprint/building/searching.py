"""Searching: the two searches of a release, and what its evaluation splits share with train.

The first one looks for near duplicates among all records that are new. The second one, with another seed and more bands,
looks for what the first one missed where it matters: at the records of evaluation splits and those that share a run of
words with them (imprint.building.nearby). Law: a search depends on texts, splits and its parameters alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from imprint.building.comparing import Among, Comparing, Confirmed
from imprint.building.nearby import nearby
from imprint.building.signing import Signed, sign_again
from imprint.building.spans import SPAN, SpanSearch
from imprint.building.text_sources import Records
from imprint.building.texts import Texts
from imprint.dedup.minhash import Search
from imprint.engine.base import Engine

FULL_AT = 0.5
"""Below this similarity two texts need not share a run of words: then the second search looks at all records."""


class Searching:
    """Searches among the records of a build, all of which are signed."""

    def __init__(self, texts: Texts, signed: Signed, second: Search, engine: Engine) -> None:
        """Prepare the searches.

        Args:
            texts: where the texts lie.
            signed: the signatures of all records for the first search.
            second: the second search.
            engine: what maps.
        """
        self.texts = texts
        self.searches = (signed.search, second)
        self._signed = signed
        self._engine = engine
        self._comparing = Comparing(texts, engine)
        self.crowded = False
        """Whether the last first search met crowds, in which not all pairs are looked for."""
        self._evaluation: Records = np.empty(0, np.int64)
        self._near: Records = np.empty(0, np.int64)

    def first(self, among: Among) -> Confirmed:
        """The pairs that the first search finds."""
        pairs, self.crowded = self._comparing.pairs(self._signed, among)
        return pairs

    def second(self, split: npt.NDArray[np.int8], train: int) -> Confirmed:
        """The pairs with a record of an evaluation split that the second search finds.

        Args:
            split: split of each record, by number; negative for records that are not in the release.
            train: which of them is train.
        """
        self._evaluation = np.flatnonzero((split >= 0) & (split != train))
        others = np.flatnonzero(split == train)
        second = self.searches[1]
        near = nearby(self.texts, self._evaluation, others, self._engine) if len(others) else others
        self._near = near if second.at >= FULL_AT else others
        members = np.union1d(self._evaluation, self._near)
        self.texts.copy(members, self._engine)
        signed = sign_again(self.texts.work, self.texts.chunks(members), second, self._engine)
        allowed = np.ones((max(int(split.max(initial=0)), train) + 1,) * 2, np.bool_)
        allowed[train, train] = False
        return self._comparing.pairs(signed, Among(members, split[members], allowed))[0]

    def spans(self, split: npt.NDArray[np.int8], names: Sequence[str]) -> dict[str, Any]:
        """Per evaluation split of the last second search, the records that share a span with train, for the certificate.

        Args:
            split: split of each record, by number, as the second search had it.
            names: the names of the splits.
        """
        self.texts.copy(np.union1d(self._evaluation, self._near), self._engine)
        asked = [
            (names[number], chunk)
            for number in np.unique(split[self._evaluation]).tolist()
            for chunk in self.texts.chunks(self._evaluation[split[self._evaluation] == number])
        ]
        search = SpanSearch(self.texts.work.root, self._engine)
        found = search.run([chunk for _, chunk in asked], self.texts.chunks(self._near))
        splits: dict[str, dict[str, int]] = {}
        for (name, _), answer in zip(asked, found, strict=True):
            counts = splits.setdefault(name, {"records": 0, "short": 0, "in_train": 0})
            counts["records"] += answer.asked.texts
            counts["short"] += answer.asked.short
            counts["in_train"] += len(answer.rows)
        return {"tokens": SPAN, "splits": splits}
