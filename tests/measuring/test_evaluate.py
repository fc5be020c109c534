"""The measures of the evaluation, compared with values computed by hand."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from measuring import evaluate
from measuring.evaluate_metrics import album_quality, bcubed, detection
from measuring.evaluate_photos import (
    LabelledPhoto,
    PhotoFaces,
    find_faces_once,
    read_labels,
    tell_identities,
)
from photoshare.faces.engines.choose import ChosenEngine
from photoshare.faces.graphs.dlib_format import ENCODING_SIZE
from tests.fakes import BLUE, GREEN, RED, FakeFaceEngine, draw_photo


def photo(
    *names: str, boxes: list[tuple[str, tuple[int, int, int, int]]] | None = None
) -> LabelledPhoto:
    return LabelledPhoto(Path("photo.jpg"), names, boxes)


def found(*locations: tuple[int, int, int, int]) -> PhotoFaces:
    count = len(locations)
    return PhotoFaces(
        (300, 100),
        np.array(locations, dtype=np.int64).reshape(-1, 4),
        np.ones(count),
        np.zeros((count, ENCODING_SIZE), dtype=np.float32),
        np.full(count, np.nan),
    )


def test_bcubed_of_a_hand_worked_case() -> None:
    """Album 1 holds a, a, b; an a and the unlabelled face are unsorted: P 2/3, R 2/3."""
    albums = np.array([1, 1, 1, 0, 0])
    numbers = bcubed(albums, ["a", "a", "b", "a", ""], Counter(a=3, b=1))

    assert numbers["precision"] == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert numbers["recall"] == pytest.approx((2 / 3 + 2 / 3 + 1 + 1 / 3) / 4)
    assert numbers["f"] == pytest.approx(2 / 3)


def test_missed_faces_lower_the_recall_of_all() -> None:
    """Two of three faces found, in one album: 2/3 for each of the two, 0 for the missed one."""
    numbers = bcubed(np.array([1, 1]), ["a", "a"], Counter(a=3))

    assert numbers["recall"] == 1
    assert numbers["recall_of_all"] == pytest.approx(4 / 9)
    assert numbers["f_of_all"] == pytest.approx(2 * (4 / 9) / (1 + 4 / 9))


def test_nothing_found_has_no_recall() -> None:
    assert not any(bcubed(np.array([], dtype=np.int64), [], Counter()).values())


def test_an_album_with_a_stranger_is_counted() -> None:
    photos = [photo("a"), photo("a", "b"), photo("b"), photo("a")]
    numbers = album_quality(np.array([1, 1, 1, 0]), np.array([0, 1, 2, 3]), photos)

    assert numbers["albums"] == 1
    assert numbers["strangers"] == 1
    assert numbers["strangers per 1000 photos"] == pytest.approx(1000 / 3)
    assert numbers["person precision"] == pytest.approx(2 / 3)
    assert numbers["person recall"] == pytest.approx((2 / 3 + 1) / 2)


def test_split_people_and_two_faces_of_a_photo_are_counted() -> None:
    photos = [photo("a"), photo("a"), photo("a"), photo("a")]
    numbers = album_quality(np.array([1, 1, 1, 2, 2]), np.array([0, 0, 1, 2, 3]), photos)

    assert numbers["albums with two faces of a photo"] == 1
    assert numbers["albums a person"] == 2
    assert numbers["people split"] == 1


def test_faces_are_told_by_their_boxes() -> None:
    boxes = [("a", (0, 50, 50, 0)), ("b", (0, 290, 50, 240))]
    faces = found((0, 295, 50, 245), (50, 200, 90, 160), (5, 50, 55, 0))

    assert tell_identities(photo("a", "b", boxes=boxes), faces) == ["b", "", "a"]
    assert detection([photo("a", "b", boxes=boxes)], [faces]) == {
        "recall": 1.0,
        "recall 50-100 px": 1.0,
        "faces 50-100 px": 2,
        "unlabelled faces": 1,
    }


def test_without_boxes_the_middle_face_of_a_portrait_is_its_person() -> None:
    faces = found((0, 60, 50, 10), (20, 180, 80, 120))

    assert tell_identities(photo("a"), faces) == ["", "a"]
    assert tell_identities(photo("a", "b"), faces) == ["", ""]
    assert detection([photo("a"), photo("a", "b", "c")], [faces, faces]) == {"recall": 3 / 4}


@pytest.fixture
def labelled_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "party"
    folder.mkdir()
    pictures = [(RED, GREEN), (RED,), (GREEN, RED), (BLUE,)]
    lines, boxes = ["file,identity"], ["file,identity,x,y,w,h"]
    names = {RED: "rita", GREEN: "gus", BLUE: "bob"}
    for number, colours in enumerate(pictures):
        (folder / f"{number}.jpg").write_bytes(draw_photo(*colours, seed=number))
        lines.append(f"{number}.jpg,{';'.join(names[colour] for colour in colours)}")
        for place, colour in enumerate(colours):
            boxes.append(f"{number}.jpg,{names[colour]},{place * 100 + 20},20,60,60")
    (folder / "labels.csv").write_text("\n".join(lines))
    (folder / "boxes.csv").write_text("\n".join(boxes))
    return folder


def test_a_second_run_reads_the_cache(labelled_folder: Path, tmp_path: Path) -> None:
    engine = FakeFaceEngine()
    path = read_labels(labelled_folder)[0].path
    first = find_faces_once(path, engine, tmp_path / "cache")
    searches = engine.searches
    second = find_faces_once(path, engine, tmp_path / "cache")

    assert searches > 0
    assert engine.searches == searches
    assert second.size == (200, 100)
    np.testing.assert_array_equal(second.encodings, first.encodings)


def test_a_file_that_is_no_photo_has_no_faces(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    faces = find_faces_once(tmp_path / "broken.jpg", FakeFaceEngine(), tmp_path / "cache")

    assert (faces.size, len(faces.scores)) == ((0, 0), 0)


@pytest.mark.parametrize("more", [[], ["--dbscan"], ["--orders", "3"], ["--answers", "2"]])
def test_the_command_prints_a_table_and_writes_json(
    labelled_folder: Path,
    tmp_path: Path,
    more: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        evaluate, "choose_engine", lambda name, folder: ChosenEngine(FakeFaceEngine(), "a test")
    )
    target = tmp_path / "result.json"
    paths = ["--cache", str(tmp_path / "cache"), "--json", str(target)]
    evaluate.main([str(labelled_folder), *paths, *more])

    numbers = json.loads(target.read_text())["party"]
    assert numbers["faces"]["f"] == 1
    assert numbers["detection"]["recall"] == 1
    assert (numbers["albums"]["albums"], numbers["albums"]["strangers"]) == (2, 0)
    assert [order["adjusted Rand index"] for order in numbers.get("orders", [])] == [1.0] * len(
        numbers.get("orders", [])
    )
    printed = capsys.readouterr().out
    assert "| party | 1.000 | 0 | 1.0000 |" in printed
    assert "party, 50-100 px: 1.000 of 6 found" in printed


def test_the_largest_faces_of_a_strip_of_one_person_are_theirs() -> None:
    locations = [(0, 30, 30, 0), (0, 90, 50, 40), (60, 55, 115, 0), (60, 99, 99, 60)]
    strip = replace(photo("Lea"), faces_of_each=2)

    assert tell_identities(strip, found(*locations)) == ["", "Lea", "Lea", ""]
