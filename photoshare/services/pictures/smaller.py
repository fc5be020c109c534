"""Make smaller pictures of photos and pictures of faces, on first request if need be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Semaphore

from sqlalchemy import select

from photoshare.clips.stills import decode_still
from photoshare.errors import NotFoundError, RejectedPhotoError
from photoshare.models import Face, Photo, WaitingPhoto, db
from photoshare.pictures import decoding, encoding
from photoshare.pictures.rendering import ENCODERS, POSTER
from photoshare.services.people.shown_faces import get_face
from photoshare.services.rooms.entering import Access
from photoshare.services.visibility.sight import searches_faces
from photoshare.storage import Storage


def find_picture(
    photo: Photo | WaitingPhoto, side: int, ending: str, storage: Storage, renders: Semaphore
) -> Path:
    """Return the file of a smaller picture, making it if it is missing.

    Parameters
    ----------
    photo : Photo or WaitingPhoto
    side : int
        Longer side in pixels, one of `encoding.RENDITION_PX`.
    ending : str
        Key of `photoshare.pictures.rendering.ENCODERS`.
    storage : Storage
    renders : Semaphore
        Held while the picture is made; the site has one for all.

    Raises
    ------
    NotFoundError
        If there is no such size, or the original is lost or has just been deleted.
    """
    if side not in encoding.RENDITION_PX:
        raise NotFoundError("There's no picture in this size.")
    target = storage.derivative(photo.room_id, photo.sha256, f"{side}.{ending}")

    def render(original: Path) -> bytes:
        decoded = decode_still(original, at_least_px=side, max_megapixels=decoding.ANY_MEGAPIXELS)
        return ENCODERS[ending](encoding.smaller(decoded.image, side))

    def find_source() -> Path:
        return _still_file(photo.room_id, photo.sha256, storage)

    return find_or_make(
        target, photo.room_id, photo.sha256, render, storage, renders, find_source=find_source
    )


def _still_file(room_id: int, sha256: str, storage: Storage) -> Path:
    """Return the file of which the pictures of a photo are made: of a clip, its poster."""
    poster = storage.find(storage.derivative(room_id, sha256, POSTER))
    return poster or storage.original(room_id, sha256)


def find_face_picture(access: Access, face_id: int, storage: Storage, renders: Semaphore) -> Path:
    """Return the file of the small square picture of a face, making it if it is missing.

    Raises
    ------
    NotFoundError
        If the room has no such face for this browser, or the original is lost.
    """
    return _find_picture_of(get_face(access, face_id), storage, renders)


def read_face_picture(room_id: int, face_id: int, storage: Storage, renders: Semaphore) -> bytes:
    """Read the picture of a face for a guest who may be it, whether they see the face or not.

    Raises
    ------
    NotFoundError
        If the face is gone, or the original is lost.
    """
    of_room = select(Face).join(Photo).where(Face.id == face_id, Photo.room_id == room_id)
    face = db.session.scalar(of_room)
    if face is None:
        raise NotFoundError("This face no longer exists.")
    return _find_picture_of(face, storage, renders).read_bytes()


def _find_picture_of(face: Face, storage: Storage, renders: Semaphore) -> Path:
    photo, location = face.photo, face.location
    target = storage.face_crop(photo.room_id, photo.sha256, location)
    needed_px = encoding.face_crop_px(photo.width, photo.height, [location])

    def render(original: Path) -> bytes:
        decoded = decode_still(
            original, at_least_px=needed_px, max_megapixels=decoding.ANY_MEGAPIXELS
        )
        return encoding.to_jpeg(encoding.crop_face(decoded, location))

    return find_or_make(
        target, photo.room_id, photo.sha256, render, storage, renders, is_of_face=True
    )


def delete_pictures_of_no_faces(storage: Storage, room_id: int | None = None) -> None:
    """Delete the pictures of faces marked as not a face, in one room or in all."""
    columns = (Photo.room_id, Photo.sha256, Face.top, Face.right, Face.bottom, Face.left)
    query = select(*columns).join(Face).where(Face.is_face.is_(False))
    if room_id is not None:
        query = query.where(Photo.room_id == room_id)
    storage.delete_derived(
        storage.face_crop(room, sha256, (top, right, bottom, left))
        for room, sha256, top, right, bottom, left in db.session.execute(query).all()
    )


def find_or_make(
    target: Path,
    room_id: int,
    sha256: str,
    render: Callable[[Path], bytes],
    storage: Storage,
    renders: Semaphore,
    *,
    is_of_face: bool = False,
    find_source: Callable[[], Path] | None = None,
) -> Path:
    """Return the file of a picture, making it if it is missing; by default from the original.

    Raises
    ------
    NotFoundError
        If the original is lost or has just been deleted.
    """
    db.session.rollback()  # keep no transaction open while waiting for files and other pictures
    if found := storage.find(target):
        return found
    with renders:
        if found := storage.find(target):  # another request has made it meanwhile
            return found
        source = find_source() if find_source else storage.original(room_id, sha256)
        try:
            with storage.holding(source) as held:
                content = render(held)
        except (FileNotFoundError, RejectedPhotoError) as error:
            raise NotFoundError("This picture no longer exists.") from error
    keep_picture(target, content, room_id, sha256, storage, is_of_face=is_of_face)
    return target


def keep_picture(
    target: Path,
    content: bytes,
    room_id: int,
    sha256: str,
    storage: Storage,
    *,
    is_of_face: bool = False,
) -> None:
    """Write what was made from a photo, unless the photo was deleted meanwhile.

    Raises
    ------
    NotFoundError
        If it was deleted, or shows a face and those of the room are no longer searched.
    """
    with storage.locked():
        is_unwanted = is_of_face and not searches_faces(room_id)
        if is_unwanted or storage.original_size(room_id, sha256) is None:
            raise NotFoundError("This picture no longer exists.")
        storage.write_derived(target, content)
