"""How a photo looks, in 256 bits, by which its near duplicates are found.

The bits say whether each point is darker than its neighbour, so that they outlive compression,
scaling and another brightness.
"""

from __future__ import annotations

import imagehash
import numpy as np
from PIL import Image

_SIDE = 16  # of the hash: 256 bits
LOOK_BYTES = _SIDE * _SIDE // 8
# The bits of a look are looked up in 16 parts. Of two looks that differ in up to 15 bits, one part
# is equal for certain, and of those that differ in 24 nearly always. Each part has bits from all
# over the picture: those of one line are much alike in all photos with a plain background.
_SPREAD = tuple(bit * 79 % (_SIDE * _SIDE) for bit in range(_SIDE * _SIDE))


def look_of(image: Image.Image) -> bytes:
    """Return the look of an upright picture."""
    bits = imagehash.dhash(image, _SIDE).hash
    return np.packbits(bits).tobytes()


def bands_of(look: bytes) -> list[int]:
    """Return the parts of a look as numbers, each with its place."""
    bits = np.unpackbits(np.frombuffer(look, dtype=np.uint8))[list(_SPREAD)]
    parts = np.packbits(bits).view(">u2")
    return [number << 16 | int(part) for number, part in enumerate(parts)]


def look_distances(look: bytes, others: list[bytes]) -> list[int]:
    """Count in how many bits others differ from a look."""
    if not others:
        return []
    rows = np.frombuffer(b"".join(others), dtype=np.uint8).reshape(len(others), LOOK_BYTES)
    differing = np.bitwise_xor(rows, np.frombuffer(look, dtype=np.uint8))
    return [int(count) for count in np.bitwise_count(differing).sum(axis=1)]
