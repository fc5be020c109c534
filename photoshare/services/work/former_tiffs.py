"""Tell what former versions took for TIFFs: a RAW file was kept as its thumbnail.

Its faces are where they are in that thumbnail, and its name would end in .tif.
"""

from __future__ import annotations

import logging

from sqlalchemy import delete, select, update

from photoshare.config import Settings
from photoshare.errors import RejectedPhotoError, StorageError
from photoshare.models import PHOTO_WAITING, Face, Photo, db
from photoshare.pictures.decoder_pool import DecoderPool
from photoshare.pictures.raw.previews import read_preview
from photoshare.pictures.rendering import RenderedPhoto
from photoshare.services.corrections.change import begin_change
from photoshare.services.work.job_table import enqueue_waiting_photos
from photoshare.storage import Storage

log = logging.getLogger(__name__)
_FACTS = ("image_format", "width", "height", "placeholder")  # columns


def correct_former_tiffs(
    room_id: int, storage: Storage, decoders: DecoderPool, settings: Settings
) -> None:
    """Correct the rows of RAW files in a room, and have them searched again.

    Only photos that are to be measured again are looked at, as all are after the first start of
    a version that cleans otherwise.
    """
    is_unsure = (Photo.image_format == "TIFF", Photo.crc32.is_(None), ~Photo.is_lost)
    query = select(Photo.id, Photo.sha256).where(Photo.room_id == room_id, *is_unsure)
    photos = db.session.execute(query).all()
    db.session.rollback()  # keep no transaction open while files are read
    corrected = 0
    for photo_id, sha256 in photos:
        rendered = _rendered_if_raw(room_id, sha256, storage, decoders, settings)
        if rendered is None or begin_change(room_id) is None:
            continue
        log.info("Photo %d is a RAW file, and shown by the picture inside from now on", photo_id)
        db.session.execute(delete(Face).where(Face.photo_id == photo_id))
        facts = {name: getattr(rendered, name) for name in _FACTS}
        unsearched = {"engine": None, "state": PHOTO_WAITING, "attempts": 0}
        db.session.execute(update(Photo).where(Photo.id == photo_id).values(facts | unsearched))
        db.session.commit()
        made = storage.find_derived(room_id, "")
        storage.delete_derived(path for path in made if path.name.startswith(sha256))
        storage.write_all_derived(
            (storage.derivative(room_id, sha256, variant), content)
            for variant, content in rendered.derived.items()
        )
        corrected += 1
    if corrected:
        enqueue_waiting_photos()


def _rendered_if_raw(
    room_id: int, sha256: str, storage: Storage, decoders: DecoderPool, settings: Settings
) -> RenderedPhoto | None:
    """Render a photo again if it is a RAW file; None if it isn't, or has no picture to show."""
    try:
        with storage.holding(storage.original(room_id, sha256)) as original:
            if read_preview(original) is not None:
                return decoders.render(original, settings)
    except (OSError, ValueError, StorageError, RejectedPhotoError) as error:
        log.info("The TIFF %s of room %d stays one: %s", sha256[:8], room_id, error)
    return None
