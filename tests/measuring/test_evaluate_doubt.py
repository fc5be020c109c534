"""measuring.evaluate_doubt: how often two sides left apart are one person."""

from __future__ import annotations

from measuring.evaluate_doubt import BUCKETS, FACE, PEOPLE, added, count_doubtful, doubtful_cells
from photoshare.faces.types import FaceSet
from tests.faces.made_up import EPS, encodings_at, face_set


def made_up_room() -> FaceSet:
    """Two people 1.4 eps apart; on the other side of the first, a doubtful face."""
    encodings = encodings_at(0.0, 0.0, 0.0, 1.4 * EPS, 1.4 * EPS, 1.18 * EPS)
    encodings[-1, 1] *= -1
    return face_set(encodings)


def counted(*names: str) -> dict[str, dict[str, tuple[int, int]]]:
    counts = count_doubtful(made_up_room(), names, eps=EPS, min_samples=2)
    return {
        kind: {bucket: pairs for bucket, pairs in of_kind.items() if pairs != (0, 0)}
        for kind, of_kind in counts.items()
    }


def test_pairs_are_counted_by_kind_and_distance() -> None:
    assert counted("Lea", "Lea", "Lea", "Tom", "Tom", "Lea") == {
        FACE: {"1.1 to 1.15": (1, 1)},
        PEOPLE: {"1.3 to 1.5": (0, 1)},
    }
    assert counted("Lea", "Lea", "Lea", "Lea", "Lea", "Tom") == {
        FACE: {"1.1 to 1.15": (0, 1)},
        PEOPLE: {"1.3 to 1.5": (1, 1)},
    }


def test_a_person_is_who_most_of_the_known_faces_are_and_an_unknown_one_does_not_count() -> None:
    assert counted("", "Lea", "", "", "", "Lea") == {FACE: {"1.1 to 1.15": (1, 1)}, PEOPLE: {}}
    assert counted("Lea", "Lea", "Tom", "", "", "") == {FACE: {}, PEOPLE: {}}


def test_rooms_add_up_to_the_cells_of_a_table() -> None:
    names = ("Lea", "Lea", "Lea", "Tom", "Tom", "Lea")
    both = added([count_doubtful(made_up_room(), names, eps=EPS, min_samples=2)] * 2)

    cells = dict(zip(BUCKETS, doubtful_cells(both, FACE), strict=True))
    assert cells["1.1 to 1.15"] == "2 of 2"
    assert cells["1.2 to 1.3"] == "0 of 0"
