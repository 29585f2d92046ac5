"""The leak certificate: what two searches say of pairs across splits, and what evaluation splits share with train.

Laws: each number comes from the release that it stands in; `imprint verify --leaks` computes pairs and spans again
from the shards alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from imprint.building.comparing import Confirmed
from imprint.building.dividing import Division
from imprint.building.searching import Searching
from imprint.recipe import SHINGLES, Recipe

FORMAT = "imprint-leaks/1"

BANDS = (0.9, 0.8, 0.7, 0.6, 0.5)
"""Where the bands of similarity begin; each ends where the one before it begins."""

Certificate = dict[str, Any]


def certificate(
    division: Division, searching: Searching, recipe: Recipe, splits: Sequence[str]
) -> Certificate:
    """The certificate of a release.

    Args:
        division: how its records were divided.
        searching: what searched them.
        recipe: the thresholds and the names of the splits.
        splits: those that the release has.
    """
    assert division.across is not None
    return {
        "format": FORMAT,
        "shingles": SHINGLES,
        "group_at": recipe.dedup.group_at,
        "searches": [search.as_dict() for search in searching.searches],
        "rounds": division.rounds,
        "recall": {"pairs": division.seen, "joined": division.known},
        "pairs": pairs_across(division.across, division.split, recipe.splits.names, splits),
        "spans": searching.spans(division.split, recipe.splits.names),
    }


def pairs_across(
    across: Confirmed, split: npt.NDArray[np.int8], names: Sequence[str], splits: Sequence[str]
) -> list[dict[str, Any]]:
    """Pairs between each two splits, by band of similarity.

    Args:
        across: the pairs.
        split: index of each record's split in `names`.
        names: the names of splits.
        splits: those that the release has.
    """
    sides = np.sort(np.stack([split[across.one], split[across.other]], axis=1), axis=1)
    band = np.searchsorted(-np.array(BANDS), -across.similarity, side="left")
    rows = []
    for one, other in itertools.combinations(sorted(map(list(names).index, splits)), 2):
        here = band[(sides[:, 0] == one) & (sides[:, 1] == other)]
        counts = {str(start): int((here == number).sum()) for number, start in enumerate(BANDS)}
        rows.append({"splits": [names[one], names[other]], "counts": counts})
    return rows
