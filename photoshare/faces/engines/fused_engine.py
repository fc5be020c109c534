"""The default engine, ``fused``: YuNet finds faces, dlib's encoder and SFace encode them.

dlib's network alone confuses East Asian guests, Black women and children with one another far too
often (docs/evaluation.md); SFace hardly does, and both together are better than either. An encoding
is one vector of length 1 that contains both, so that a face distance weighs them.

Several threads may use one FusedFaceEngine at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from photoshare.faces.engines.dlib_encoder import DlibEncoder
from photoshare.faces.engines.sface import SfaceEncoder, aligned_chip
from photoshare.faces.engines.yunet import Detections, YunetDetector, joined, overlaps_of
from photoshare.faces.graphs.dlib_format import ENCODING_SIZE as DLIB_SIZE
from photoshare.faces.graphs.dlib_format import GRAPH_VERSION
from photoshare.faces.graphs.model_files import (
    ENCODER_FILE,
    SFACE_FILE,
    SFACE_SIZE,
    SHA256_OF,
    YUNET_FILE,
    ZOO_GRAPH_VERSION,
)
from photoshare.faces.quality import sharpness_of
from photoshare.faces.search import (
    AS_IT_IS,
    CHIP_FACE_PX,
    SHEET_FACES,
    face_sheet,
    parts_of,
    scaled_to,
    shrunk,
    shrunk_to,
)
from photoshare.faces.types import AnalysedFace, Doubt, FaceEncodings, PhotoSource, Size
from photoshare.geometry import SAME_FACE_OVERLAP, FaceLocation

FUSED_VERSION = 2  # increase it whenever different faces or encodings result
# Share of SFace in the squared distance of two faces; docs/evaluation.md says how it was chosen.
SFACE_SHARE = 0.8
FUSED_EPS = 0.87
# Strangers are 1.1 to 1.5 eps apart here: of 15 doubtful faces nearer than that 5 were the person,
# of 92 from there to 1.15 none was (docs/evaluation.md).
FUSED_DOUBT = Doubt(reach=1.1, fall=0.03)
FUSED_SMALLEST_PERCENT = 1.0
# The picture is searched at the size at which the smallest face has this many pixels: this finds
# 98 % of faces of 1 % of the longer side; 16 pixels find 99 % but take half as much time again.
SMALLEST_FACE_PX = 12.8
# Looks at smaller copies, by these factors, find faces that fill the photo, and those from 2 %.
COARSE_FACTOR, MIDDLE_FACTOR = 4, 2
LARGE_SHARE = 0.1  # of the longer side: if all faces they find are as wide, 1 % is not searched
# Searching a larger part requests so much memory from the system, again for each photo, that this
# takes as long as the search: 115 ms for a 1280 x 960 picture in one part, 73 ms in four.
PART_PX = 704
PART_OVERLAP_PX = 96  # larger faces, found by the first look, need not be whole in a part
SURE_SCORE = 0.8  # such a box is accepted as it is: all 392 on groups_dev are faces
DOUBTFUL_SCORE = 0.5  # such a box is accepted if a closer look is sure
# YuNet's boxes reach from forehead to chin; dlib's landmarks need the square that its own detector
# gives, whose side is this share of their mean side (median of 100 faces that both found).
DLIB_SIDE = 0.86


class Look(NamedTuple):
    """How to look at a found face again, on its own."""

    face_px: int  # side of its box
    width: float  # of the part looked at, in sides of the box


WHETHER = Look(128, 3.0)  # it is a face: with its surroundings
# Where its eyes, nose and mouth are: the error of a search's landmarks is large enough to affect
# the encoding. With 192 pixels and little around, 2 more pairs of one person in 100 are near enough
# than with 128 in the worst groups of everybody_dev, and 10 more of idols; 96, 256 and 320 pixels
# and means of several looks are worse (docs/evaluation.md).
WHERE = Look(192, 2.0)


class FusedFaceEngine:
    """Finds faces from 1 % of a photo's longer side, and encodes them with two networks.

    Parameters
    ----------
    graphs_folder : Path
        Where the ONNX graphs are kept (they are built there on first use, in a few seconds).
    threads : int >= 1
        Threads of one call; see `photoshare.faces.engines.sessions.LazySession`.
    """

    encoding_size = DLIB_SIZE + SFACE_SIZE
    eps = FUSED_EPS
    doubt = FUSED_DOUBT
    smallest_face_percent = FUSED_SMALLEST_PERCENT

    def __init__(self, graphs_folder: Path, *, threads: int = 1) -> None:
        self.detector = YunetDetector(graphs_folder, threads)
        # Averaging with the mirrored chip's encoding would add a sixth to the time of a face and,
        # at this share of the distance, does not change the F of any group of everybody_dev.
        self.dlib_encoder = DlibEncoder(graphs_folder, threads=threads, is_mirroring=False)
        self.sface_encoder = SfaceEncoder(graphs_folder, threads)

    @property
    def name(self) -> str:
        """Its name, the versions of engine and graphs, and the start of the weights' hashes."""
        weights = "".join(SHA256_OF[name][:4] for name in (YUNET_FILE, ENCODER_FILE, SFACE_FILE))
        return f"fused-{FUSED_VERSION}-{GRAPH_VERSION}{ZOO_GRAPH_VERSION}-{weights}"

    @property
    def photos_at_once(self) -> int:
        """One for each core: faster than several threads on one photo (docs/performance.md)."""
        return os.cpu_count() or 1

    def warm_up(self) -> None:
        """Load the models; raises ModelError if one of their files is missing or damaged."""
        for part in (self.detector, self.dlib_encoder, self.sface_encoder):
            part.load()

    def find_faces(self, photo: PhotoSource, smallest_face_percent: float) -> list[AnalysedFace]:
        """Find and encode the faces of a photo.

        Parameters
        ----------
        photo : PhotoSource
        smallest_face_percent : float
            Width of the smallest face to find, in percent of the photo's longer side; half of it
            takes four times as long.

        Returns
        -------
        list of AnalysedFace
            Surest first; locations and landmarks in pixels of the upright original.
        """
        found = self._locate(photo, smallest_face_percent)
        if len(found) == 0:
            return []
        full_px = max(photo.size)
        smallest_px = max(1.0, float(np.min(found.boxes[:, 2] - found.boxes[:, 0])))
        picture = photo.picture(full_px * CHIP_FACE_PX / smallest_px)
        found = self._seen_closer(picture, found.moved(max(picture.size) / full_px))
        return self._encoded(picture, found, photo.size)

    def _locate(self, photo: PhotoSource, smallest_face_percent: float) -> Detections:
        """Find the faces of a photo, in pixels of the upright original."""
        full_px = max(photo.size)
        fine_px = min(round(100 * SMALLEST_FACE_PX / smallest_face_percent), full_px)
        picture = photo.picture(fine_px)
        fine_px = min(fine_px, max(picture.size))
        # Smaller copies are made of each other, and the picture is scaled only for a finer look:
        # on a photo of 12 megapixels this scaling takes twice as long as the first two looks.
        looks = []
        smaller = picture
        for factor in (MIDDLE_FACTOR, COARSE_FACTOR) if fine_px > PART_PX else (COARSE_FACTOR,):
            smaller = shrunk_to(smaller, max(1, fine_px // factor))
            found = self.detector.locate(np.asarray(smaller), DOUBTFUL_SCORE)
            looks.append(found.moved(max(picture.size) / max(smaller.size)))
        if fine_px <= PART_PX or not _are_large(joined(looks), picture.size):
            looks += self._finer_looks(picture, fine_px)
        found = joined(looks)
        is_sure = [
            score >= SURE_SCORE or len(self._closer_look(picture, box, WHETHER, SURE_SCORE)) > 0
            for box, score in zip(found.boxes, found.scores, strict=True)
        ]
        found = found.subset(np.array(is_sure, dtype=np.bool_))
        return found.moved(full_px / max(picture.size))

    def _finer_looks(self, picture: Image.Image, fine_px: int) -> Iterator[Detections]:
        """Find the smallest faces of a picture, part by part; in its pixels."""
        is_scaled = max(picture.size) > AS_IT_IS * fine_px
        fine = scaled_to(picture, fine_px, Image.Resampling.BOX) if is_scaled else picture
        for part, left, top in parts_of(fine, PART_PX, PART_OVERLAP_PX):
            seen = self.detector.locate(np.asarray(part), DOUBTFUL_SCORE).moved(1, left, top)
            found = _uncut(seen, (left, top, *part.size), fine.size)
            yield found.moved(max(picture.size) / max(fine.size))

    def _seen_closer(self, picture: Image.Image, found: Detections) -> Detections:
        """Find boxes and landmarks again in pictures of one face each; remove duplicate faces.

        Two boxes of a face that hardly overlap, such as one of half of it, meet in a closer look.
        """
        boxes, landmarks = found.boxes.copy(), found.landmarks.copy()
        for row, box in enumerate(found.boxes):
            closer = self._closer_look(picture, box, WHERE, DOUBTFUL_SCORE)
            if len(closer):
                boxes[row], landmarks[row] = closer.boxes[0], closer.landmarks[0]
        return joined([Detections(boxes, landmarks, found.scores)])

    def _closer_look(
        self, picture: Image.Image, box: NDArray[np.float32], look: Look, least_score: float
    ) -> Detections:
        """Look for the face of a box again; return what overlaps it enough, most first."""
        left, top, right, bottom = box.tolist()
        side = max(1.0, ((right - left) * (bottom - top)) ** 0.5)
        start_x, start_y = (
            int(middle - look.width / 2 * side)
            for middle in ((left + right) / 2, (top + bottom) / 2)
        )
        width = max(2, round(look.width * side))
        around = picture.crop((start_x, start_y, start_x + width, start_y + width))
        seen_px = round(look.width * look.face_px)
        near = shrunk(around, width // seen_px)
        is_larger = near.width > seen_px
        filtering = Image.Resampling.BILINEAR if is_larger else Image.Resampling.BICUBIC
        seen = near.resize((seen_px, seen_px), filtering)
        faces = self.detector.locate(np.asarray(seen), least_score).moved(width / seen_px)
        faces = faces.moved(1, start_x, start_y)
        overlaps = overlaps_of(box[None], faces.boxes)[0]
        nearest = np.argsort(-overlaps, kind="stable")
        return faces.subset(nearest[overlaps[nearest] > SAME_FACE_OVERLAP])

    def _encoded(self, picture: Image.Image, found: Detections, size: Size) -> list[AnalysedFace]:
        """Encode faces; ``found`` is in pixels of the picture, the result in those of the photo."""
        chips = [aligned_chip(picture, points) for points in found.landmarks]
        encodings = joint_encodings(
            self._dlib_encodings(picture, found.boxes),
            self.sface_encoder.encode_chips(chips),
        )
        found = found.moved(max(size) / max(picture.size))
        rows = zip(found.boxes, found.scores, encodings, found.landmarks, chips, strict=True)
        return [
            AnalysedFace(_location(box, size), float(score), encoding, points, sharpness_of(chip))
            for box, score, encoding, points, chip in rows
        ]

    def _dlib_encodings(self, picture: Image.Image, boxes: NDArray[np.float32]) -> FaceEncodings:
        squares = [_dlib_square(box) for box in boxes]
        sheets = [
            squares[start : start + SHEET_FACES] for start in range(0, len(boxes), SHEET_FACES)
        ]
        return np.concatenate(
            [self.dlib_encoder.encode(*face_sheet(picture, sheet)) for sheet in sheets]
        )


def joint_encodings(of_dlib: FaceEncodings, of_sface: FaceEncodings) -> FaceEncodings:
    """Combine two encodings into one.

    Parameters
    ----------
    of_dlib, of_sface : float32 arrays of shape (n, 128)

    Returns
    -------
    float32 array of shape (n, 256)
        Each of length 1. Their squared distance is 1 - SFACE_SHARE times that of dlib's encodings
        at length 1, plus SFACE_SHARE times that of SFace's.
    """
    parts = ((1 - SFACE_SHARE, of_dlib), (SFACE_SHARE, of_sface))
    weighted = [
        np.sqrt(share) * encodings / np.linalg.norm(encodings, axis=1, keepdims=True)
        for share, encodings in parts
    ]
    return np.concatenate(weighted, axis=1).astype(np.float32)


def _are_large(found: Detections, size: Size) -> bool:
    """Whether there are faces, none of them so small that even smaller ones are likely."""
    widths = found.boxes[:, 2] - found.boxes[:, 0]
    return len(found) > 0 and float(widths.min()) >= LARGE_SHARE * max(size)


def _uncut(found: Detections, part: tuple[int, int, int, int], size: Size) -> Detections:
    """Remove boxes cut by an edge of a part (left, top, width, height) inside the picture."""
    left, top, width, height = part
    first = np.array([left or -np.inf, top or -np.inf])
    last = np.array([left + width, top + height], dtype=float)
    last[last >= size] = np.inf
    edges = np.concatenate([found.boxes[:, :2] - first, last - found.boxes[:, 2:]], axis=1)
    return found.subset(np.flatnonzero(edges.min(axis=1, initial=np.inf) > 0))


def _location(box: NDArray[np.float32], size: Size) -> FaceLocation:
    """Round a box to whole pixels within the photo, at least one wide and high."""
    left, top, right, bottom = (round(edge) for edge in box.tolist())
    left, top = min(max(left, 0), size[0] - 1), min(max(top, 0), size[1] - 1)
    return top, min(max(right, left + 1), size[0]), min(max(bottom, top + 1), size[1]), left


def _dlib_square(box: NDArray[np.float32]) -> FaceLocation:
    left, top, right, bottom = box.tolist()
    half = max(1.0, DLIB_SIDE * ((right - left) * (bottom - top)) ** 0.5 / 2)
    x, y = (left + right) / 2, (top + bottom) / 2
    return round(y - half), round(x + half), round(y + half), round(x - half)
