"""Measure what is taken for the same photo: ``python -m measuring.near_duplicates FOLDER...``.

Every picture below the folders is compared with what messengers, galleries and screens make of it,
and with every other picture. Prints for each kind of change how many copies are found, by their
looks as in a room and then by their pixels, and lists all pairs of different files that would be
shown as one, whatever their size. What cameras say of time is left out, which keeps apart what
looks alike: these are pixels alone.
"""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from measuring.evaluate import table_row
from photoshare.errors import RejectedPhotoError
from photoshare.looks.comparing import (
    COPY_BITS,
    LEAST_SIDE_PX,
    Grey,
    grey_of,
    have_one_shape,
    is_lively,
    likeness,
)
from photoshare.looks.hashing import LOOK_BYTES, bands_of, look_distances, look_of
from photoshare.pictures import encoding
from photoshare.pictures.decoding import decode_upright
from photoshare.pictures.rendering import EAGER_PX

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".heic")
MOST_CHANGED = 120  # pictures of a folder that are changed; all are compared as they are
_SIDE = min(EAGER_PX)


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture, as a room has it."""

    path: Path
    size: tuple[int, int]
    look: bytes
    grey: Grey
    sha256: str


def _saved(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def _sent(image: Image.Image, side: int, quality: int) -> Image.Image:
    return _saved(encoding.smaller(image, side), quality)


def _shot_of_screen(image: Image.Image) -> Image.Image:
    """Show a picture on a phone of 1080 pixels, and save what it shows, without its bars."""
    width = 1080
    return image.resize((width, round(image.height * width / image.width)))


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "saved again at quality 80": lambda image: _saved(image, 80),
    "at quality 60": lambda image: _saved(image, 60),
    "at quality 40": lambda image: _saved(image, 40),
    "sent with 1600 px at quality 75": lambda image: _sent(image, 1600, 75),
    "sent with 1280 px at quality 60": lambda image: _sent(image, 1280, 60),
    "half as large at quality 60": lambda image: _sent(image, max(image.size) // 2, 60),
    "as PNG, without metadata": lambda image: image,
    "as on a screen": _shot_of_screen,
    "brighter by 5 %": lambda image: _saved(ImageEnhance.Brightness(image).enhance(1.05), 80),
    "more contrast by 5 %": lambda image: _saved(ImageEnhance.Contrast(image).enhance(1.05), 80),
}


def main() -> None:
    """Measure, and print two tables."""
    folders = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    if not folders:
        sys.exit(__doc__)
    seen: list[Seen] = []
    found = {name: [0, 0, 0, 0, 0.0] for name in CHANGES}
    for folder in folders:
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
        step = max(1, len(paths) // MOST_CHANGED)
        for number, path in enumerate(paths):
            image = _opened(path)
            if image is None:
                continue
            original = see(path, image)
            seen.append(original)
            if number % step == 0:
                for name, change in CHANGES.items():
                    count(found[name], original, see(path, change(image)))
    print(table_row("change", ["copies", "found", "farthest look", "worst block"]))
    print("|---" * 5 + "|")
    for name, (copies, shown, _, bits, worst) in found.items():
        percent = f"{shown / max(copies, 1):.1%}"
        print(table_row(name, [str(copies), percent, f"{bits} bits", f"{worst:.1f}"]))
    print(f"\n{len(seen)} pictures, {len(seen) * (len(seen) - 1) // 2} pairs; shown as one:")
    for one, other, bits in pairs_of(seen):
        print(f"{_short(one.path)} and {_short(other.path)}: {bits} bits")


def _short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _opened(path: Path) -> Image.Image | None:
    try:
        return decode_upright(path, at_least_px=4000).image
    except RejectedPhotoError:
        return None


def see(path: Path, image: Image.Image) -> Seen:
    """Look at a picture as a room does: at its copy for the grid."""
    small = encoding.smaller(image, _SIDE)
    kept = Image.open(io.BytesIO(encoding.to_webp(small))).convert("RGB")
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    return Seen(path, image.size, look_of(small), grey_of(kept), digest)


def count(row: list[float], original: Seen, copy: Seen) -> None:
    """Count a copy, if both are large enough to be compared, and whether it is found."""
    if min(*original.size, *copy.size) < LEAST_SIDE_PX or not is_lively(original.grey):
        return
    bits = look_distances(original.look, [copy.look])[0]
    found = likeness(original.grey, copy.grey)
    row[0] += 1
    row[1] += are_one(original, copy, bits)
    row[3] = max(row[3], bits)
    row[4] = max(row[4], found.worst_block)


def are_one(one: Seen, other: Seen, bits: int) -> bool:
    """Whether a room shows two pictures as one, by what is seen alone."""
    if bits > COPY_BITS or not have_one_shape(one.size, other.size):
        return False
    if not set(bands_of(one.look)) & set(bands_of(other.look)):
        return False
    is_known = is_lively(one.grey) and is_lively(other.grey)
    return is_known and likeness(one.grey, other.grey).is_copy


def pairs_of(seen: list[Seen]) -> Iterator[tuple[Seen, Seen, int]]:
    """Compare all pictures with all others, also those that are too small for a room."""
    looks = np.frombuffer(b"".join(one.look for one in seen), dtype=np.uint8)
    looks = looks.reshape(len(seen), LOOK_BYTES)
    for number, one in enumerate(seen):
        bits = np.bitwise_count(looks[number + 1 :] ^ looks[number]).sum(axis=1)
        for place in np.flatnonzero(bits <= COPY_BITS):
            other = seen[number + 1 + int(place)]
            if one.sha256 != other.sha256 and are_one(one, other, int(bits[place])):
                yield one, other, int(bits[place])


if __name__ == "__main__":
    main()
