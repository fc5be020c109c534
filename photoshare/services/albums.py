"""Albums to take home: what is in a zip, and under which names."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from sqlalchemy import func, select

from photoshare.db import db
from photoshare.models import Photo
from photoshare.services.album_kinds import Album
from photoshare.services.downloads import Download, find_download, measure_photos
from photoshare.storage import Storage
from photoshare.zip_layout import ZipEntry, ZipLayout

# Part of every stamp: count up with every change that lays out a zip of the same photos otherwise.
ZIP_RULES = b"photoshare zip 1\n"

_UNSAFE = '<>:"/\\|?*'  # characters that Windows refuses in a file name; the others refuse fewer
_RESERVED = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{device}{number}" for device in ("com", "lpt") for number in "0123456789¹²³"
}
# Of 255 bytes (ext4) or UTF-16 units (NTFS, APFS) that file systems take; a text has no more units
# than bytes. An ending and a number follow.
MAX_STEM_BYTES = 200
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
class AlbumZip:
    """An album as a zip, every byte of it known before the first is sent.

    Attributes
    ----------
    layout : ZipLayout
    stamp : str
        64 hexadecimal digits, the same exactly for the same bytes.
    """

    layout: ZipLayout
    stamp: str


def make_zip(album: Album, storage: Storage, *, exact: bool) -> AlbumZip:
    """Lay out the zip of an album: a safe and unique name for every photo.

    Parameters
    ----------
    exact : bool
        Originals bit for bit, with places, names and serial numbers in them.
    """
    # Measuring may take a while; what is uploaded meanwhile belongs to the next zip.
    newest_id = db.session.scalar(select(func.max(Photo.id))) or 0
    photos = album.select(newest_first=False).where(Photo.id <= newest_id)
    measure_photos(Photo.id.in_(photos.with_only_columns(Photo.id).order_by(None)), storage)
    names: list[str] = []
    downloads: list[tuple[Download, datetime]] = []
    for photo in db.session.scalars(photos):
        # A file that a broken disk lost must not cost the whole zip.
        if (download := find_download(photo, storage, exact=exact)) is not None:
            names.append(original_name(photo.file_name, download.image_format))
            downloads.append((download, photo_time(photo)))
    db.session.remove()  # the download may take an hour; no reader stays open meanwhile
    stamp = hashlib.sha256(ZIP_RULES)
    entries = []
    for name, (download, moment) in zip(unique_names(names), downloads, strict=True):
        stamp.update(f"{name}\0{download.stamp}\0{moment.isoformat()}\n".encode())
        entries.append(ZipEntry(name, download.size_bytes, download.crc32, moment, download.open))
    return AlbumZip(ZipLayout(entries), stamp.hexdigest())


def photo_time(photo: Photo) -> datetime:
    """Return the time that a photo's file has in a zip."""
    return photo.captured_at or photo.created_at


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
    return f"{text}_" if text.split(".")[0].rstrip().lower() in _RESERVED else text


def unique_names(names: list[str]) -> list[str]:
    """Number the names that would collide where case does not count: ``a.jpg``, ``a (2).jpg``."""
    taken: set[str] = set()
    last_numbers: dict[str, int] = {}  # a phone calls thousands of photos image.jpg
    result = []
    for name in names:
        candidate, number = name, last_numbers.get(_sameness(name), 1)
        while _sameness(candidate) in taken:
            number += 1
            stem, dot, ending = name.rpartition(".")
            candidate = f"{stem} ({number}){dot}{ending}"
        last_numbers[_sameness(name)] = number
        taken.add(_sameness(candidate))
        result.append(candidate)
    return result


def _sameness(name: str) -> str:
    """Return what is equal for names that some file system takes for the same.

    Case does not count on Windows and macOS, nor does it on macOS whether an accent is a letter's
    own or stands behind it.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
