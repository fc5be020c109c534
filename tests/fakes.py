"""A face engine without networks: it finds coloured squares on a grey picture."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from photoshare.faces.graphs.dlib_format import ENCODING_SIZE, EPS
from photoshare.faces.search import DEFAULT_EFFORT, SearchEffort, find_faces
from photoshare.faces.types import (
    AnalysedFace,
    Doubt,
    FaceEncodings,
    LocatedFace,
    PhotoSource,
    RgbImage,
)
from photoshare.geometry import FaceLocation

GREY = (128, 128, 128)
RED, GREEN, BLUE, YELLOW = (220, 20, 20), (20, 200, 20), (20, 20, 220), (220, 220, 20)
CYAN, MAGENTA, WHITE = (20, 200, 200), (200, 20, 200), (250, 250, 250)
PALETTE = (RED, GREEN, BLUE, YELLOW, CYAN, MAGENTA, WHITE)
POISON = (0, 0, 0)  # a face of this colour raises
FACE_PX = 60  # side of a drawn face
STEP_PX = 100  # from one face to the next
TOLERANCE = 40  # JPEG changes colours a little


def draw_photo(
    *colours: tuple[int, int, int],
    seed: int = 0,
    image_format: str = "JPEG",
    width: int | None = None,
    height: int = STEP_PX,
) -> bytes:
    """Draw a photo with one square face of each colour; every seed gives different bytes."""
    image = Image.new("RGB", (width or max(len(colours), 1) * STEP_PX, height), GREY)
    for number, colour in enumerate(colours):
        image.paste(colour, (number * STEP_PX + 20, 20, number * STEP_PX + 20 + FACE_PX, 80))
    image.putpixel((0, 0), (seed % 256, seed // 256 % 256, 7))
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = str(seed)
    image.save(buffer, image_format, quality=95, exif=exif)
    return buffer.getvalue()


def many_scans(count: int) -> bytes:
    """A small JPEG of 98 megapixels with many scans: seconds of work in few bytes."""
    buffer = io.BytesIO()
    Image.new("L", (9900, 9900), 77).save(buffer, "JPEG", progressive=True, quality=50)
    content = buffer.getvalue()
    last_scan = content.rindex(b"\xff\xda")
    return content[:last_scan] + content[last_scan:-2] * count + content[-2:]


class FakeFaceEngine:
    """Finds the squares of `draw_photo`; faces of one colour are one person."""

    name = "fake"
    photos_at_once = 1
    encoding_size = ENCODING_SIZE
    eps = EPS
    doubt = Doubt()
    smallest_face_percent = DEFAULT_EFFORT.smallest_face_percent

    def __init__(self, log: Path | None = None) -> None:
        self.log = log  # gets one line for every search, for other processes to read
        self.searches = 0

    def warm_up(self) -> None:
        """Nothing to load."""

    def find_faces(self, photo: PhotoSource, smallest_face_percent: float) -> list[AnalysedFace]:
        """Search as the dlib engines do."""
        return find_faces(photo, self, SearchEffort(smallest_face_percent))

    def locate(self, image: RgbImage) -> list[LocatedFace]:
        """Find the coloured squares from left to right, however the picture was scaled."""
        self.searches += 1
        scale = image.shape[0] / STEP_PX
        found = []
        for number in range(round(image.shape[1] / image.shape[0])):
            first, last = number * STEP_PX + 20, number * STEP_PX + 20 + FACE_PX
            middle = round((first + last) / 2 * scale)
            if middle >= image.shape[1]:
                break  # the picture ends within the square
            colour = image[round(50 * scale), middle].astype(int)
            if abs(colour - POISON).max() <= TOLERANCE:
                raise RuntimeError("this photo breaks the engine")
            if abs(colour - GREY).max() > TOLERANCE:
                top, right, bottom, left = (round(edge * scale) for edge in (20, last, 80, first))
                found.append(LocatedFace((top, right, bottom, left), 1.0))
        return found

    def encode(self, image: RgbImage, locations: list[FaceLocation]) -> FaceEncodings:
        """Encode a square by its colour: far apart for different colours, near for one."""
        encodings = np.zeros((len(locations), self.encoding_size), dtype=np.float32)
        for row, (top, right, bottom, left) in enumerate(locations):
            colour = image[(top + bottom) // 2, (left + right) // 2].astype(int)
            for number, known in enumerate(PALETTE):
                if abs(colour - known).max() <= TOLERANCE:
                    encodings[row, number] = 1.0
            encodings[row, 100:103] = (colour / 255 - 0.5) * 0.01  # two photos are never equal
        return encodings


class ColourBlindEngine(FakeFaceEngine):
    """An engine that cannot tell blue people from green ones, and overlooks yellow ones."""

    name = "colour-blind"

    def locate(self, image: RgbImage) -> list[LocatedFace]:
        """Find the squares that are not yellow."""
        return [face for face in super().locate(image) if not _is_yellow(image, face.location)]

    def encode(self, image: RgbImage, locations: list[FaceLocation]) -> FaceEncodings:
        """Encode blue as green."""
        encodings = super().encode(image, locations)
        encodings[:, 1] += encodings[:, 2]
        encodings[:, 2] = 0
        return encodings


class BetterFaceEngine(FakeFaceEngine):
    """An engine whose boxes are tighter and taller, with encodings of another size."""

    name = "better"
    encoding_size = 2 * ENCODING_SIZE
    eps = 0.9

    def locate(self, image: RgbImage) -> list[LocatedFace]:
        """Find the squares, each by a box of 44 by 68 pixels that is a little higher."""
        scale = image.shape[0] / STEP_PX
        found = []
        for face in super().locate(image):
            top, right, bottom, left = face.location
            edges = (top - 6 * scale, right - 8 * scale, bottom + 2 * scale, left + 8 * scale)
            top, right, bottom, left = (round(edge) for edge in edges)
            found.append(LocatedFace((top, right, bottom, left), face.score))
        return found


def _is_yellow(image: RgbImage, location: FaceLocation) -> bool:
    top, right, bottom, left = location
    colour = image[(top + bottom) // 2, (left + right) // 2].astype(int)
    return bool(abs(colour - YELLOW).max() <= TOLERANCE)


def psd() -> bytes:
    """Make a Photoshop file of one picture without layers."""
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 4, 4, 8, 3)
    return header + bytes(12) + bytes(2) + bytes(48)


def fits() -> bytes:
    """Make a FITS file, as telescopes write them."""
    cards = ["SIMPLE  =                    T", "BITPIX  =                    8"]
    cards += ["NAXIS   =                    2", "NAXIS1  =                    4"]
    cards += ["NAXIS2  =                    4", "END"]
    return "".join(card.ljust(80) for card in cards).ljust(2880).encode() + bytes(2880)
