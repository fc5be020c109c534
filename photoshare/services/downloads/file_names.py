"""Name files for download: safe on Windows, macOS and Linux, unique within a zip."""

from __future__ import annotations

import re
import unicodedata
from posixpath import splitext

from photoshare.pictures.formats import FORMATS

_UNSAFE = '<>:"/\\|?*'  # characters that Windows refuses in a file name; other systems refuse fewer
_SAFE = re.compile(r"[A-Za-z0-9 ._()+-]*")
# How cameras and phones name their photos: safe unchanged, and too long to be reserved names.
_USUAL = re.compile(r"[A-Za-z0-9_()+-]{8,100}(\.[A-Za-z]+)")
JOINERS = "\u200c\u200d"  # invisible, and part of how Hindi, Persian and emoji are written
_RESERVED = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{device}{number}" for device in ("com", "lpt") for number in "0123456789¹²³"
}
# Of the 255 bytes (ext4) or UTF-16 units (NTFS, APFS) that file systems allow; a text never has
# more units than bytes. An ending and a number are still added.
MAX_STEM_BYTES = 200


def original_name(file_name: str, image_format: str) -> str:
    """Name an original for a download: its own name, made safe, with the ending of its format."""
    ending, endings = FORMATS[image_format].ending, FORMATS[image_format].other_endings
    usual = _USUAL.fullmatch(file_name)
    if usual is not None and usual[1] == ending:
        return file_name
    path = file_name.replace("\\", "/").rstrip("/")  # from Windows, or from an import
    name = path.rpartition("/")[2]
    stem, suffix = splitext(name)
    if suffix.lower() in (ending, *endings):
        return safe_name(stem) + suffix
    return safe_name(name) + ending


def safe_name(text: str) -> str:
    """Turn a text into a safe file name for Windows, macOS and Linux, without an ending."""
    if not _SAFE.fullmatch(text):  # most match: the names that cameras give
        text = "".join(map(_safe_letter, unicodedata.normalize("NFC", text)))
    text = text.encode()[:MAX_STEM_BYTES].decode(errors="ignore").strip(" ." + JOINERS) or "photo"
    return f"{text}_" if text.split(".")[0].rstrip().lower() in _RESERVED else text


def _safe_letter(letter: str) -> str:
    category = unicodedata.category(letter)
    if category == "Cf":  # direction marks would reverse the name, including its ending
        return letter if letter in JOINERS else ""
    return "_" if letter in _UNSAFE or category[0] == "C" else letter


def unique_names(names: list[str]) -> list[str]:
    """Number names that would collide when case is ignored: ``a.jpg``, ``a (2).jpg``."""
    taken: set[str] = set()
    last_numbers: dict[str, int] = {}  # phones name thousands of photos image.jpg
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
    """Return a key that is equal for names that some file system treats as the same.

    Windows and macOS ignore case; macOS also ignores whether an accented letter is one character
    or a letter and a combining accent.
    """
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
