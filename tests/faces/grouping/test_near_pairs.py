"""photoshare.faces.grouping.near_pairs: the pairs found by a product are all that are near."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photoshare.faces.grouping import near_pairs as module
from photoshare.faces.grouping.clusters import Clusters, MergeRule
from photoshare.faces.grouping.linkage import merge_rule
from photoshare.faces.grouping.near_pairs import NearPairs, near_distances, near_pairs
from photoshare.faces.grouping.plan import NO_PAIRS
from photoshare.faces.grouping.units import make_units
from tests.faces.made_up import EPS, encodings_of, face_set

MIN_FOUNDERS = 2
CLOSE = 1e-3  # a gap this near to the limit may be either, because of rounding


@st.composite
def some_clusters(draw: st.DrawFn) -> Clusters:
    """Up to 12 clusters of one to four faces: near and far, poor, fixed, some with one photo."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=12))
    count = sum(sizes)
    people = draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    spread = draw(st.sampled_from([0.1, 0.2, 0.25, 0.3]))
    faces = face_set(
        encodings_of(people, spread, draw(st.integers(0, 99))),
        photos=draw(st.lists(st.integers(1, 30), min_size=count, max_size=count)),
        good=draw(st.lists(st.booleans(), min_size=count, max_size=count)),
    )
    single = make_units(faces, [], NO_PAIRS, MIN_FOUNDERS).clusters
    clusters = single.joined(np.repeat(np.arange(len(sizes)), sizes), len(sizes))
    fixed = draw(st.lists(st.booleans(), min_size=len(sizes), max_size=len(sizes)))
    is_fixed = np.array(fixed)
    return clusters.established(is_fixed, is_fixed, MIN_FOUNDERS)


def measured(some: Clusters, others: Clusters, rule: MergeRule) -> np.ndarray:
    """Measure all excesses one by one, in double precision; infinite for a pair that may not."""
    found = np.full((len(some), len(others)), np.inf)
    for row, one in enumerate(some.rows.astype(np.float64) / some.counts[:, None]):
        for column, other in enumerate(others.rows.astype(np.float64) / others.counts[:, None]):
            linkage = 2 - 2 * one @ other
            share, other_share = 1 / some.counts[row], 1 / others.counts[column]
            gap = (linkage + (one - other) @ (one - other)) / 2
            gap -= rule.looseness * abs(share - other_share)
            gap += rule.strictness * min(share, other_share)
            founders = sorted((int(some.founders[row]), int(others.founders[column])))
            is_apart = founders[0] == 0 and founders[1] < MIN_FOUNDERS
            is_apart |= bool(some.is_fixed[row] and others.is_fixed[column])
            photos = [
                set(clusters.marks.subset(np.array([place])).table.values.tolist())
                for clusters, place in ((some, row), (others, column))
            ]
            if not is_apart and photos[0].isdisjoint(photos[1]):
                found[row, column] = gap - rule.eps**2
    return found


def as_matrix(pairs: NearPairs, shape: tuple[int, int]) -> np.ndarray:
    found = np.full(shape, np.inf)
    found[pairs.rows, pairs.columns] = pairs.values
    return found


@settings(deadline=None, max_examples=150)
@given(some_clusters(), some_clusters(), st.sampled_from([0, 3000]), st.sampled_from([0, 0.05]))
def test_they_are_the_pairs_measured_one_by_one(
    some: Clusters, others: Clusters, faces_of_room: int, limit: float
) -> None:
    rule = merge_rule(EPS, MIN_FOUNDERS, faces_of_room)
    expected = measured(some, others, rule)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_NUMBERS", 2 * len(others))  # several blocks
        found = as_matrix(near_pairs(some, others, rule, limit), expected.shape)

    is_plain = ~(np.abs(expected - limit) < CLOSE)
    np.testing.assert_array_equal((found < np.inf)[is_plain], (expected <= limit)[is_plain])
    both = np.isfinite(found) & np.isfinite(expected)
    np.testing.assert_allclose(found[both], expected[both], atol=1e-5)


def test_distances_are_multiples_of_eps() -> None:
    clusters = make_units(face_set(encodings_of([0, 0, 1], 0.0)), [], NO_PAIRS, 2).clusters
    pairs = near_distances(clusters, clusters, merge_rule(EPS, 2), 1.0)

    assert list(zip(pairs.rows.tolist(), pairs.columns.tolist(), strict=True)) == [(0, 1), (1, 0)]
    np.testing.assert_allclose(pairs.values, 0, atol=1e-2)


def test_nobody_is_near_to_who_is_not_asked_for() -> None:
    clusters = make_units(face_set(encodings_of([0, 0, 0])), [], NO_PAIRS, 2).clusters
    asked = clusters.only(np.array([False, False, True]))

    assert near_pairs(clusters, asked, merge_rule(EPS, 2)).columns.tolist() == [2, 2]


def test_the_nearest_is_clear_if_all_others_are_farther_by_a_margin() -> None:
    rows, columns = np.array([0, 0, 1, 1, 3]), np.array([7, 4, 5, 6, 2])
    pairs = NearPairs(rows, columns, np.array([0.5, 0.3, 0.3, 0.35, 0.9], dtype=np.float32))

    assert pairs.nearest(4)[1].tolist() == [4, 5, -1, 2]
    found, values = pairs.clearly_nearest(4, 0.1)
    assert found.tolist() == [4, -1, -1, 2]
    np.testing.assert_allclose(values, [0.3, np.inf, np.inf, 0.9])
