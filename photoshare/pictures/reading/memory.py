"""Tell a picture that needs more memory than it may take from one that is damaged.

Decoders say all sorts of things when they get no memory, and some of them that a file is broken.
"""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path
from typing import BinaryIO

from PIL.ImageFile import ImageFile

from photoshare.errors import RejectedPhotoError
from photoshare.pictures.reading.jpegs import JPEGS

_MB = 1_000_000
# Measured with pictures of 50 to 200 megapixels; see docs/uploads.md.
_BYTES_OF_PIXEL = {"HEIF": 7, "AVIF": 9, "WEBP": 15, "TIFF": 5, "GIF": 5, "BMP": 5, "PNG": 5}
_COEFFICIENT_BYTES = 2
_BYTES_OF_ANY, _REDUCED = 4, 4  # of a pixel in Pillow; how much smaller such a picture is decoded
_WEBP_HEAD = 30  # bytes, with the size of each of its three kinds
_PROCESS_BYTES = 30 * _MB  # of the limit are in use before


def wanted_bytes(opened: ImageFile) -> int:
    """Estimate how much memory a decoder takes for all of a picture."""
    pixels = opened.width * opened.height
    if opened.format in JPEGS:
        if "progressive" not in opened.info:
            return 0  # it is decoded as small as memory allows
        layers = [(down, across) for _, down, across, _ in opened.layer]  # type: ignore[attr-defined]
        most = max(down for down, _ in layers) * max(across for _, across in layers)
        coefficients: int = pixels * sum(down * across for down, across in layers) // most
        return coefficients * _COEFFICIENT_BYTES + pixels * _BYTES_OF_ANY // _REDUCED
    return pixels * _BYTES_OF_PIXEL.get(opened.format or "", 0)


def wanted_before_opening(path: Path | BinaryIO) -> int:
    """Estimate how much memory it takes to open a WebP, which makes space for all of its pixels."""
    with contextlib.ExitStack() as closing:
        if isinstance(path, Path):
            if not path.is_file():
                return 0  # whoever opens it will say so
            file: BinaryIO = closing.enter_context(path.open("rb"))
        else:
            file = path
        at = file.tell()
        head = file.read(_WEBP_HEAD)
        file.seek(at)
    if len(head) < _WEBP_HEAD or head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return 0
    if head[12:16] == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
    elif head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    return width * height * _BYTES_OF_PIXEL["WEBP"]


def is_short_of(wanted: int) -> bool:
    """Whether a decoder that failed may have got less memory than it wanted."""
    limit = _limit()
    return limit is not None and wanted + _PROCESS_BYTES > limit


def too_little() -> RejectedPhotoError:
    """Return the refusal of a picture that needs too much memory, by the name of the bound."""
    limit = _limit()
    if limit is None:
        return RejectedPhotoError("This picture needs more memory than the server has.")
    return RejectedPhotoError(
        "This picture needs more memory than this server lets one photo take (%(number)s MB).",
        number=limit // _MB,
    )


def _limit() -> int | None:
    """Bytes that this process may have; a decoder process sets it."""
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    return None if limit == resource.RLIM_INFINITY else limit
