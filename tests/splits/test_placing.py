"""Placing: newcomers among their neighbours, as laws over random worlds of pairs and published clusters."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imprint.splits.placing import UNDECIDED, Neighbours, Placed, Rules, Standing, place

TRAIN, TEST = 0, 1


def world(pairs: dict[tuple[int, int], float]) -> Neighbours:
    one, other = (
        (np.array(side, np.int64) for side in zip(*pairs, strict=True))
        if pairs
        else (np.empty(0, np.int64),) * 2
    )
    return Neighbours.among(one, other, np.array(list(pairs.values()), np.float64))


def standing(splits: dict[int, int], clusters: dict[int, int] | None = None) -> Standing:
    """Published records, older the smaller their number; each its own cluster unless told."""
    own = clusters or {}
    return Standing(splits, {r: r for r in splits}, {r: own.get(r, r) for r in splits})


def placed(
    pairs: dict[tuple[int, int], float],
    newcomers: list[int],
    published: dict[int, int] | None = None,
    own: dict[int, int] | None = None,
    drop_at: float | None = 0.8,
    closed: frozenset[int] = frozenset(),
) -> Placed:
    return place(newcomers, own or {}, world(pairs), standing(published or {}), Rules(drop_at, closed))


def test_a_near_duplicate_is_dropped_for_the_published_record_or_else_for_the_earliest() -> None:
    found = placed({(1, 10): 0.9, (10, 11): 0.95, (12, 13): 0.85}, [10, 11, 12, 13], {1: TRAIN})
    assert found.dropped == {10: 1, 13: 12}
    # The eleventh is like the tenth, which is not kept.
    assert 11 in found.group


def test_a_bridge_between_two_splits_is_withheld_and_names_both() -> None:
    found = placed({(1, 10): 0.6, (2, 10): 0.6}, [10], {1: TRAIN, 2: TEST})
    assert found.withheld == {10: (1, 2)}


def test_what_is_like_an_evaluation_record_is_withheld_where_those_take_nothing() -> None:
    found = placed({(2, 10): 0.6, (10, 11): 0.6}, [10, 11], {2: TEST}, closed=frozenset({TEST}))
    assert found.withheld == {10: (2,)}
    assert found.split.get(found.group[11], UNDECIDED) == UNDECIDED


def test_a_group_goes_where_the_one_of_it_goes_that_touches_a_cluster() -> None:
    pairs = {(10, 11): 0.6, (11, 12): 0.6, (2, 12): 0.6}
    found = placed(pairs, [10, 11, 12], {2: TEST})
    assert set(found.group.values()) == {10}
    assert found.split == {10: TEST}
    assert found.joined == {10: 2, 11: 2, 12: 2}


def test_a_newcomer_joins_the_oldest_cluster_that_it_touches() -> None:
    published = Standing({1: TRAIN, 5: TRAIN}, {1: 1, 5: 5}, {1: 9, 5: 0})
    found = place([10], {}, world({(1, 10): 0.7, (5, 10): 0.6}), published, Rules(0.8, frozenset()))
    assert found.joined == {10: 5}


def test_members_that_belong_elsewhere_are_withheld() -> None:
    found = placed({(10, 11): 0.6, (11, 12): 0.6}, [10, 11, 12], own={10: TRAIN, 11: TEST, 12: TEST})
    assert found.withheld == {11: (10,)}
    assert found.split[found.group[12]] == TEST


def test_records_that_stand_and_are_alike_in_two_splits_are_told() -> None:
    assert placed({(1, 2): 0.7}, [], {1: TRAIN, 2: TEST}).leaks == [(2, 1)]


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, object]:
    published = {record: draw(st.sampled_from([TRAIN, TEST])) for record in range(draw(st.integers(0, 4)))}
    newcomers = list(range(10, 10 + draw(st.integers(1, 8))))
    pairs = {}
    for one, other in itertools.combinations([*published, *newcomers], 2):
        if other >= 10 and draw(st.integers(0, 3)) == 0:
            pairs[one, other] = draw(st.sampled_from([0.5, 0.7, 0.8, 0.95]))
    own = {r: draw(st.sampled_from([UNDECIDED, UNDECIDED, TRAIN, TEST])) for r in newcomers}
    return {
        "pairs": pairs,
        "newcomers": newcomers,
        "published": published,
        "own": own if draw(st.booleans()) else {},
        "drop_at": draw(st.sampled_from([0.8, None])),
        "closed": draw(st.sampled_from([frozenset(), frozenset({TEST})])),
    }


@given(worlds())
def test_the_laws_of_placing(given_: dict[str, object]) -> None:
    found = placed(**given_)  # type: ignore[arg-type]
    pairs, newcomers, published = given_["pairs"], given_["newcomers"], given_["published"]
    own, closed = given_["own"], given_["closed"]
    assert isinstance(pairs, dict)
    assert isinstance(newcomers, list)
    assert isinstance(published, dict)
    assert isinstance(own, dict)
    kept = set(found.group)
    assert [*sorted(kept | found.dropped.keys() | found.withheld.keys())] == newcomers
    assert len(kept) + len(found.dropped) + len(found.withheld) == len(newcomers)

    def split(record: int) -> int:
        return published[record] if record in published else found.split.get(found.group[record], UNDECIDED)

    for (one, other), alike in pairs.items():
        if other in kept and (one in kept or one in published):
            # Alike and kept: one split, or one group whose split is chosen as a whole.
            same_group = one in kept and found.group[one] == found.group[other]
            assert same_group or split(one) == split(other) != UNDECIDED
            assert given_["drop_at"] is None or alike < 0.8
    for record in kept:
        assert own.get(record, UNDECIDED) in {UNDECIDED, split(record)}
        assert split(record) not in closed  # type: ignore[operator]
        if record in found.joined:
            assert split(record) == published[found.joined[record]]
    for record, keeper in found.dropped.items():
        assert keeper in published or (keeper in kept and keeper < record)
        assert max(pairs.get((keeper, record), 0), pairs.get((record, keeper), 0)) >= 0.8
