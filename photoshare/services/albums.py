"""Albums to take home: the entries of a zip and its stream."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from zipstream import ZipStream

from photoshare.db import db
from photoshare.models import Photo
from photoshare.services.photos import Album
from photoshare.storage import Storage

log = logging.getLogger(__name__)

_UNSAFE = '<>:"/\\|?*'  # characters that Windows refuses in a file name; the others refuse fewer
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10)}
MAX_STEM_BYTES = 200  # of 255 that file systems take: an ending and a number follow
EXTENSIONS = {
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "HEIF": ".heic",
    "AVIF": ".avif",
    "GIF": ".gif",
    "TIFF": ".tif",
    "BMP": ".bmp",
}
_OTHER_SPELLINGS = {".jpeg": ".jpg", ".jpe": ".jpg", ".tiff": ".tif", ".heif": ".heic"}


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """One file of a zip."""

    path: Path
    name: str


def list_zip_entries(album: Album, storage: Storage) -> list[ZipEntry]:
    """List the originals of an album with a safe and unique name for each."""
    photos = [
        photo for photo in db.session.scalars(album.select()) if _has_original(photo, storage)
    ]
    names = unique_names([original_name(photo.file_name, photo.image_format) for photo in photos])
    entries = [
        ZipEntry(storage.original(photo.room_id, photo.sha256), name)
        for photo, name in zip(photos, names, strict=True)
    ]
    db.session.remove()  # the stream may take an hour; no reader stays open meanwhile
    return entries


def _has_original(photo: Photo, storage: Storage) -> bool:
    """Whether the file is there; one that a broken disk lost must not cost the whole zip."""
    is_there = storage.original(photo.room_id, photo.sha256).is_file()
    if not is_there:
        log.error("The original of photo %d is missing in %s", photo.id, storage.data)
    return is_there


def stream_zip(entries: list[ZipEntry]) -> tuple[Iterator[bytes], int]:
    """Make a stored (uncompressed) zip as a stream, and tell its exact size in bytes beforehand."""
    stream = ZipStream(sized=True)
    for entry in entries:
        stream.add_path(entry.path, entry.name)
    return iter(stream), len(stream)


def original_name(file_name: str, image_format: str) -> str:
    """Name an original for a download: its own name, made safe, with the ending of its format."""
    path = PurePosixPath(file_name.replace("\\", "/"))  # of Windows, or of an import
    ending = EXTENSIONS[image_format]
    suffix = path.suffix.lower()
    is_right = _OTHER_SPELLINGS.get(suffix, suffix) == ending
    return safe_name(path.stem if is_right else path.name) + (path.suffix if is_right else ending)


def safe_name(text: str) -> str:
    """Make a text fit to be a file name on Windows, macOS and Linux, without an ending."""
    text = unicodedata.normalize("NFC", text)
    text = "".join(
        "_" if letter in _UNSAFE or unicodedata.category(letter)[0] == "C" else letter
        for letter in text
    )
    text = text.encode()[:MAX_STEM_BYTES].decode(errors="ignore").strip(" .") or "photo"
    return f"{text}_" if text.split(".")[0].lower() in _RESERVED else text


def unique_names(names: list[str]) -> list[str]:
    """Number the names that would collide where case does not count: ``a.jpg``, ``a (2).jpg``."""
    taken: set[str] = set()
    last_numbers: dict[str, int] = {}  # a phone calls thousands of photos image.jpg
    result = []
    for name in names:
        candidate, number = name, last_numbers.get(name.casefold(), 1)
        while candidate.casefold() in taken:
            number += 1
            stem, dot, ending = name.rpartition(".")
            candidate = f"{stem} ({number}){dot}{ending}"
        last_numbers[name.casefold()] = number
        taken.add(candidate.casefold())
        result.append(candidate)
    return result
