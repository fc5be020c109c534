"""Who is who, on made-up encodings: people are directions, faces are near them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from photoshare.faces.graphs.dlib_format import ENCODING_SIZE
from photoshare.faces.grouping.plan import NO_PERSON
from photoshare.faces.quality import are_founders
from tests.conftest import ROOT
from tests.faces.made_up import EPS, encodings_at, encodings_of, face_set
from tests.faces.made_up_rooms import plan, together


def test_no_face_makes_no_person() -> None:
    done = plan(face_set(np.empty((0, ENCODING_SIZE), dtype=np.float32)))

    assert (len(done.person_ids), done.merged) == (0, {})


def test_one_face_stays_unsorted() -> None:
    assert plan(face_set(encodings_of([0]))).person_ids.tolist() == [NO_PERSON]


def test_two_alike_faces_of_two_photos_are_a_new_person() -> None:
    assert plan(face_set(encodings_of([0, 0]))).person_ids.tolist() == [-1, -1]


def test_two_alike_faces_of_one_photo_are_two_people() -> None:
    done = plan(face_set(encodings_of([0, 0]), photos=[7, 7]))

    assert done.person_ids.tolist() == [NO_PERSON, NO_PERSON]


def test_strangers_stay_unsorted() -> None:
    assert not plan(face_set(encodings_of([-1, -2, -3, -4, -5]))).person_ids.any()


def test_copies_of_one_face_are_one_person() -> None:
    copies = np.repeat(encodings_of([3]), 9, axis=0)

    assert plan(face_set(copies)).person_ids.tolist() == [-1] * 9


def test_encodings_of_zeros_do_not_disturb() -> None:
    encodings = np.concatenate([np.zeros((1, ENCODING_SIZE), np.float32), encodings_of([0, 0])])

    assert plan(face_set(encodings)).person_ids.tolist() == [NO_PERSON, -1, -1]


def test_new_people_are_numbered_by_their_first_faces() -> None:
    assert plan(face_set(encodings_of([4, 2, 4, 2]))).person_ids.tolist() == [-1, -2, -1, -2]


def test_a_poor_face_joins_but_does_not_found() -> None:
    together = face_set(encodings_of([0, 0, 0]), good=[True, True, False])
    alone = face_set(encodings_of([0, 0]), good=[True, False])

    assert plan(together).person_ids.tolist() == [-1, -1, -1]
    assert plan(alone).person_ids.tolist() == [NO_PERSON, NO_PERSON]


def test_poor_faces_join_a_fixed_person_who_has_only_poor_faces() -> None:
    faces = face_set(encodings_of([0, 0, 0]), people=[5, 5, NO_PERSON], good=[False] * 3)

    assert plan(faces, [False, False, True], fixed={5}).person_ids.tolist() == [5, 5, 5]


def test_a_new_face_joins_its_person_and_leaves_the_others_alone() -> None:
    faces = face_set(encodings_of([0, 0, 1, 1, 0]), people=[5, 5, 9, 9, NO_PERSON])
    done = plan(faces, [False] * 4 + [True])

    assert (done.person_ids.tolist(), done.merged) == ([5, 5, 9, 9, 5], {})


def test_faces_that_nothing_draws_along_stay_as_they_are() -> None:
    done = plan(face_set(encodings_of([0, 0, 1])), [False, False, True])

    assert not done.person_ids.any()


def test_of_two_unnamed_people_the_older_one_stays() -> None:
    faces = face_set(encodings_of([0, 0, 0, 0]), people=[9, 9, 5, 5])
    done = plan(faces)

    assert (done.person_ids.tolist(), done.merged) == ([5] * 4, {9: 5})


def test_a_named_person_survives_an_older_unnamed_one() -> None:
    faces = face_set(encodings_of([0, 0, 0, 0]), people=[9, 9, 5, 5])
    done = plan(faces, fixed={9})

    assert (done.person_ids.tolist(), done.merged) == ([9] * 4, {5: 9})


def test_two_named_people_never_become_one() -> None:
    faces = face_set(encodings_of([0, 0, 0, 0]), people=[9, 9, 5, 5])
    done = plan(faces, fixed={5, 9})

    assert (done.person_ids.tolist(), done.merged) == ([9, 9, 5, 5], {})


def test_people_who_are_in_one_photo_never_become_one() -> None:
    faces = face_set(encodings_of([0] * 4), photos=[1, 2, 2, 3], people=[5, 5, 9, 9])

    assert plan(faces).merged == {}


def test_linked_faces_are_one_person_however_far_apart() -> None:
    faces = face_set(encodings_of([0, 1, 2]), links=[7, 7, 0])

    assert plan(faces).person_ids.tolist() == [-1, -1, NO_PERSON]


def test_links_join_faces_that_are_not_active() -> None:
    faces = face_set(encodings_of([0, 1, 2]), links=[7, 7, 0])

    assert plan(faces, [False] * 3).person_ids.tolist() == [-1, -1, NO_PERSON]


def test_poor_faces_that_are_linked_are_a_person() -> None:
    faces = face_set(encodings_of([0, 0, 0]), good=[False] * 3, links=[7, 7, 0])

    assert plan(faces).person_ids.tolist() == [-1, -1, -1]


def test_a_link_draws_a_face_out_of_an_unfixed_person_into_a_fixed_one() -> None:
    people = [5, 5, 5, 9, 9]
    faces = face_set(encodings_of([0, 0, 0, 1, 1]), people=people, links=[0, 0, 7, 7, 0])
    done = plan(faces, [False] * 5, fixed={9})

    assert (done.person_ids.tolist(), done.merged) == ([5, 5, 9, 9, 9], {})


def test_a_link_between_two_fixed_people_moves_no_face() -> None:
    faces = face_set(encodings_of([0] * 5), people=[5, 5, 9, 9, 0], links=[7, 7, 7, 0, 7])
    done = plan(faces, fixed={5, 9})

    assert (done.person_ids.tolist(), done.merged) == ([5, 5, 9, 9, 5], {})


def test_linked_faces_of_one_photo_are_one_person() -> None:
    faces = face_set(encodings_of([0, 1, 0]), photos=[1, 1, 2], links=[7, 7, 7])
    first = plan(faces).person_ids

    assert first.tolist() == [-1, -1, -1]
    again = plan(replace(faces, person_ids=np.array([5, 5, 5])), [False] * 3)
    assert again.person_ids.tolist() == [5, 5, 5]


def test_who_else_is_on_their_photo_stays_somebody_else() -> None:
    faces = face_set(encodings_of([0, 0, 0, 0]), photos=[1, 1, 1, 2], links=[7, 7, 0, 0])

    assert plan(faces).person_ids.tolist() == [-1, -1, 0, -1]


def test_panels_of_a_collage_may_show_one_person() -> None:
    faces = face_set(encodings_of([0, 0, 0, 1]), photos=[1, 1, 1, 1])
    strip = replace(faces, panels=np.array([1, 2, 3, 3]))

    assert plan(faces).person_ids.tolist() == [0, 0, 0, 0]
    assert plan(strip).person_ids.tolist() == [-1, -1, -1, 0]


def test_lookalikes_who_are_on_photos_together_stay_two() -> None:
    """Twins, at 0.8 eps: together in five photos, each alone in three."""
    near = encodings_at(*[0] * 8, *[0.8 * EPS] * 8)
    photos = [*range(5), 10, 11, 12, *range(5), 20, 21, 22]
    done = plan(face_set(near, photos)).person_ids

    for one, other in together(done):
        assert photos[one] != photos[other]
    assert done[0] != done[8]


def test_faces_that_are_apart_do_not_meet() -> None:
    faces = face_set(encodings_of([0, 0, 0, 0]), links=[3, 3, 4, 4])

    assert plan(faces, apart=[(4, 3)]).person_ids.tolist() == [-1, -1, -2, -2]
    assert plan(faces).person_ids.tolist() == [-1] * 4


def test_faces_that_are_apart_part_if_they_are_together() -> None:
    faces = face_set(encodings_of([0, 0, 0, 0]), people=[5] * 4, links=[0, 0, 0, 4])
    wrong = face_set(encodings_of([0, 0, 0, 0]), people=[5] * 4, links=[3, 0, 0, 4])

    assert plan(faces, [False] * 4).person_ids.tolist() == [5] * 4
    done = plan(wrong, [False] * 4, apart=[(3, 4)]).person_ids.tolist()
    assert done[0] != done[3]


def test_links_that_are_apart_and_the_same_or_no_links_do_not_disturb() -> None:
    faces = face_set(encodings_of([0, 0, 0]), links=[3, 3, 4])

    assert plan(faces, apart=[(3, 3), (3, 4), (3, 4), (8, 9), (0, 3)]).person_ids.tolist() == [
        -1,
        -1,
        0,
    ]


def test_a_person_goes_on_with_most_of_the_faces() -> None:
    faces = face_set(encodings_of([0, 0, 1, 1, 1]), people=[5] * 5)
    done = plan(faces)

    assert (done.person_ids.tolist(), done.merged) == ([-1, -1, 5, 5, 5], {})


def test_a_stranger_leaves_when_their_own_person_appears() -> None:
    """The third face is in person 5 by mistake; then its own second photo arrives."""
    faces = face_set(encodings_of([0, 0, 1, 1]), people=[5, 5, 5, NO_PERSON])
    done = plan(faces, [False] * 3 + [True])

    assert (done.person_ids.tolist(), done.merged) == ([5, 5, -1, -1], {})


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 0)), np.zeros(64), np.full((2, ENCODING_SIZE), np.nan)]
)
def test_what_is_no_encoding_is_refused(wrong: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="encodings"):
        plan(face_set(wrong.astype(np.float32)))


def test_a_photo_with_a_negative_id_is_refused() -> None:
    """Marks below 0 are links: such a face would share no scene with itself, and join itself."""
    with pytest.raises(ValueError, match="ids of photos"):
        face_set(encodings_of([0, 0]), photos=[-1, 2])


def test_small_and_doubtful_faces_may_not_found() -> None:
    square, narrow = (0, 40, 40, 0), (0, 39, 60, 0)

    assert are_founders([square, narrow, square], [0.5, 1.0, 0.4], [None] * 3).tolist() == [
        True,
        False,
        False,
    ]
    assert are_founders([], [], []).tolist() == []


def test_products_of_a_few_faces_take_one_thread() -> None:
    """Other threads would only spin; no environment variable is set."""
    environ = {name: value for name, value in os.environ.items() if "_NUM_THREADS" not in name}
    asked = (
        "import photoshare.faces.grouping.plan, threadpoolctl;"
        "print(max((one['num_threads'] for one in threadpoolctl.threadpool_info()"
        " if one['user_api'] == 'blas'), default=1))"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], env=environ, cwd=ROOT, capture_output=True, check=True
    )

    assert done.stdout.strip() == b"1"
