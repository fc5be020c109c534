"""Take photos into a room: verify, store, and recognise what is there already.

What a guest adds to a room that is moderated becomes no photo yet: it waits for a host's yes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import delete, func, select, true, update
from sqlalchemy.exc import IntegrityError

from photoshare.config import GB, Settings
from photoshare.databases.expressions import total
from photoshare.errors import NotFoundError, RejectedPhotoError, RoomFullError
from photoshare.models import (
    PHOTO_FAILED,
    PHOTO_WAITING,
    Photo,
    Room,
    Upload,
    WaitingPhoto,
    db,
    utc_now,
)
from photoshare.pictures.best_time import best_time, zone_named
from photoshare.pictures.capture_time import FileTime
from photoshare.pictures.decoder_pool import DecoderPool
from photoshare.pictures.formats import FORMATS, Kind, check_name, kind_of_name
from photoshare.pictures.rendering import CLEAN_COPY
from photoshare.services.clocks.settling import settle_clocks
from photoshare.services.downloads.checksums import measure_received
from photoshare.services.downloads.file_names import JOINERS, original_name
from photoshare.services.kept_files import is_kept
from photoshare.services.moderation import waiting
from photoshare.services.photos.lost_photos import bring_back
from photoshare.services.rooms import activity
from photoshare.services.rooms.activity import ActivityKind
from photoshare.services.visibility import also_added
from photoshare.services.visibility.sight import visible_photos
from photoshare.storage import ReceivedFile, SavedAs, Storage

MAX_FILE_NAME = 1000  # characters; a path of an import may have several names


@dataclass(frozen=True, slots=True)
class AddedPhoto:
    """The outcome of one accepted upload."""

    photo_id: int  # of `WaitingPhoto` if it waits for a host's yes
    is_duplicate: bool  # the room had the same bytes already, or they wait from the same guest
    is_waiting: bool = False
    is_also_theirs: bool = False  # the room had it already, from someone whom they don't see


def add_photo(
    room_id: int,
    stream: BinaryIO,
    file_name: str,
    *,
    guest_id: int | None,
    storage: Storage,
    settings: Settings,
    decoders: DecoderPool,
    changed_at: datetime | None = None,
) -> AddedPhoto:
    """Verify and store one uploaded picture; once this returns, it survives a crash.

    Parameters
    ----------
    room_id : int
    stream : binary file
        Read once, to its end.
    file_name : str
        The name on the guest's device; only shown, never used as a path.
    guest_id : int or None
        The uploader; None for the command line.
    changed_at : datetime, optional
        When the file was last changed, by the clock of the guest's device, without a zone.

    Raises
    ------
    RejectedPhotoError
        If it is not a readable picture, or over a limit. Nothing is stored then.
    DiskFullError
        If the disk or the room has no space for it. Nothing is stored then.
    StorageError
        If photos are kept elsewhere, and that can't be reached.
    """
    most_mb = most_mb_of(file_name, settings)
    with storage.receive(room_id, stream, max_photo_mb=most_mb) as received:
        return add_received(
            room_id,
            received,
            file_name,
            guest_id=guest_id,
            storage=storage,
            settings=settings,
            decoders=decoders,
            changed_at=changed_at,
        )


def most_mb_of(file_name: str, settings: Settings) -> int:
    """Return how large a file of this name may be: a video is much larger than a photo.

    Once it is here, its bytes tell what it is, and that it isn't larger than that may be.
    """
    is_clip = kind_of_name(file_name) is Kind.CLIP
    return settings.max_clip_mb if is_clip else settings.max_photo_mb


def add_received(
    room_id: int,
    received: ReceivedFile,
    file_name: str,
    *,
    guest_id: int | None,
    storage: Storage,
    settings: Settings,
    decoders: DecoderPool,
    changed_at: datetime | None = None,
    upload_id: int | None = None,
) -> AddedPhoto:
    """Verify and store a file that has been received; see `add_photo`.

    Parameters
    ----------
    received : ReceivedFile
        Moved to its final path, unless the photo is refused.
    changed_at : datetime, optional
    upload_id : int, optional
        The upload in pieces that it came from; deleted in the commit that adds the photo.
    """
    if here := _find_here(room_id, received.sha256, guest_id):
        if not here.is_waiting:
            bring_back(here.photo_id, received, storage)
            _give_another_chance(room_id, [received.sha256])
        return here
    if not received.size_bytes:
        raise RejectedPhotoError("This file is empty.")
    check_room_limits(room_id, received.size_bytes, settings)
    db.session.rollback()  # keep no transaction open while the picture is decoded
    try:
        rendered = decoders.render(received.path, settings)
    except RejectedPhotoError:
        check_name(file_name)  # which may say more
        raise
    name = original_name(clean_file_name(file_name), rendered.image_format)
    saved_as = SavedAs(name, FORMATS[rendered.image_format].mime_type)
    storage.stage(room_id, received, rendered.derived, saved_as)
    facts = {
        "room_id": room_id,
        "guest_id": guest_id,
        "sha256": received.sha256,
        "file_name": clean_file_name(file_name),
        "image_format": rendered.image_format,
        "size_bytes": received.size_bytes,
        "width": rendered.width,
        "height": rendered.height,
        **_time_facts(room_id, rendered.taken, file_name, changed_at),
        "placeholder": rendered.placeholder,
        "look": rendered.look,
        **asdict(rendered.told),
        **measure_received(
            received,
            rendered.image_format,
            rendered.derived.get(CLEAN_COPY),
            rendered.told.movie_start,
        ),
    }
    return _keep(facts, received, rendered.derived, storage, upload_id)


def _time_facts(
    room_id: int, told: FileTime, file_name: str, changed_at: datetime | None
) -> dict[str, Any]:
    """Choose when a photo was taken, for its row."""
    zone = zone_named(db.session.scalar(select(Room.time_zone).where(Room.id == room_id)))
    db.session.rollback()  # keep no transaction open while files are written
    best = best_time(told, file_name, changed_at, utc_now().replace(tzinfo=None), zone)
    if best is None:
        return {"captured_at": None}
    return {
        "captured_at": best.moment,
        "captured_by": best.source,
        "captured_offset_min": best.offset_min,
    }


def check_room_limits(room_id: int, coming_bytes: int, settings: Settings) -> None:
    """Refuse another photo if the room is full; what waits for a host's yes counts as well.

    Raises
    ------
    RoomFullError
        If the room has as many photos or bytes as the settings allow.
    """
    count, size = db.session.execute(
        select(func.count(), total(Photo.size_bytes)).where(Photo.room_id == room_id)
    ).one()
    waiting_count, waiting_bytes = waiting.measure_queue(room_id)
    count, size = count + waiting_count, size + waiting_bytes
    if count >= settings.max_room_photos:
        raise RoomFullError(
            "This room is full: it has %(number)s photos, the most this server allows. "
            "Please tell the host.",
            number=count,
        )
    if size + coming_bytes > settings.max_room_gb * GB:
        raise RoomFullError(
            "This room is full: its photos would need more than the %(number)s GB this "
            "server allows. Please tell the host.",
            number=settings.max_room_gb,
        )


def find_known(room_id: int, hashes: Sequence[str], guest_id: int | None = None) -> list[str]:
    """Return which of these SHA-256 the room has already, so that they are not sent again.

    Asking for a photo whose analysis was given up gives it another chance.

    Parameters
    ----------
    room_id : int
    hashes : sequence of str
    guest_id : int, optional
        Who asks. They are told of what they see and of what waits of them, and never of what
        else the room has.
    """
    access = also_added.access_of(room_id, guest_id)
    is_seen = true() if access is None else visible_photos(access)
    here = (Photo.room_id == room_id, Photo.sha256.in_(hashes), ~Photo.is_lost)
    known = db.session.scalars(select(Photo.sha256).where(*here, is_seen)).all()
    if known:
        _give_another_chance(room_id, known)
    return [*known, *waiting.find_own(guest_id, hashes).keys() - known]


def _give_another_chance(room_id: int, hashes: Sequence[str]) -> None:
    """Analyse photos that were given up once more when someone uploads them again."""
    db.session.execute(
        update(Photo)
        .where(Photo.room_id == room_id, Photo.sha256.in_(hashes), Photo.state == PHOTO_FAILED)
        .values(state=PHOTO_WAITING, attempts=0)
    )
    db.session.commit()


def _keep(
    facts: dict[str, Any],
    received: ReceivedFile,
    derived: dict[str, bytes],
    storage: Storage,
    upload_id: int | None,
) -> AddedPhoto:
    """Store files and row together, or find that another upload was faster."""
    room_id, sha256, guest_id = facts["room_id"], facts["sha256"], facts["guest_id"]
    with storage.locked():
        if here := _find_here(room_id, sha256, guest_id):
            return here
        try:
            storage.keep_photo(room_id, received, derived)
            added = _insert(facts)
            db.session.execute(delete(Upload).where(Upload.id == upload_id))
            db.session.commit()
        except Exception as error:
            db.session.rollback()
            if not is_kept(room_id, sha256):  # it may be a deleted one, or wait from another guest
                storage.delete_photo(room_id, sha256)
            if isinstance(error, IntegrityError):  # the foreign key: the room was deleted meanwhile
                raise NotFoundError("This room no longer exists.") from error
            raise
        return added


def _insert(facts: dict[str, Any]) -> AddedPhoto:
    """Insert the row of a photo, or of one that has to wait for a host's yes."""
    room_id = facts["room_id"]
    is_waiting = waiting.must_wait(room_id, facts["guest_id"])
    row = WaitingPhoto(**facts) if is_waiting else Photo(**facts)
    db.session.add(row)
    db.session.flush()
    if not is_waiting:
        settle_clocks(room_id, Photo.id == row.id)
        waiting.forget_same(room_id, [row.sha256])
    kind = ActivityKind.SENT if is_waiting else ActivityKind.ADDED
    activity.note(room_id, kind, row.guest_id)
    return AddedPhoto(row.id, is_duplicate=False, is_waiting=is_waiting)


def _find_here(room_id: int, sha256: str, guest_id: int | None) -> AddedPhoto | None:
    """Tell whether the room has a photo that the guest sees, or the same guest's waits.

    One that they don't see becomes theirs as well, as if it were new.
    """
    known = select(Photo.id).where(Photo.room_id == room_id, Photo.sha256 == sha256)
    if (photo_id := db.session.scalar(known)) is not None:
        access = also_added.access_of(room_id, guest_id)
        if access is None or also_added.sees(access, photo_id):
            return AddedPhoto(photo_id, is_duplicate=True)
        if not waiting.must_wait(room_id, access.guest.id):
            also_added.add_also(photo_id, access.guest.id)
            activity.note(room_id, ActivityKind.ADDED, access.guest.id)
            db.session.commit()
            return AddedPhoto(photo_id, is_duplicate=False, is_also_theirs=True)
    if (waiting_id := waiting.find_own(guest_id, [sha256]).get(sha256)) is not None:
        return AddedPhoto(waiting_id, is_duplicate=True, is_waiting=True)
    return None


def clean_file_name(file_name: str) -> str:
    """Make a name safe to show: no control characters or direction marks, limited length."""
    name = "".join(
        letter
        for letter in file_name
        if unicodedata.category(letter)[0] != "C" or letter in JOINERS
    )
    return name[-MAX_FILE_NAME:] if name.strip() else "photo"
