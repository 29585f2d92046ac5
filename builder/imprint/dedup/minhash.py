"""MinHash: short signatures whose agreement is the likeness of texts (Broder, 1997), and how many of them a search needs.

A signature is cut into bands of some rows each; texts that agree in all rows of a band are compared (Leskovec, Rajaraman
and Ullman, Mining of Massive Datasets, chapter 3). Two texts of similarity s meet with probability 1 - (1 - s^rows)^bands,
the S-curve; docs/adr/0009 draws it and says why these numbers.

Law: the signature of a text depends on its shingles, the seed and the number of rows alone.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import rensa

from imprint.dedup.shingles import Shingles

Signatures = npt.NDArray[np.uint16]
"""Records by rows of the signature. Sixteen bits of each minimum: chance agreement is one in 65,536."""

FIRST_RECALL = 0.996
"""Share of the pairs just at the threshold that the first search meets; of closer pairs it meets more."""

SECOND_RECALL = 0.998
"""The same for the second search, which so has more bands."""

LONGEST = 130
"""Rows that the first signature has at most."""

SIGMAS = 4.5
"""Standard deviations below the threshold from which a pair's estimate is not worth an exact look: one in 300,000."""


@dataclass(frozen=True, slots=True)
class Search:
    """One way to look for pairs."""

    seed: int
    bands: int
    rows: int
    """Rows of a band."""
    at: float
    """The similarity from which pairs are looked for."""

    @property
    def length(self) -> int:
        """Rows of a signature."""
        return self.bands * self.rows

    @property
    def floor(self) -> float:
        """The agreement of two signatures below which their texts are less alike than `at`, but for one in 300,000."""
        return max(0.0, self.at - SIGMAS * math.sqrt(self.at * (1 - self.at) / self.length))

    def expected(self, similarity: float) -> float:
        """The S-curve: the share of pairs of this similarity that meet in a band."""
        return 1 - (1 - similarity**self.rows) ** self.bands

    def as_dict(self) -> dict[str, float]:
        """The parameters, as the certificate states them."""
        return {"seed": self.seed, "bands": self.bands, "rows": self.rows, "at": self.at}


def searches_for(group_at: float) -> tuple[Search, Search]:
    """The two searches of a build: the first at the threshold of clusters, the second with another seed and more bands.

    The second one also looks down to 0.5 where clusters begin higher, so that the certificate can say what is left there.
    """
    first = _search(1, group_at, FIRST_RECALL, LONGEST)
    return first, _search(2, min(group_at, 0.5), SECOND_RECALL, 2 * LONGEST)


def _search(seed: int, at: float, recall: float, longest: int) -> Search:
    """The search with most rows to a band, so with the fewest chance meetings, whose signature is short enough."""
    fitting = Search(seed, _bands(at, 1, recall), 1, at)
    for rows in range(2, 9):
        wider = Search(seed, _bands(at, rows, recall), rows, at)
        fitting = wider if wider.length <= longest else fitting
    return fitting


def _bands(at: float, rows: int, recall: float) -> int:
    missed = 1 - at**rows
    return 1 if missed <= 0 else math.ceil(math.log(1 - recall) / math.log(missed))


def signatures(found: Shingles, search: Search) -> Signatures:
    """The signatures of a batch of texts."""
    matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
        found.hashes, found.offsets.astype(np.uint64), search.length, search.seed
    )
    # Rows come as lists: packing each takes a third of the time that NumPy takes to look at them.
    pack = struct.Struct(f"={search.length}I").pack
    values = np.frombuffer(b"".join([pack(*row) for row in matrix.to_rows()]), np.uint32)
    return values.astype(np.uint16).reshape(len(found), search.length)
