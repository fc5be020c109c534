"""Tell the containers of clips by their first bytes, and whether a file is all there."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from photoshare.errors import RejectedPhotoError

HEAD_BYTES = 4096  # enough for the brands of a file, and for the head of a WebM
# Still pictures in the same boxes as clips: HEIC, AVIF and Canon's RAW.
_PICTURE_BRANDS = (b"mif", b"msf", b"hei", b"hev", b"avif", b"avis", b"crx ", b"jxl ")
_SOUND_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
# What a QuickTime file without brands begins with, as old cameras write it.
_OLD_QUICKTIME = (b"moov", b"mdat", b"wide", b"pnot")
_EBML = b"\x1aE\xdf\xa3"
_SEGMENT = b"\x18S\x80g"
_DOCUMENT_TYPE = b"\x42\x82"
# A clip of ten minutes in fragments of a tenth of a second has 12,000; a file of tiny boxes could
# have millions.
MAX_BOXES = 50_000


class _Box(NamedTuple):
    kind: bytes
    size: int  # with its head
    is_whole: bool


def incomplete() -> RejectedPhotoError:
    """Return the refusal of a clip that broke off."""
    return RejectedPhotoError("This video is incomplete: its end is missing. Please send it again.")


def damaged() -> RejectedPhotoError:
    """Return the refusal of a clip that can't be decoded."""
    return RejectedPhotoError("This video is damaged and can't be played.")


def clip_format_of(head: bytes) -> str | None:
    """Tell a clip by the first bytes of its file; None if they are of something else.

    Parameters
    ----------
    head : bytes
        The first `HEAD_BYTES` of the file, or all of it.

    Returns
    -------
    str or None
        A key of `photoshare.pictures.formats.FORMATS`.

    Raises
    ------
    RejectedPhotoError
        If it is a video of a kind that is not taken, such as MKV.
    """
    if head.startswith(_EBML):
        return _matroska_format(head)
    kind, brand = head[4:8], head[8:12]
    if kind in _OLD_QUICKTIME:
        return "MOV"
    if kind != b"ftyp" or brand.startswith(_PICTURE_BRANDS):
        return None
    if brand in _SOUND_BRANDS:
        raise RejectedPhotoError("This file has only sound, no picture.")
    if brand == b"qt  ":
        return "MOV"
    return "3GP" if brand.startswith((b"3gp", b"3g2", b"3ge", b"3gg")) else "MP4"


def _matroska_format(head: bytes) -> str:
    at = head.find(_DOCUMENT_TYPE, 4, 128)
    if at >= 0 and head[at + 3 : at + 7] == b"webm":
        return "WEBM"
    raise RejectedPhotoError(
        "MKV videos can't be played by browsers. You can add MP4, MOV, WebM and 3GP videos."
    )


def check_complete(file: BinaryIO, image_format: str) -> None:
    """Refuse a file whose end, or whose list of pictures, is missing.

    Raises
    ------
    RejectedPhotoError
    """
    size = file.seek(0, os.SEEK_END)
    if image_format == "WEBM":
        is_complete = _is_whole_webm(file, size)
    else:
        boxes = list(_boxes(file, size))
        is_complete = any(box.kind == b"moov" for box in boxes) and all(
            box.is_whole for box in boxes
        )
    file.seek(0)
    if not is_complete:
        raise incomplete()


def _boxes(file: BinaryIO, size: int) -> Iterator[_Box]:
    """List the boxes of the file; padding behind the last one isn't listed."""
    at = 0
    for _ in range(MAX_BOXES):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        length, kind = struct.unpack_from(">I4s", head)
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack_from(">Q", head, 8)
        elif length == 0:  # up to the end of the file
            length = size - at
        if length < 8 or not all(32 <= byte < 127 or byte == 0xA9 for byte in kind):
            return
        yield _Box(kind, length, at + length <= size)
        at += length
        if at > size:  # perhaps by more than can be sought
            return
    raise RejectedPhotoError("This video consists of too many parts.")


def _is_whole_webm(file: BinaryIO, size: int) -> bool:
    """Whether the segment ends within the file; that of a live recording has no length."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    at = head.find(_SEGMENT)
    if at < 0:
        return False
    start = at + len(_SEGMENT)
    first = head[start] if start < len(head) else 0
    width = 9 - first.bit_length()  # of a number of EBML: leading zeros tell its bytes
    if not first or start + width > len(head):
        return False
    length = int.from_bytes(head[start : start + width]) - (1 << 7 * width)
    is_unknown = length == (1 << 7 * width) - 1
    return is_unknown or start + width + length <= size
