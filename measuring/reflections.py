"""Measure whether a mirror splits a person: ``python -m measuring.reflections FOLDER...``.

Beside a photo of each person, its mirror image is pasted onto the same picture, without an edge: as
it is, smaller, turned and darker as in a mirror, or much smaller and not mirrored as on a screen.
The picture joins the room of its folder. Prints how often it is recognised, and how often both of
its faces are in the person's album, with and without that. Encodings of the folder are cached, as
by `measuring.evaluate`.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from measuring.evaluate import LabelledSet, load_set, table_row
from measuring.evaluate_photos import UNKNOWN
from measuring.options import read_options
from photoshare.config import Settings
from photoshare.faces.analysis import analyse_decoded
from photoshare.faces.grouping.plan import plan_groups
from photoshare.faces.reflections import REFLECTION
from photoshare.faces.types import NO_BOND, NO_COLLAGE, NO_PERSON, AnalysedFace, FaceEngine, FaceSet
from photoshare.pictures.decoding import DecodedPhoto, decode_upright

LEAST_PHOTOS = 4  # of a person who looks into a mirror
LONGER_SIDE_PX = 900
WALL = (120, 120, 120)  # around a smaller picture
COLUMNS = ["pictures", "recognised", "one album before", "one album now"]


def darker_and_turned(picture: Image.Image) -> Image.Image:
    """Make what a mirror shows of a picture from the side."""
    mirrored = ImageOps.mirror(picture).reduce(2).rotate(6, expand=True, fillcolor=WALL)
    return ImageEnhance.Brightness(mirrored).enhance(0.8).filter(ImageFilter.GaussianBlur(0.8))


KINDS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "mirrored": ImageOps.mirror,
    "mirrored, half as large, turned, darker": darker_and_turned,
    "a third as large, not mirrored": lambda picture: picture.reduce(3),
}


def main() -> None:
    """Measure, and print a table."""
    folders, engine, cache = read_options(__doc__)
    print(table_row("room", COLUMNS), "|---" * 5 + "|", sep="\n")
    for folder in folders:
        room = load_set(folder, engine, cache)
        for kind, change in KINDS.items():
            counts = measure(room, change, engine)
            shown = [str(counts[name]) for name in COLUMNS]
            print(table_row(f"{folder.name}, {kind}", shown), flush=True)


def measure(
    room: LabelledSet, change: Callable[[Image.Image], Image.Image], engine: FaceEngine
) -> Counter[str]:
    """Let everybody with several photos look into a mirror; count by column."""
    counts: Counter[str] = Counter()
    identities = np.array(room.identities)
    for name in sorted(set(room.identities) - {UNKNOWN}):
        rows = np.flatnonzero(identities == name)
        if len(set(room.faces.photo_ids[rows].tolist())) < LEAST_PHOTOS:
            continue
        photo = room.photos[room.faces.photo_ids[rows[0]]]
        pair = find_pair(photo.path, room.faces.encodings[rows[0]], change, engine)
        if pair is not None:
            distance = float(np.linalg.norm(pair[0].encoding - pair[1].encoding))
            counts["pictures"] += 1
            counts["recognised"] += distance < REFLECTION * engine.eps
            counts["one album before"] += is_one_album(
                room, rows, pair, [NO_COLLAGE] * 2, engine.eps
            )
            panels = [face.panel for face in pair]
            counts["one album now"] += is_one_album(room, rows, pair, panels, engine.eps)
    return counts


def find_pair(
    path: Path,
    encoding: NDArray[np.float32],
    change: Callable[[Image.Image], Image.Image],
    engine: FaceEngine,
) -> tuple[AnalysedFace, AnalysedFace] | None:
    """Find the face with an encoding and its reflection; None if one of them is not found."""
    picture = decode_upright(path, at_least_px=LONGER_SIDE_PX).image
    picture.thumbnail((LONGER_SIDE_PX, LONGER_SIDE_PX))
    other = change(picture)
    size = (picture.width + other.width, max(picture.height, other.height))
    both = picture.resize(size).filter(ImageFilter.GaussianBlur(40))
    for left, part in ((0, picture), (picture.width, other)):
        both.paste(part, (left, 0), oval(part.size))
    content = io.BytesIO()
    both.save(content, "JPEG", quality=85)

    def decode(longer_side_px: int) -> DecodedPhoto:
        return decode_upright(io.BytesIO(content.getvalue()), at_least_px=longer_side_px)

    sides: dict[bool, list[AnalysedFace]] = {True: [], False: []}
    for face in analyse_decoded(decode, engine).faces:
        sides[face.location[3] < picture.width].append(face)

    def farness(face: AnalysedFace) -> float:
        return float(np.linalg.norm(face.encoding - encoding))

    if not sides[True] or not sides[False]:
        return None
    return min(sides[True], key=farness), min(sides[False], key=farness)


def oval(size: tuple[int, int]) -> Image.Image:
    """Make a mask with a soft edge: a straight one would be that of a collage's panel."""
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).ellipse((10, 10, size[0] - 10, size[1] - 10), fill=255)
    return mask.filter(ImageFilter.GaussianBlur(6))


def is_one_album(
    room: LabelledSet,
    rows: NDArray[np.int64],
    pair: tuple[AnalysedFace, AnalysedFace],
    panels: list[int],
    eps: float,
) -> bool:
    """Group the room with the new picture; tell whether both its faces are where the person is."""
    known = room.faces
    count = len(known) + 2
    faces = FaceSet(
        np.concatenate([known.encodings, *(face.encoding[None] for face in pair)]),
        np.concatenate([known.photo_ids, [len(room.photos)] * 2]),
        np.full(count, NO_PERSON, dtype=np.int64),
        np.concatenate([known.is_founder, [True, True]]),
        np.full(count, NO_BOND, dtype=np.int64),
        np.concatenate([known.panels, panels]),
    )
    active = np.ones(count, dtype=np.bool_)
    plan = plan_groups(faces, active, eps=eps, min_samples=Settings().min_samples)
    people = plan.person_ids
    album = Counter(people[rows].tolist()).most_common(1)[0][0]
    return bool((people[-2:] == album).all())


if __name__ == "__main__":
    main()
