"""measuring.dbscan: pure functions."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from measuring.dbscan import cluster_encodings
from photoshare.faces.graphs.dlib_format import ENCODING_SIZE
from photoshare.faces.types import NOISE_LABEL

EPS = 0.25  # between two steps of the line below, so that rounding does not matter


def on_a_line(*steps: int) -> NDArray[np.float32]:
    """Place faces on a line, a tenth apart per step."""
    encodings = np.zeros((len(steps), ENCODING_SIZE), dtype=np.float32)
    encodings[:, 0] = np.array(steps, dtype=np.float32) / 10
    return encodings


def cluster(*steps: int, min_samples: int = 2) -> list[int]:
    labels: list[int] = cluster_encodings(
        on_a_line(*steps), eps=EPS, min_samples=min_samples
    ).tolist()
    return labels


def test_no_faces_have_no_labels() -> None:
    assert cluster() == []


def test_one_face_alone_is_noise() -> None:
    assert cluster(5) == [NOISE_LABEL]


def test_one_face_is_a_cluster_where_one_is_enough() -> None:
    assert cluster(5, min_samples=1) == [0]


def test_two_near_faces_are_one_cluster() -> None:
    assert cluster(5, 7) == [0, 0]


def test_two_far_faces_are_noise() -> None:
    assert cluster(5, 8) == [NOISE_LABEL, NOISE_LABEL]


def test_faces_that_are_all_far_apart_are_all_noise() -> None:
    assert cluster(0, 10, 20, 30, 40) == [NOISE_LABEL] * 5


def test_min_samples_counts_the_face_itself() -> None:
    assert cluster(0, 1, 2, min_samples=3) == [0, 0, 0]
    assert cluster(0, 1, min_samples=3) == [NOISE_LABEL, NOISE_LABEL]


def test_labels_count_from_zero_and_noise_stands_aside() -> None:
    assert cluster(0, 50, 1, 100, 51) == [0, 1, 0, NOISE_LABEL, 1]


@pytest.mark.parametrize("shape", [(ENCODING_SIZE,), (2, 0), (1, 1, 128)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        cluster_encodings(np.zeros(shape, dtype=np.float32), eps=EPS, min_samples=2)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_refused(number: float) -> None:
    encodings = on_a_line(1, 2)
    encodings[1, 5] = number

    with pytest.raises(ValueError, match="finite"):
        cluster_encodings(encodings, eps=EPS, min_samples=2)


@settings(derandomize=True, deadline=None)
@given(data=st.data(), steps=st.lists(st.integers(0, 40), max_size=25))
def test_the_order_of_the_faces_does_not_matter(data: st.DataObject, steps: list[int]) -> None:
    order = data.draw(st.permutations(range(len(steps))))
    labels = cluster(*steps)

    shuffled = cluster(*[steps[row] for row in order])

    assert partition(shuffled, order) == partition(labels, range(len(steps)))


def partition(labels: list[int], rows: Iterable[int]) -> set[tuple[bool, frozenset[int]]]:
    """Return which rows are grouped, and which groups are noise, whatever the labels."""
    groups: dict[int, set[int]] = {}
    for label, row in zip(labels, rows, strict=True):
        groups.setdefault(label, set()).add(row)
    return {(label == NOISE_LABEL, frozenset(group)) for label, group in groups.items()}
