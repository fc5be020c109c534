"""Names of files to take home: safe on Windows, macOS and Linux, unique within a zip."""

from __future__ import annotations

import re
import unicodedata
from posixpath import splitext

from photoshare.pictures.formats import FORMATS

_UNSAFE = '<>:"/\\|?*'  # characters that Windows refuses in a file name; the others refuse fewer
_SAFE = re.compile(r"[A-Za-z0-9 ._()+-]*")
# As cameras and phones name their photos: safe as they are, and too long to be reserved.
_USUAL = re.compile(r"[A-Za-z0-9_()+-]{8,100}(\.[A-Za-z]+)")
_JOINERS = "\u200c\u200d"  # invisible, and part of how Hindi, Persian and emoji are written
_RESERVED = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{device}{number}" for device in ("com", "lpt") for number in "0123456789¹²³"
}
# Of 255 bytes (ext4) or UTF-16 units (NTFS, APFS) that file systems take; a text has no more units
# than bytes. An ending and a number follow.
MAX_STEM_BYTES = 200


def original_name(file_name: str, image_format: str) -> str:
    """Name an original for a download: its own name, made safe, with the ending of its format."""
    ending, endings = FORMATS[image_format].ending, FORMATS[image_format].other_endings
    usual = _USUAL.fullmatch(file_name)
    if usual is not None and usual[1] == ending:
        return file_name
    path = file_name.replace("\\", "/").rstrip("/")  # of Windows, or of an import
    name = path.rpartition("/")[2]
    stem, suffix = splitext(name)
    if suffix.lower() in (ending, *endings):
        return safe_name(stem) + suffix
    return safe_name(name) + ending


def safe_name(text: str) -> str:
    """Make a text fit to be a file name on Windows, macOS and Linux, without an ending."""
    if not _SAFE.fullmatch(text):  # most are: those of cameras
        text = "".join(map(_safe_letter, unicodedata.normalize("NFC", text)))
    text = text.encode()[:MAX_STEM_BYTES].decode(errors="ignore").strip(" ." + _JOINERS) or "photo"
    return f"{text}_" if text.split(".")[0].rstrip().lower() in _RESERVED else text


def _safe_letter(letter: str) -> str:
    category = unicodedata.category(letter)
    if category == "Cf":  # marks of direction would turn the name around, ending and all
        return letter if letter in _JOINERS else ""
    return "_" if letter in _UNSAFE or category[0] == "C" else letter


def unique_names(names: list[str]) -> list[str]:
    """Number the names that would collide where case does not count: ``a.jpg``, ``a (2).jpg``."""
    taken: set[str] = set()
    last_numbers: dict[str, int] = {}  # a phone calls thousands of photos image.jpg
    result = []
    for name in names:
        same = _sameness(name)
        candidate, wanted, number = name, same, last_numbers.get(same, 1)
        while wanted in taken:
            number += 1
            stem, dot, ending = name.rpartition(".")
            candidate = f"{stem} ({number}){dot}{ending}"
            wanted = _sameness(candidate)
        last_numbers[same] = number
        taken.add(wanted)
        result.append(candidate)
    return result


def _sameness(name: str) -> str:
    """Return what is equal for names that some file system takes for the same.

    Case does not count on Windows and macOS, nor does it on macOS whether an accent is a letter's
    own or stands behind it.
    """
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
