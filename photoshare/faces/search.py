"""Search a photo for faces at several scales, and encode them from enough pixels.

Chooses the scales, for any engine and any way to decode. Runs in the caller's thread, without files
or database. Locations in photos are in pixels of the upright original.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from PIL import Image

from photoshare.faces.types import (
    AnalysedFace,
    FaceEncodings,
    LocatedFace,
    PhotoSource,
    RgbImage,
    Size,
)
from photoshare.geometry import SAME_FACE_OVERLAP, FaceLocation, overlap_matrix
from photoshare.pictures.encoding import REDUCING_GAP

DETECTOR_WINDOW_PX = 80  # width of the faces that dlib's detectors, CNN and HOG, look for
FIRST_LOOK_PERCENT = 10.0  # enough for a photo of one to three people
# 10, 6.9, 4.8, 3.3, 2.5 percent: each look adds one level of the detector's pyramid, whose steps
# are 25/36.
CLOSER_BY = 25 / 36
# A face narrower than this in the searched picture may have smaller ones beside it. It is found in
# the largest level of the pyramid; the next level's windows are 114 pixels.
SMALL_FACE_PX = 100
LARGEST_UPSCALING = 2.0  # of a small photo; as in the original app
PART_PX = 1600  # longer side of a part searched at once: limits the memory of a search
PART_OVERLAP_PX = 240  # so that a face too small for the previous look is whole in some part
CHIP_FACE_PX = 100  # width of a face in the aligned chip: 150 pixels, a quarter of them around it
AS_IT_IS = 1.15  # a picture up to this many times as large as needed is not worth scaling
SHEET_FACES = 16  # faces encoded at once


@dataclass(frozen=True, slots=True)
class SearchEffort:
    """How small a face the search has to find.

    Attributes
    ----------
    smallest_face_percent : float
        Width of the smallest face to find, in percent of the photo's longer side. Time and memory
        depend on this and not on the photo's number of pixels: half the percentage takes four
        times as long for photos with small faces or none (others end after the first look).
    """

    smallest_face_percent: float = 2.5

    def looks(self) -> list[float]:
        """Return the face widths of the successive looks, in percent of the longer side."""
        looks = [max(FIRST_LOOK_PERCENT, self.smallest_face_percent)]
        while looks[-1] > self.smallest_face_percent:
            looks.append(max(looks[-1] * CLOSER_BY, self.smallest_face_percent))
        return looks


DEFAULT_EFFORT = SearchEffort()


@runtime_checkable
class LocatesSmallest(Protocol):
    """An engine that can skip what a look at a smaller picture has already found."""

    def locate_smallest(self, image: RgbImage) -> list[LocatedFace]:
        """Find only faces of about the detector's window."""
        ...


class Locator(Protocol):
    """An engine that finds faces of at least its window's size in any picture."""

    @property
    def encoding_size(self) -> int:
        """The number of values in one of its face encodings."""
        ...

    def locate(self, image: RgbImage) -> list[LocatedFace]:
        """Find the faces of an upright picture, surest first."""
        ...

    def encode(self, image: RgbImage, locations: list[FaceLocation]) -> FaceEncodings:
        """Encode the faces at these locations of the picture, in this order."""
        ...


def find_faces(
    photo: PhotoSource, engine: Locator, effort: SearchEffort = DEFAULT_EFFORT
) -> list[AnalysedFace]:
    """Find and encode the faces of a photo.

    Returns
    -------
    list of AnalysedFace
        Surest first; locations in pixels of the upright original.
    """
    located = _locate(photo, engine, effort)
    encodings = _encode(photo, engine, [face.location for face in located])
    return [
        AnalysedFace(face.location, face.score, encoding)
        for face, encoding in zip(located, encodings, strict=True)
    ]


def _locate(photo: PhotoSource, engine: Locator, effort: SearchEffort) -> list[LocatedFace]:
    """Find the faces of a photo, looking closer as long as there may be smaller ones.

    Returns
    -------
    list of LocatedFace
        Surest first; in pixels of the upright original.
    """
    faces: list[LocatedFace] = []
    full_px = max(photo.size)
    searched_px = 0
    for percent in effort.looks():
        wanted_px = round(100 * DETECTOR_WINDOW_PX / percent)
        # Only a picture that is searched in one part is worth enlarging.
        limit_px = min(LARGEST_UPSCALING * full_px, max(PART_PX, full_px))
        if searched_px >= limit_px:
            break
        searched_px = int(min(wanted_px, limit_px))
        searched = scaled_to(photo.picture(searched_px), searched_px)
        is_closer = percent < effort.looks()[0]
        locate = (
            engine.locate_smallest
            if is_closer and isinstance(engine, LocatesSmallest)
            else engine.locate
        )
        for part, left, top in parts_of(searched):
            found = [
                LocatedFace(_moved(face.location, searched.size, photo.size, left, top), face.score)
                for face in locate(np.asarray(part))
            ]
            faces += _new_among(found, faces)
        small_px = SMALL_FACE_PX * full_px / searched_px
        if faces and min(_width(face.location) for face in faces) >= small_px:
            break
    return sorted(faces, key=lambda face: -face.score)


def parts_of(
    picture: Image.Image, part_px: int = PART_PX, overlap_px: int = PART_OVERLAP_PX
) -> Iterator[tuple[Image.Image, int, int]]:
    """Cut a large picture into equal overlapping parts, each with its left and top pixel."""
    width, height = picture.size
    for top, bottom in _spans(height, part_px, overlap_px):
        for left, right in _spans(width, part_px, overlap_px):
            yield picture.crop((left, top, right, bottom)), left, top


def _spans(side_px: int, part_px: int, overlap_px: int) -> list[tuple[int, int]]:
    count = max(1, math.ceil((side_px - overlap_px) / (part_px - overlap_px)))
    step_px = (side_px - overlap_px) / count
    starts = [round(index * step_px) for index in range(count)]
    return [(start, min(side_px, math.ceil(start + step_px + overlap_px))) for start in starts]


def _encode(photo: PhotoSource, engine: Locator, locations: list[FaceLocation]) -> FaceEncodings:
    """Encode faces from a decode in which the smallest has enough pixels for its chip."""
    if not locations:
        return np.empty((0, engine.encoding_size), dtype=np.float32)
    smallest_px = max(1, min(_width(location) for location in locations))
    picture = photo.picture(max(photo.size) * CHIP_FACE_PX / smallest_px)
    moved = [_moved(location, photo.size, picture.size) for location in locations]
    sheets = [moved[start : start + SHEET_FACES] for start in range(0, len(moved), SHEET_FACES)]
    return np.concatenate([engine.encode(*face_sheet(picture, sheet)) for sheet in sheets])


def face_sheet(
    picture: Image.Image, locations: list[FaceLocation]
) -> tuple[RgbImage, list[FaceLocation]]:
    """Put the faces below each other in one small picture, with a face's width around each.

    The engine gets no more pixels than chips need: a face of 1000 pixels would take it 20 ms and
    hold the interpreter lock, since dlib halves it again and again.

    Returns
    -------
    sheet : uint8 array of shape (height, width, 3)
    locations : list of FaceLocation
        Of the same faces, in the sheet.
    """
    cells: list[tuple[Image.Image, int]] = []
    moved: list[FaceLocation] = []
    sheet_px = 0
    for top, right, bottom, left in locations:
        margin = max(right - left, bottom - top)
        # Outside the picture, crop fills with black, as dlib does.
        cell = picture.crop((left - margin, top - margin, right + margin, bottom + margin))
        factor = max(1, (right - left) // CHIP_FACE_PX)
        cell = shrunk(cell, factor)
        inner = (margin, margin + right - left, margin + bottom - top, margin)
        first_y, last_x, last_y, first_x = (edge // factor for edge in inner)
        moved.append((sheet_px + first_y, last_x, sheet_px + last_y, first_x))
        cells.append((cell, sheet_px))
        sheet_px += cell.height
    sheet = Image.new("RGB", (max(cell.width for cell, _ in cells), sheet_px))
    for cell, cell_top_px in cells:
        sheet.paste(cell, (0, cell_top_px))
    return np.asarray(sheet), moved


def _width(location: FaceLocation) -> int:
    _, right, _, left = location
    return right - left


def _moved(
    location: FaceLocation, source: Size, target: Size, left_px: int = 0, top_px: int = 0
) -> FaceLocation:
    """Scale a location from one size of a picture to another, after a shift in the source."""
    top, right, bottom, left = location
    across, down = target[0] / source[0], target[1] / source[1]
    return (
        round((top + top_px) * down),
        round((right + left_px) * across),
        round((bottom + top_px) * down),
        round((left + left_px) * across),
    )


def _new_among(found: list[LocatedFace], known: list[LocatedFace]) -> list[LocatedFace]:
    """Remove faces that another look has already found."""
    places, known_places = (
        np.array([face.location for face in faces], dtype=np.int64).reshape(-1, 4)
        for faces in (found, known)
    )
    overlaps = overlap_matrix(places, known_places)
    is_new = np.max(overlaps, axis=1, initial=0) <= SAME_FACE_OVERLAP
    return [found[place] for place in np.flatnonzero(is_new).tolist()]


def shrunk(picture: Image.Image, factor: int) -> Image.Image:
    """Divide the sides of a picture by an integer: four times as fast as scaling it."""
    return picture.reduce(factor) if factor > 1 else picture


def shrunk_to(picture: Image.Image, longer_side_px: int) -> Image.Image:
    """Shrink a picture to this longer side, or up to `AS_IT_IS` times as much if that is faster."""
    nearest = shrunk(picture, max(picture.size) // longer_side_px)
    is_near = max(nearest.size) <= AS_IT_IS * longer_side_px
    return nearest if is_near else scaled_to(nearest, longer_side_px)


def scaled_to(
    picture: Image.Image,
    longer_side_px: int,
    filtering: Image.Resampling = Image.Resampling.BILINEAR,
) -> Image.Image:
    """Scale a picture, up or down, so that its longer side has this many pixels."""
    ratio = longer_side_px / max(picture.size)
    if ratio == 1:
        return picture
    width, height = (max(1, round(side * ratio)) for side in picture.size)
    return picture.resize((width, height), filtering, reducing_gap=REDUCING_GAP)
