"""The formats that are taken in: the name, kind, MIME type and ending of each, in one table."""

from __future__ import annotations

import mimetypes
from enum import StrEnum
from posixpath import splitext
from typing import NamedTuple

from photoshare.errors import RejectedPhotoError


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
    "DNG": FileFormat("image/x-adobe-dng", ".dng", (".gpr",), Kind.RAW),
    "CR2": FileFormat("image/x-canon-cr2", ".cr2", (), Kind.RAW),
    "CR3": FileFormat("image/x-canon-cr3", ".cr3", (), Kind.RAW),
    "NEF": FileFormat("image/x-nikon-nef", ".nef", (".nrw",), Kind.RAW),
    "ARW": FileFormat("image/x-sony-arw", ".arw", (".sr2",), Kind.RAW),
    "RAF": FileFormat("image/x-fuji-raf", ".raf", (), Kind.RAW),
    "ORF": FileFormat("image/x-olympus-orf", ".orf", (), Kind.RAW),
    "RW2": FileFormat("image/x-panasonic-rw2", ".rw2", (".rwl", ".raw"), Kind.RAW),
}
# The allowlist: Pillow never tries another decoder on a guest's file.
ACCEPTED_FORMATS = tuple(
    name for name, known in FORMATS.items() if known.kind is Kind.PICTURE and name != "MPO"
)
# RAW files of other cameras: where their pictures are, nobody has tried.
OTHER_RAWS = (
    *(".3fr", ".crw", ".dcr", ".erf", ".fff", ".iiq", ".kdc", ".mef", ".mos", ".mrw", ".pef"),
    *(".srf", ".srw", ".x3f"),
)
# Pictures and clips of other formats, whose MIME types Python doesn't know everywhere.
_OTHER_FORMATS = (
    *(".ai", ".avi", ".eps", ".flv", ".ico", ".jp2", ".jxl", ".m2ts", ".mkv", ".mpeg", ".mpg"),
    *(".mts", ".psd", ".svg", ".wmv", ".xcf"),
)


def kind_of_name(file_name: str) -> Kind | None:
    """Tell by the ending of a file's name what it says to be; None for an unknown ending."""
    ending = splitext(file_name)[1].lower()
    kinds = (one.kind for one in FORMATS.values() if ending in (one.ending, *one.other_endings))
    return next(kinds, None)


def endings_of(kind: Kind) -> list[str]:
    """List the endings of the names of a kind's files, with their dots."""
    known = [one for one in FORMATS.values() if one.kind is kind]
    return list(dict.fromkeys(end for one in known for end in (one.ending, *one.other_endings)))


def types_of(kind: Kind) -> list[str]:
    """List the MIME types of a kind's files."""
    return list(dict.fromkeys(one.mime_type for one in FORMATS.values() if one.kind is kind))


def check_name(file_name: str) -> None:
    """Refuse a file whose name tells that it can't be taken; others may be what they like.

    Raises
    ------
    RejectedPhotoError
        If it is of a format that isn't taken.
    """
    ending = splitext(file_name)[1].lower()
    if kind_of_name(file_name) is not None:
        return
    if ending in OTHER_RAWS:
        raise other_raw()
    if ending in _OTHER_FORMATS:
        raise RejectedPhotoError("%(ending)s files can't be taken.", ending=ending)
    mime_type = mimetypes.types_map.get(ending, "image/")
    if not mime_type.startswith(("image/", "video/")):
        raise RejectedPhotoError("This isn't a photo or a video.")


def other_raw() -> RejectedPhotoError:
    """Make the error for a RAW file of which we can't tell where its picture is."""
    return RejectedPhotoError(
        "This kind of RAW file can't be taken. Please add the JPEG of it, or a DNG."
    )


def is_clip(image_format: str) -> bool:
    """Whether a file of this format moves."""
    return FORMATS[image_format].kind is Kind.CLIP
