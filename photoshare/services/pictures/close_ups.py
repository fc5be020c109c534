"""Tiles for looking closely at a photo: cut on first request, kept until others need the space."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from threading import Lock

from photoshare.config import Settings
from photoshare.errors import NotFoundError, RejectedPhotoError, ServerBusyError
from photoshare.models import Photo, db
from photoshare.pictures import tiles
from photoshare.pictures.decoder_pool import DecoderPool
from photoshare.pictures.decoding import ANY_MEGAPIXELS, open_picture
from photoshare.services.pictures.covered import cover_maker, get_copy
from photoshare.services.pictures.smaller import keep_picture
from photoshare.services.pictures.tile_files import drop_unused, tile_file
from photoshare.services.visibility.covering import WHOLE, Cover
from photoshare.storage import Storage

RETRY_AFTER_S = 1


def get_tile(
    photo: Photo,
    factor: int,
    column: int,
    row: int,
    *,
    storage: Storage,
    settings: Settings,
    decoders: DecoderPool,
    cutting: Lock,
    cover: Cover | None = None,
) -> bytes:
    """Return a tile of a photo as WebP, after cutting all of this reduction if they are missing.

    Parameters
    ----------
    photo : Photo
    factor : int
        One of `photoshare.pictures.tiles.reductions` of the photo.
    column, row : int
        From 0; see `photoshare.pictures.tiles.grid_of`.
    settings : Settings
        The limits of a decoder process.
    decoders : DecoderPool
    cutting : Lock
        The site's only one, held while a photo is cut. That takes seconds, so nobody waits for it.
    cover : Cover, optional

    Raises
    ------
    NotFoundError
        If there is no such tile, or the original is lost or was just deleted.
    ServerBusyError
        While tiles of any photo are being cut, or if others just took their place.
    DiskFullError
        If the disk is nearly full.
    """
    name = _checked_name(photo, factor, column, row, cover)
    room_id, sha256, make = photo.room_id, photo.sha256, cover_maker(decoders, settings)
    target = tile_file(storage, room_id, sha256, factor, cover.name if cover else None)
    if not target.is_file():
        db.session.rollback()  # keep no transaction open while the photo is being cut
        if not cutting.acquire(blocking=False):
            raise _busy()
        try:
            if not target.is_file():
                storage.check_free_space()
                source = storage.original(room_id, sha256)
                if cover:
                    source = get_copy(room_id, sha256, cover, storage, make).path
                with storage.holding(source) as held:
                    own_factor = _factor_of_copy(photo, held, factor) if cover else factor
                    content = decoders.cut_tiles(held, own_factor, settings)
                keep_picture(target, content, room_id, sha256, storage)
                drop_unused(storage)
        except (FileNotFoundError, RejectedPhotoError) as error:  # lost, or over a limit set since
            raise _not_there() from error
        finally:
            cutting.release()
    return _read_if_there(target, name, storage, room_id, sha256)


def _read_if_there(target: Path, name: str, storage: Storage, room_id: int, sha256: str) -> bytes:
    try:
        return _read(target, name)
    except FileNotFoundError:  # dropped meanwhile, or deleted with the photo
        is_dropped = storage.original_size(room_id, sha256) is not None
        raise _busy() if is_dropped else _not_there() from None


def _factor_of_copy(photo: Photo, copy: Path, factor: int) -> int:
    """Return by what the sides of a covered copy are divided for tiles of a photo's reduction.

    Raises
    ------
    NotFoundError
        If the copy of a very large photo has fewer pixels.
    """
    with open_picture(copy, max_megapixels=ANY_MEGAPIXELS) as opened:
        reduced = round(max(photo.width, photo.height) / max(opened.size))
    if factor % reduced:
        raise _not_there()
    return factor // reduced


def _read(target: Path, name: str) -> bytes:
    os.utime(target)  # in use, for `drop_unused`
    with zipfile.ZipFile(target) as packed:
        return packed.read(name)


def _checked_name(photo: Photo, factor: int, column: int, row: int, cover: Cover | None) -> str:
    can_be = cover is not WHOLE and photo.duration_ms is None
    if can_be and factor in tiles.reductions(photo.width, photo.height):
        columns, rows = tiles.grid_of(photo.width, photo.height, factor)
        if column < columns and row < rows:
            return tiles.tile_name(column, row)
    raise _not_there()


def _busy() -> ServerBusyError:
    return ServerBusyError(
        "The server is busy. Please try again in a moment.", retry_after_s=RETRY_AFTER_S
    )


def _not_there() -> NotFoundError:
    return NotFoundError("This picture no longer exists.")
