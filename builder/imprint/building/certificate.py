"""The leak certificate: what two searches say of pairs across splits, and what evaluation splits share with train.

Laws: each number comes from the release that it stands in; `imprint verify --leaks` computes pairs and spans again
from the shards alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imprint.building.comparing import Among, Comparing, Confirmed
from imprint.building.dividing import Division
from imprint.building.signing import Searches
from imprint.building.spans import SPAN, SpanSearch, groups_of
from imprint.engine.base import Engine
from imprint.recipe import SHINGLES, TRAIN, Recipe
from imprint.releases.manifest import ReleaseFile

FORMAT = "imprint-leaks/1"

BANDS = (0.9, 0.8, 0.7, 0.6, 0.5)
"""Where the bands of similarity begin; each ends where the one before it begins."""

Certificate = dict[str, Any]


def certificate(
    division: Division, searches: Searches, recipe: Recipe, splits: Sequence[str], spans: Mapping[str, Any]
) -> Certificate:
    """The certificate of a release.

    Args:
        division: how its records were divided.
        searches: the two searches.
        recipe: the thresholds and the names of the splits.
        splits: those that the release has.
        spans: what `shared_spans` found.
    """
    assert division.across is not None
    return {
        "format": FORMAT,
        "shingles": SHINGLES,
        "group_at": recipe.dedup.group_at,
        "searches": [search.as_dict() for search in searches],
        "rounds": division.rounds,
        "recall": {"pairs": division.seen, "joined": division.known},
        "pairs": pairs_across(division.across, division.split, recipe.splits.names, splits),
        "spans": dict(spans),
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


def shared_spans(
    release: Path, shards: Sequence[ReleaseFile], folder: Path, engine: Engine
) -> dict[str, Any]:
    """Per evaluation split, the records that share a span of 13 words with train.

    Args:
        release: the release's folder.
        shards: its shards.
        folder: where the search may write.
        engine: what maps.

    Raises:
        OSError: a shard is damaged.
    """
    groups = [(str(shard.split), group) for shard in shards for group in groups_of(release / shard.path)]
    asked = [(split, group) for split, group in groups if split != TRAIN]
    train = [group for split, group in groups if split == TRAIN]
    found = SpanSearch(folder, engine).run([group for _, group in asked], train)
    splits: dict[str, dict[str, int]] = {}
    for (split, _), answer in zip(asked, found, strict=True):
        counts = splits.setdefault(split, {"records": 0, "short": 0, "in_train": 0})
        counts["records"] += answer.asked.rows
        counts["short"] += answer.asked.short
        counts["in_train"] += len(answer.rows)
    return {"tokens": SPAN, "splits": splits}


def search_again(comparing: Comparing, split: npt.NDArray[np.int8]) -> Confirmed:
    """The pairs across splits of a release that stands, all of whose records are members."""
    members = np.arange(len(split), dtype=np.int64)
    allowed = ~np.eye(int(split.max(initial=0)) + 1, dtype=np.bool_)
    return comparing.pairs(1, Among(members, split, allowed))
