"""Pictures on which faces are covered (services/visibility/covering.py tells which, and for whom).

One covered copy is kept of a photo for each set of covered faces, with all of its pixels: it is
what others download, and all smaller pictures and tiles are made from it. Its size and checksum
are beside it, for zips.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Semaphore

from sqlalchemy import select

from photoshare.config import Settings
from photoshare.errors import NotFoundError, RejectedPhotoError
from photoshare.models import Face, Photo, Room, db
from photoshare.pictures import decoding, encoding
from photoshare.pictures.covered import blurred
from photoshare.pictures.decoder_pool import DecoderPool
from photoshare.pictures.rendering import ENCODERS
from photoshare.services.pictures.smaller import find_or_make, find_picture, keep_picture
from photoshare.services.visibility.covering import WHOLE, Cover, asked_faces, valid_covers
from photoshare.storage import Storage

Make = Callable[[Path, Cover], bytes]  # makes the covered copy of an original
COVERED = "covered-"  # begins the variant of whatever is made for a cover


def cover_maker(decoders: DecoderPool, settings: Settings) -> Make:
    """Return what makes covered copies, in the decoder processes."""

    def make(original: Path, cover: Cover) -> bytes:
        return decoders.cover(original, cover.locations, settings)

    return make


@dataclass(frozen=True, slots=True)
class CoveredCopy:
    """The covered copy of a photo, as it is downloaded."""

    path: Path
    size_bytes: int
    crc32: int


def copy_file(storage: Storage, room_id: int, sha256: str, name: str) -> Path:
    """File of a photo's covered copy, by the name of the cover."""
    return storage.derivative(room_id, sha256, f"{COVERED}{name}.jpg")


def find_copy(storage: Storage, room_id: int, sha256: str, cover: Cover) -> CoveredCopy | None:
    """Find the covered copy of a photo; None if it is not made yet."""
    path = copy_file(storage, room_id, sha256, cover.name)
    facts = storage.find(_facts_file(storage, room_id, sha256, cover))
    if facts is None:
        return None
    with suppress(FileNotFoundError, ValueError):  # just swept
        size_bytes, crc32 = map(int, facts.read_text().split())
        if storage.size_of(path) == size_bytes:
            return CoveredCopy(path, size_bytes, crc32)
    return None


def get_copy(room_id: int, sha256: str, cover: Cover, storage: Storage, make: Make) -> CoveredCopy:
    """Return the covered copy of a photo, making it if it is missing.

    Raises
    ------
    NotFoundError
        If the original is lost, was just deleted, or can no longer be decoded: what is covered
        is never shown instead.
    """
    if cover.is_whole:  # it covers no place, so that a copy would show everything
        raise NotFoundError("This picture no longer exists.")
    db.session.rollback()  # keep no transaction open meanwhile
    if found := find_copy(storage, room_id, sha256, cover):
        return found
    try:
        with storage.holding(storage.original(room_id, sha256)) as original:
            content = make(original, cover)
    except (FileNotFoundError, RejectedPhotoError) as error:
        raise NotFoundError("This picture no longer exists.") from error
    facts = f"{len(content)} {zlib.crc32(content)}".encode()
    path = copy_file(storage, room_id, sha256, cover.name)
    keep_picture(path, content, room_id, sha256, storage)
    keep_picture(_facts_file(storage, room_id, sha256, cover), facts, room_id, sha256, storage)
    return CoveredCopy(path, len(content), zlib.crc32(content))


def _facts_file(storage: Storage, room_id: int, sha256: str, cover: Cover) -> Path:
    return storage.derivative(room_id, sha256, f"{COVERED}{cover.name}.txt")


def find_covered_picture(
    photo: Photo,
    side: int,
    ending: str,
    cover: Cover,
    *,
    storage: Storage,
    renders: Semaphore,
    make: Make,
) -> Path:
    """Return the file of a smaller picture of a photo with covered faces, as `find_picture`.

    Raises
    ------
    NotFoundError
        If there is no such size, or the original is lost or has just been deleted.
    """
    room_id, sha256 = photo.room_id, photo.sha256
    smallest = encoding.RENDITION_PX[0]
    if cover is WHOLE:  # of one size: there is nothing to be seen on it
        side = min(side, smallest) if side in encoding.RENDITION_PX else side
    if side not in encoding.RENDITION_PX:
        raise NotFoundError("There's no picture in this size.")

    # Before others wait for this one: it may have to be made as well.
    whole = Photo(room_id=room_id, sha256=sha256)
    of_whole = find_picture(whole, smallest, "webp", storage, renders) if cover is WHOLE else None

    def find_source() -> Path:
        return of_whole or get_copy(room_id, sha256, cover, storage, make).path

    def render(source: Path) -> bytes:
        decoded = decoding.decode_upright(
            source, at_least_px=side, max_megapixels=decoding.ANY_MEGAPIXELS
        )
        image = encoding.smaller(decoded.image, side)
        return ENCODERS[ending](blurred(image) if cover is WHOLE else image)

    target = storage.derivative(room_id, sha256, f"{COVERED}{cover.name}-{side}.{ending}")
    return find_or_make(target, room_id, sha256, render, storage, renders, find_source=find_source)


def delete_old_covers(storage: Storage, room_id: int | None = None) -> None:
    """Delete what was made for covers that nobody sees now, in one room or in all."""
    with_any = select(Room.id).where(Room.covering > 0)
    rooms = db.session.scalars(with_any).all() if room_id is None else [room_id]
    for room in rooms:
        names = {
            sha256: {cover.name for cover in valid_covers(faces)}
            for sha256, faces in asked_faces(room).items()
        }
        db.session.rollback()
        made = [(path, path.name.split("-")[0]) for path in storage.find_derived(room, COVERED)]
        storage.delete_derived(
            path for path, sha256 in made if _cover_of(path) not in names.get(sha256, ())
        )


def _cover_of(path: Path) -> str:
    """Read the name of the cover in that of a file: it ends before a hyphen or a dot."""
    return path.name.partition(COVERED)[2].partition(".")[0].partition("-")[0]


def blurred_face(path: Path) -> bytes:
    """Make a JPEG of the picture of a face on which nobody can be recognised."""
    decoded = decoding.decode_upright(
        path, at_least_px=decoding.ALL_PX, max_megapixels=decoding.ANY_MEGAPIXELS
    )
    return encoding.to_jpeg(blurred(decoded.image))


def face_of_copy(face: Face, cover: Cover, storage: Storage, make: Make) -> bytes:
    """Cut the small square picture of a face out of the covered copy of its photo, as JPEG.

    Nothing keeps it: it is rarely asked for, and goes with its face.
    """
    photo, location = face.photo, face.location
    width, height = photo.width, photo.height
    copy = get_copy(photo.room_id, photo.sha256, cover, storage, make)
    at_least_px = encoding.face_crop_px(width, height, [location])
    with storage.holding(copy.path) as path:
        decoded = decoding.decode_upright(
            path, at_least_px=at_least_px, max_megapixels=decoding.ANY_MEGAPIXELS
        )
    # A copy may have fewer pixels than the original, in which the location is.
    whole = decoding.DecodedPhoto(decoded.image, decoded.image_format, width, height)
    return encoding.to_jpeg(encoding.crop_face(whole, location))
