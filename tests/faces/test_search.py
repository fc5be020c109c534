"""photoshare.faces.search: scales, parts, and the pixels from which faces are encoded."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from photoshare.faces.graphs.dlib_format import ENCODING_SIZE
from photoshare.faces.search import PART_PX, SearchEffort, find_faces, scaled_to, shrunk_to
from photoshare.faces.types import FaceEncodings, LocatedFace, RgbImage, Size
from photoshare.geometry import FaceLocation

GREY, RED = (128, 128, 128), (255, 0, 0)
EFFORT = SearchEffort(smallest_face_percent=2.5)


class RedSquareEngine:
    """Finds red squares of 80 pixels or more, as real detectors find faces."""

    name = "red squares"
    encoding_size = ENCODING_SIZE

    def __init__(self) -> None:
        self.searched: list[tuple[int, int]] = []
        self.encoded_widths: list[int] = []

    def locate(self, image: RgbImage) -> list[LocatedFace]:
        height, width, _ = image.shape
        self.searched.append((width, height))
        red = image[:, :, 0].astype(int) - image[:, :, 1] > 128
        faces = []
        columns = np.flatnonzero(np.diff(np.pad(red.any(axis=0).astype(int), 1)))
        for left, right in columns.reshape(-1, 2):
            rows = np.flatnonzero(red[:, left:right].any(axis=1))
            if right - left >= 79:
                location = (int(rows[0]), int(right), int(rows[-1] + 1), int(left))
                faces.append(LocatedFace(location, float(right - left)))
        return faces

    def encode(self, image: RgbImage, locations: list[FaceLocation]) -> FaceEncodings:
        encodings = np.zeros((len(locations), ENCODING_SIZE), dtype=np.float32)
        for row, (top, right, bottom, left) in enumerate(locations):
            self.encoded_widths.append(right - left)
            inner = (bottom - top) // 4  # the edges are mixed with the background
            middle = image[top + inner : bottom - inner, left + inner : right - inner]
            encodings[row, :3] = middle.reshape(-1, 3).mean(axis=0)
        return encodings


class DrawnPhoto:
    """A grey photo with red squares, given as (left, top, side) in pixels of the original."""

    def __init__(self, size: Size, *squares: tuple[int, int, int]) -> None:
        self.size = size
        self._drawn = Image.new("RGB", size, GREY)
        for left, top, side in squares:
            self._drawn.paste(RED, (left, top, left + side, top + side))

    def picture(self, longer_side_px: float) -> Image.Image:
        return scaled_to(self._drawn, int(min(longer_side_px, max(self.size))))


def test_the_looks_go_from_large_faces_to_the_smallest() -> None:
    assert SearchEffort(2.5).looks() == pytest.approx([10, 6.94, 4.82, 3.35, 2.5], abs=0.01)
    assert SearchEffort(5).looks() == pytest.approx([10, 6.94, 5], abs=0.01)
    assert SearchEffort(20).looks() == [20]


def test_a_photo_of_large_faces_is_looked_at_once() -> None:
    engine = RedSquareEngine()

    faces = find_faces(DrawnPhoto((4000, 3000), (1000, 800, 900)), engine, EFFORT)

    assert engine.searched == [(800, 600)]
    assert np.abs(np.subtract(faces[0].location, (800, 1900, 1700, 1000))).max() <= 5


def test_a_small_face_beside_a_large_one_is_found_by_a_closer_look() -> None:
    engine = RedSquareEngine()
    photo = DrawnPhoto((4000, 3000), (500, 800, 430), (3000, 2000, 360))

    faces = find_faces(photo, engine, EFFORT)

    assert len(faces) == 2
    assert len(engine.searched) == 2
    small = min(faces, key=lambda face: face.location[1] - face.location[3])
    assert np.abs(np.subtract(small.location, (2000, 3360, 2360, 3000))).max() <= 5


def test_closer_looks_ask_for_small_faces_only_where_the_engine_can() -> None:
    """The real engine then skips what the previous look has searched."""

    class SelectiveEngine(RedSquareEngine):
        def __init__(self) -> None:
            super().__init__()
            self.searched_closer: list[tuple[int, int]] = []

        def locate_smallest(self, image: RgbImage) -> list[LocatedFace]:
            self.searched_closer.append((image.shape[1], image.shape[0]))
            return [face for face in super().locate(image) if face.score < 120]

    engine = SelectiveEngine()
    photo = DrawnPhoto((4000, 3000), (500, 800, 430), (3000, 2000, 360))

    faces = find_faces(photo, engine, EFFORT)

    assert len(faces) == 2
    assert engine.searched[0] == (800, 600)
    assert engine.searched_closer == [(1152, 864)]


def test_the_smallest_faces_are_found_in_parts_and_only_once() -> None:
    """At 3200 pixels the photo is cut up; a face in two parts is still one face."""
    engine = RedSquareEngine()
    squares = [(x, 1200, 110) for x in range(300, 3800, 700)]

    faces = find_faces(DrawnPhoto((4000, 2400), *squares), engine, EFFORT)

    assert sorted(round(face.location[3], -1) for face in faces) == [x for x, _, _ in squares]
    assert max(max(size) for size in engine.searched) <= PART_PX


def test_a_face_below_the_wanted_size_is_not_searched_for() -> None:
    engine = RedSquareEngine()

    faces = find_faces(DrawnPhoto((4000, 3000), (500, 800, 110)), engine, SearchEffort(5))

    assert faces == []
    assert max(max(size) for size in engine.searched) == 1600


def test_a_small_photo_is_enlarged_at_most_twice() -> None:
    engine = RedSquareEngine()

    (face,) = find_faces(DrawnPhoto((300, 200), (100, 50, 45)), engine, EFFORT)

    assert engine.searched == [(600, 400)]
    assert np.abs(np.subtract(face.location, (50, 145, 95, 100))).max() <= 2


def test_a_small_face_is_encoded_from_the_pixels_of_the_original() -> None:
    engine = RedSquareEngine()

    (face,) = find_faces(DrawnPhoto((4000, 3000), (500, 800, 400)), engine, SearchEffort(10))

    assert engine.searched == [(800, 600)]  # there the face has 80 pixels
    assert 95 <= engine.encoded_widths[0] <= 205
    assert face.encoding[0] > 250
    assert face.encoding[1] < 5


def test_a_huge_face_is_handed_to_the_encoder_small() -> None:
    engine = RedSquareEngine()

    find_faces(DrawnPhoto((2000, 2000), (100, 100, 1800)), engine, EFFORT)

    assert engine.encoded_widths[0] < 300


def test_each_face_has_its_own_encoding_in_the_right_order() -> None:
    """More faces than fit on one sheet; each a little less red than the one before."""
    engine = RedSquareEngine()
    photo = DrawnPhoto((4000, 1000))
    reds = list(range(255, 255 - 20 * 2, -2))
    for index, red in enumerate(reds):
        left = 50 + 190 * index
        photo._drawn.paste((red, 40, index), (left, 300, left + 140, 440))

    faces = find_faces(photo, engine, EFFORT)

    assert len(faces) == len(reds)
    for face in faces:
        index = round((face.location[3] - 50) / 190)
        assert face.encoding[2] == pytest.approx(index, abs=1.5)


def test_a_photo_without_faces_is_looked_at_to_the_end() -> None:
    engine = RedSquareEngine()

    assert find_faces(DrawnPhoto((4000, 3000)), engine, EFFORT) == []

    assert len(engine.searched) > 4


@pytest.mark.parametrize("size", [(1, 1), (3000, 2), (2, 3000)])
def test_odd_shapes_are_searched_without_error(size: Size) -> None:
    assert find_faces(DrawnPhoto(size), RedSquareEngine(), EFFORT) == []


@pytest.mark.parametrize(
    ("longer_side_px", "shrunk_px"),
    [(2016, 672), (1840, 640), (1280, 640), (700, 700), (640, 640), (300, 300)],
)
def test_a_picture_is_scaled_only_if_dividing_its_sides_is_not_near_enough(
    longer_side_px: int, shrunk_px: int
) -> None:
    picture = Image.new("RGB", (longer_side_px * 3 // 4, longer_side_px))

    assert max(shrunk_to(picture, 640).size) == shrunk_px
