"""Following faces through a clip: one person is one face, and no two people are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from photoshare.clips.tracking import FEW_FRAMES, SeenFrame, follow_faces
from photoshare.faces.types import AnalysedFace, Doubt
from photoshare.geometry import FaceLocation

EPS = 0.8
ANNA, BEN, CLEO = 0, 1, 2
HERE, THERE, FAR = (100, 200, 200, 100), (100, 600, 200, 500), (400, 900, 500, 800)
# (of whom, where, how far from their usual encoding)
Drawn = tuple[int, FaceLocation] | tuple[int, FaceLocation, float]


def face(person: int, location: FaceLocation, apart: float = 0.0, **values: object) -> AnalysedFace:
    """Make a face whose encoding is ``apart`` from that of its person, in units of EPS."""
    encoding = np.zeros(8, dtype=np.float32)
    encoding[person] = 1
    encoding[7] = apart * EPS
    return AnalysedFace(location, 1.0, encoding, **values)  # type: ignore[arg-type]


def frames(
    *seen: Sequence[Drawn], scenes: Sequence[int] = (), step_ms: int = 500
) -> list[SeenFrame]:
    return [
        SeenFrame(number * step_ms, scenes[number] if scenes else 0, [face(*one) for one in drawn])
        for number, drawn in enumerate(seen)
    ]


def paths(found: Sequence[SeenFrame]) -> list[list[int]]:
    """List in which frames each person was seen."""
    tracked = follow_faces(found, EPS, Doubt())
    return [[frame for frame, _ in one.sightings] for one in tracked]


def moved(location: FaceLocation, by: int) -> FaceLocation:
    top, right, bottom, left = location
    return top, right + by, bottom, left + by


def test_someone_who_walks_through_a_clip_is_one_face() -> None:
    walking: list[list[Drawn]] = [[(ANNA, moved(HERE, 40 * step))] for step in range(6)]

    assert paths(frames(*walking)) == [[0, 1, 2, 3, 4, 5]]


def test_two_people_are_two_faces_also_where_they_change_places() -> None:
    crossing = frames([(ANNA, HERE), (BEN, THERE)], [(BEN, HERE), (ANNA, THERE)])

    tracked = follow_faces(crossing, EPS, Doubt())

    assert [one.sightings for one in tracked] == [((0, 0), (1, 1)), ((0, 1), (1, 0))]


def test_a_blurred_face_that_stays_where_it_was_is_the_same_person() -> None:
    standing = frames([(ANNA, HERE)], [(ANNA, moved(HERE, 20), 0.95)], [(ANNA, HERE)])

    assert paths(standing) == [[0, 1, 2]]


def test_someone_else_at_the_same_place_after_a_cut_is_not_the_same_person() -> None:
    cut = frames([(ANNA, HERE)], [(ANNA, HERE)], [(BEN, HERE)], [(BEN, HERE)], scenes=(0, 0, 1, 1))

    assert paths(cut) == [[0, 1], [2, 3]]


def test_whoever_is_back_after_a_cut_is_the_same_person() -> None:
    back = frames([(ANNA, HERE)], [(BEN, HERE)], [(ANNA, FAR)], [(BEN, FAR)], scenes=(0, 1, 2, 3))

    assert paths(back) == [[0, 2], [1, 3]]


def test_two_faces_in_one_frame_are_never_one_person_however_alike_they_are() -> None:
    both: list[Drawn] = [(ANNA, HERE), (ANNA, THERE, 0.7)]
    twins = frames(*[both] * 3)

    tracked = follow_faces(twins, EPS, Doubt())

    assert [len(one.sightings) for one in tracked] == [3, 3]
    assert [one.face.panel for one in tracked] == [0, 0]  # and no grouping makes them one


def test_a_reflection_may_be_the_same_person_after_all() -> None:
    both: list[Drawn] = [(ANNA, HERE), (ANNA, THERE, 0.3)]
    mirror = frames(*[both] * 3)

    assert [one.face.panel for one in follow_faces(mirror, EPS, Doubt())] == [0, 1]


def test_tracks_of_perhaps_one_person_may_still_be_grouped_as_one() -> None:
    doubtful = frames(
        *([(ANNA, HERE)], [(ANNA, HERE)], [(ANNA, FAR, 1.05)], [(ANNA, FAR, 1.05)]),
        scenes=(0, 0, 1, 1),
    )

    tracked = follow_faces(doubtful, EPS, Doubt())

    assert [len(one.sightings) for one in tracked] == [2, 2]
    assert [one.face.panel for one in tracked] == [0, 1]


def test_people_who_are_clearly_unlike_share_a_panel_without_having_met() -> None:
    alone = frames(
        *([(ANNA, HERE)], [(ANNA, HERE)], [(BEN, FAR)], [(BEN, FAR)]), scenes=(0, 0, 1, 1)
    )

    assert [one.face.panel for one in follow_faces(alone, EPS, Doubt())] == [0, 0]


def test_the_face_of_someone_is_the_best_of_the_frames_and_tells_its_time() -> None:
    points = np.array([[30, 30], [70, 30], [50, 50], [35, 70], [65, 70]], dtype=np.float32)
    sharp = face(ANNA, moved(HERE, 30), landmarks=points, sharpness=0.05)
    blurred = face(ANNA, HERE, 0.3, landmarks=points, sharpness=0.002)
    seen = [
        SeenFrame(at_ms, 0, [one]) for at_ms, one in ((0, blurred), (480, sharp), (990, blurred))
    ]

    (anna,) = follow_faces(seen, EPS, Doubt())

    assert anna.face.at_ms == 480
    assert anna.face.location == moved(HERE, 30)
    assert np.array_equal(anna.face.encoding, sharp.encoding)


def test_a_pattern_that_looked_like_a_face_once_is_left_out() -> None:
    seen = frames(*[[(ANNA, HERE)]] * FEW_FRAMES)
    pattern = face(CLEO, (10, 40, 40, 10))  # too small to found a person
    seen[1] = SeenFrame(seen[1].at_ms, 0, [*seen[1].faces, pattern])

    assert paths(seen) == [list(range(FEW_FRAMES))]


def test_a_large_sure_face_counts_though_it_was_seen_once() -> None:
    seen = frames([(ANNA, HERE)], [(ANNA, HERE), (BEN, THERE)], *[[(ANNA, HERE)]] * 3)

    assert paths(seen) == [[0, 1, 2, 3, 4], [1]]


def test_a_clip_without_faces_has_nobody() -> None:
    assert follow_faces(frames([], []), EPS, Doubt()) == []
    assert follow_faces([], EPS, Doubt()) == []
