"""The formats that are taken in: the name, kind, MIME type and ending of each, in one table."""

from __future__ import annotations

from enum import StrEnum
from posixpath import splitext
from typing import NamedTuple


class Kind(StrEnum):
    """How a file is decoded."""

    PICTURE = "picture"  # by Pillow
    RAW = "raw"  # what a camera's sensor saw: by the JPEG that the camera put inside
    CLIP = "clip"  # by FFmpeg


class FileFormat(NamedTuple):
    """A format of files."""

    mime_type: str
    ending: str  # of file names, with its dot
    other_endings: tuple[str, ...] = ()  # that mean the same
    kind: Kind = Kind.PICTURE


# Pictures by Pillow's name.
FORMATS = {
    "JPEG": FileFormat("image/jpeg", ".jpg", (".jpeg", ".jpe")),
    # What Pillow calls a JPEG with more pictures behind the first; its JPEG decoder opens it.
    "MPO": FileFormat("image/jpeg", ".jpg", (".jpeg", ".jpe")),
    "PNG": FileFormat("image/png", ".png"),
    "WEBP": FileFormat("image/webp", ".webp"),
    "HEIF": FileFormat("image/heif", ".heic", (".heif",)),
    "AVIF": FileFormat("image/avif", ".avif"),
    "GIF": FileFormat("image/gif", ".gif"),
    "TIFF": FileFormat("image/tiff", ".tif", (".tiff",)),
    "BMP": FileFormat("image/bmp", ".bmp"),
    "MP4": FileFormat("video/mp4", ".mp4", (".m4v",), Kind.CLIP),
    "MOV": FileFormat("video/quicktime", ".mov", (".qt",), Kind.CLIP),
    "WEBM": FileFormat("video/webm", ".webm", (), Kind.CLIP),
    "3GP": FileFormat("video/3gpp", ".3gp", (".3gpp", ".3g2"), Kind.CLIP),
    "DNG": FileFormat("image/x-adobe-dng", ".dng", (), Kind.RAW),
    "CR2": FileFormat("image/x-canon-cr2", ".cr2", (), Kind.RAW),
    "CR3": FileFormat("image/x-canon-cr3", ".cr3", (), Kind.RAW),
    "NEF": FileFormat("image/x-nikon-nef", ".nef", (), Kind.RAW),
    "ARW": FileFormat("image/x-sony-arw", ".arw", (), Kind.RAW),
    "RAF": FileFormat("image/x-fuji-raf", ".raf", (), Kind.RAW),
    "ORF": FileFormat("image/x-olympus-orf", ".orf", (), Kind.RAW),
    "RW2": FileFormat("image/x-panasonic-rw2", ".rw2", (), Kind.RAW),
}
# The allowlist: Pillow never tries another decoder on a guest's file.
ACCEPTED_FORMATS = tuple(
    name for name, known in FORMATS.items() if known.kind is Kind.PICTURE and name != "MPO"
)
CLIP_ENDINGS = tuple(
    dict.fromkeys(
        ending
        for known in FORMATS.values()
        if known.kind is Kind.CLIP
        for ending in (known.ending, *known.other_endings)
    )
)


def kind_of_name(file_name: str) -> Kind | None:
    """Tell by the ending of a file's name what it says to be; None for an unknown ending."""
    ending = splitext(file_name)[1].lower()
    kinds = (one.kind for one in FORMATS.values() if ending in (one.ending, *one.other_endings))
    return next(kinds, None)


def is_clip(image_format: str) -> bool:
    """Whether a file of this format moves."""
    return FORMATS[image_format].kind is Kind.CLIP
