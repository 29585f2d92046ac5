"""Exact duplicates and versions of one article, among new records and against what is published.

Laws: the result depends on the set of records, not on their order; of equal texts the published one is kept, or else
the earliest; of equal ids the one retrieved last, then modified, published, raw digest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def first_of_equals(keys: Array, *order: Array) -> tuple[Array, Array]:
    """Keep the first record of each key.

    Args:
        keys: the key of each record.
        order: columns that say which comes first, the most significant first; together they are a total order, or the
            records are interchangeable.

    Returns:
        A mask of the records that are kept, and for each record the index of the one kept with its key.
    """
    count = len(keys)
    # lexsort takes the most significant column last.
    ranked = np.lexsort((*reversed(order), keys))
    fresh = np.ones(count, np.bool_)
    fresh[1:] = keys[ranked][1:] != keys[ranked][:-1]
    kept = np.zeros(count, np.bool_)
    kept[ranked[fresh]] = True
    keeper = np.empty(count, np.int64)
    keeper[ranked] = ranked[np.maximum.accumulate(np.where(fresh, np.arange(count), 0))]
    return kept, keeper


def positions(needles: Array, haystack: Array) -> Array:
    """Where each needle stands in an array of distinct values, -1 where it does not."""
    if not len(haystack) or not len(needles):
        return np.full(len(needles), -1, np.int64)
    order = np.argsort(haystack, kind="stable")
    at = order[np.minimum(np.searchsorted(haystack, needles, sorter=order), len(haystack) - 1)]
    return np.where(haystack[at] == needles, at, -1)


def distinct(values: Array) -> Array:
    """The distinct values of an array of numbers, sorted; `np.unique` hashes first, which takes ten times as long."""
    ranked = np.sort(values)
    fresh: Array = np.ones(len(ranked), np.bool_)
    fresh[1:] = ranked[1:] != ranked[:-1]
    only: Array = ranked[fresh]
    return only


def shared(keys: Array) -> Array:
    """Mask of the records whose key another record has, too."""
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    mask: Array = counts[inverse] > 1
    return mask
