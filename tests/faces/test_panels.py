"""Panels of collages are found, ordinary photos stay whole; all pictures are drawn here."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from photoshare.faces.panels import panels_of_faces

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def scene(width: int, height: int, seed: int) -> Image.Image:
    """Draw what a camera might see: soft shapes of many colours, and a little noise."""
    noise = np.random.default_rng(seed)
    coarse = noise.integers(0, 256, size=(6, 6, 3), dtype=np.uint8)
    soft = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    grain = noise.normal(scale=4, size=(height, width, 3))
    return Image.fromarray(np.clip(np.asarray(soft) + grain, 0, 255).astype(np.uint8))


def as_jpeg(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return Image.open(buffer).convert("RGB")


def collage(
    rows: int,
    columns: int,
    gap: int,
    colour: tuple[int, int, int] = WHITE,
    border: int = 0,
    side: int = 300,
) -> tuple[Image.Image, list[tuple[int, int, int, int]]]:
    """Paste scenes side by side; return the picture, and a face in the middle of each."""
    step = side + gap
    size = (columns * step - gap + 2 * border, rows * step - gap + 2 * border)
    image = Image.new("RGB", size, colour)
    faces = []
    for number in range(rows * columns):
        left, top = border + number % columns * step, border + number // columns * step
        image.paste(scene(side, side, number), (left, top))
        middle = (left + side // 2, top + side // 2)
        faces.append((middle[1] - 40, middle[0] + 40, middle[1] + 40, middle[0] - 40))
    return as_jpeg(image), faces


@pytest.mark.parametrize(
    ("rows", "columns", "gap", "colour", "border"),
    [
        (4, 1, 20, WHITE, 20),  # a photo-booth strip
        (4, 2, 20, WHITE, 20),  # two of them
        (1, 2, 20, BLACK, 0),  # before and after
        (1, 2, 0, WHITE, 0),
        (2, 1, 0, WHITE, 0),
        (2, 2, 0, WHITE, 0),
        (5, 3, 4, WHITE, 0),  # a screenshot of a gallery
    ],
)
def test_every_panel_has_a_number_of_its_own(
    rows: int, columns: int, gap: int, colour: tuple[int, int, int], border: int
) -> None:
    picture, faces = collage(rows, columns, gap, colour, border)

    assert panels_of_faces(picture, picture.size, faces) == list(range(1, rows * columns + 1))


def test_faces_of_one_panel_have_one_number() -> None:
    picture, (first, second) = collage(1, 2, 20)
    beside = (first[0], first[1] - 90, first[2], first[3] - 90)

    assert panels_of_faces(picture, picture.size, [first, second, beside]) == [1, 2, 1]


def test_locations_are_of_the_original_whatever_was_decoded() -> None:
    picture, faces = collage(1, 2, 20)
    larger = [tuple(4 * edge for edge in face) for face in faces]

    size = (4 * picture.width, 4 * picture.height)
    assert panels_of_faces(picture, size, larger) == [1, 2]  # type: ignore[arg-type]


def test_a_face_across_a_cut_makes_it_doubtful() -> None:
    picture, (first, second) = collage(1, 2, 0)

    across = (100, 340, 180, 260)
    assert panels_of_faces(picture, picture.size, [first, second, across]) == [0, 0, 0]


def people_before(ground: Image.Image) -> Image.Image:
    """Draw two people, head and shoulders; the background between them is fully visible."""
    image = ground.copy()
    draw = ImageDraw.Draw(image)
    for middle in (160, 480):
        draw.ellipse((middle - 60, 90, middle + 60, 250), fill=(205, 160, 130))
        draw.ellipse((middle - 130, 240, middle + 130, 700), fill=(60, 70, 120))
    return image.filter(ImageFilter.GaussianBlur(1))


def before_a_wall() -> Image.Image:
    return people_before(Image.new("RGB", (640, 480), (230, 228, 222)))


def before_the_night() -> Image.Image:
    return people_before(Image.new("RGB", (640, 480), BLACK))


def letterboxed() -> Image.Image:
    image = Image.new("RGB", (640, 480), BLACK)
    image.paste(people_before(scene(640, 480, 3)).crop((0, 60, 640, 420)), (0, 60))
    return image


def at_a_door() -> Image.Image:
    """A dark door that ends below the edge of the picture, as doors do."""
    image = people_before(scene(640, 480, 4))
    ImageDraw.Draw(image).rectangle((300, 260, 340, 480), fill=(40, 25, 15))
    return image


def turned() -> Image.Image:
    """A photo that was turned a little, with black corners."""
    return people_before(scene(640, 480, 5)).rotate(8, fillcolor=BLACK)


@pytest.mark.parametrize("draw", [before_a_wall, before_the_night, letterboxed, at_a_door, turned])
def test_an_ordinary_photo_is_no_collage(draw: Callable[[], Image.Image]) -> None:
    picture = as_jpeg(draw())
    faces = [(90, 220, 250, 100), (90, 540, 250, 420)]

    assert panels_of_faces(picture, picture.size, faces) == [0, 0]


def test_squares_of_one_colour_are_no_pictures() -> None:
    picture = Image.new("RGB", (400, 200), (128, 128, 128))
    for left in (40, 240):
        ImageDraw.Draw(picture).rectangle((left, 40, left + 119, 159), fill=(220, 20, 20))

    assert panels_of_faces(picture, picture.size, [(40, 160, 160, 40), (40, 360, 160, 240)]) == [
        0,
        0,
    ]


@pytest.mark.parametrize("size", [(1, 1), (2, 600), (600, 3), (9, 9)])
def test_tiny_pictures_are_no_collages(size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, WHITE)

    assert panels_of_faces(picture, size, [(0, 1, 1, 0)] * 2) == [0, 0]
