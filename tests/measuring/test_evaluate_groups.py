"""measuring.evaluate_groups: groups by their notes, false people, faces of another detector."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from measuring.evaluate_groups import count_false_people, group_rows, reference_recall
from measuring.evaluate_photos import LabelledPhoto, PhotoFaces, ReferencePhoto, read_reference
from photoshare.faces.types import FaceSet


def photos(*notes: str, each: int = 20) -> list[LabelledPhoto]:
    return [
        LabelledPhoto(Path(f"{note}{number}"), ("Lea",), None, note)
        for note in notes
        for number in range(each)
    ]


def test_groups_are_the_first_words_of_the_notes() -> None:
    groups = group_rows(photos("black F", "black M", "west"))

    assert {name: len(rows) for name, rows in groups.items()} == {
        "black": 40,
        "black F": 20,
        "black M": 20,
        "west": 20,
    }
    assert groups["west"] == list(range(40, 60))


@pytest.mark.parametrize(
    "notes", [["official portrait"], ["150x150 grey", "300x300"], ["", ""]], ids=str
)
def test_notes_that_name_no_groups_are_none(notes: list[str]) -> None:
    assert group_rows(photos(*notes)) == {}


def test_a_small_group_tells_nothing() -> None:
    assert group_rows([*photos("west"), *photos("east", each=19)]) == {}


def faces_of(encodings: np.ndarray) -> FaceSet:
    count = len(encodings)
    nothing = np.zeros(count, dtype=np.int64)
    return FaceSet(encodings, np.arange(count), nothing, np.ones(count, dtype=np.bool_), nothing)


def test_strangers_who_are_far_apart_make_no_album_and_twins_do() -> None:
    encodings = np.eye(6, dtype=np.float32)
    encodings[5] = encodings[4]
    names = ["a", "b", "c", "d", "e", "f"]

    rooms = count_false_people(faces_of(encodings), names, eps=0.5, min_samples=2, draws=3)

    assert rooms == {6: {"false albums": 1.0, "people": 2.0}}


def test_several_faces_of_one_person_are_no_false_album() -> None:
    encodings = np.ones((4, 3), dtype=np.float32)

    rooms = count_false_people(faces_of(encodings), ["a"] * 4, eps=0.5, min_samples=2, draws=2)

    assert rooms == {1: {"false albums": 0.0, "people": 0.0}}


def test_recall_counts_the_sure_boxes_by_their_width(tmp_path: Path) -> None:
    rows = ["file,x,y,w,h,score", "a.jpg,100,100,20,20,0.9", "a.jpg,500,100,80,80,0.9"]
    rows += ["a.jpg,800,100,30,30,0.6"]
    (tmp_path / "reference_faces.csv").write_text("\n".join(rows))
    (photo,) = read_reference(tmp_path)
    locations = np.array([[100, 120, 120, 100], [100, 830, 130, 800], [600, 60, 650, 10]])
    found = PhotoFaces(
        (1000, 800), locations, np.ones(3), np.zeros((3, 4), dtype=np.float32), np.ones(3)
    )

    numbers = reference_recall([photo], [found])

    assert isinstance(photo, ReferencePhoto)
    assert numbers == {
        "faces": 3,
        "in no box": 1,
        "recall": 0.5,
        "recall 1.5-2.5 %": 1.0,
        "recall 5 % and more": 0.0,
    }
