"""Erase what a deletion must not leave: the history keeps only what undo needs (docs/adr/0018).

The functions here are steps of other services' units of work: the callers commit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, delete, exists, func, insert, or_, select, update

from photoshare.models import (
    PHOTO_ANALYSED,
    PHOTO_WAITING,
    Correction,
    CorrectionFace,
    Face,
    Photo,
    db,
)
from photoshare.services.corrections.events import CorrectionKind

HAS_ENCODING: ColumnElement[bool] = Face.encoding.is_not(None)  # not erased
# Corrections that apply to a person for as long as they exist, whichever photo they were made on.
_LASTING = (
    *(CorrectionKind.NAME, CorrectionKind.HIDE, CorrectionKind.SHOW),
    CorrectionKind.HIDE_ME,
)


def erase_encodings(face_ids: Collection[int]) -> None:
    """Delete the encodings of faces; searching their photos again would restore them."""
    db.session.execute(update(Face).where(Face.id.in_(face_ids)).values(encoding=None))


def search_photos_again(photo_ids: Collection[int]) -> None:
    """Mark photos to be searched for faces again, to encode what was erased."""
    is_done = (Photo.id.in_(photo_ids), Photo.state == PHOTO_ANALYSED)
    db.session.execute(update(Photo).where(*is_done).values(state=PHOTO_WAITING, attempts=0))


def erase_correction(correction_id: int) -> None:
    """Reduce an undone correction to its author, kind and time."""
    of_it = CorrectionFace.correction_id == correction_id
    db.session.execute(delete(CorrectionFace).where(of_it))
    erase_name(correction_id)


def erase_name(correction_id: int) -> None:
    """Remove the name from a correction; the rest stays in force."""
    db.session.execute(update(Correction).where(Correction.id == correction_id).values(name=None))


def detach_corrections(room_id: int, photo_ids: Collection[int]) -> None:
    """Before photos are deleted, base the corrections of their people on their other photos.

    Otherwise deleting the photo on which a person was hidden would show them to everyone, and
    deleting the one on which they were named would remove the name.
    """
    here, elsewhere = Face.photo_id.in_(photo_ids), Face.photo_id.not_in(photo_ids)
    faces = select(CorrectionFace.face_id).join(Face)
    faces = faces.where(CorrectionFace.correction_id == Correction.id)
    losing = db.session.execute(
        select(Correction.id, func.min(Face.person_id))
        .join(CorrectionFace, CorrectionFace.correction_id == Correction.id)
        .join(Face, Face.id == CorrectionFace.face_id)
        .where(
            Correction.room_id == room_id,
            Correction.undone_at.is_(None),
            or_(Correction.kind.in_(_LASTING), Correction.name.is_not(None)),
            here,
            Face.person_id.is_not(None),
            ~faces.where(elsewhere).correlate(Correction).exists(),
        )
        .group_by(Correction.id)
    ).all()
    for correction_id, person_id in losing:
        staying = select(Face.id).where(Face.person_id == person_id, elsewhere)
        _stand_on(correction_id, person_id, db.session.scalars(staying).all())


def _stand_on(correction_id: int, person_id: int | None, face_ids: Sequence[int]) -> None:
    """Apply a correction to a person's other faces, as if they had existed at that time."""
    if not face_ids:
        return
    brought = _brought_by_corrections(person_id)
    row: dict[str, object] = {"correction_id": correction_id, "side": 0}
    row |= {"person_before": person_id, "person_after": person_id}
    db.session.execute(
        insert(CorrectionFace),
        [row | {"face_id": face_id, "is_carried": face_id in brought} for face_id in face_ids],
    )
    # A merge that loses all of its faces leaves its name, as if only that had been given.
    db.session.execute(
        update(Correction)
        .where(Correction.id == correction_id, Correction.kind == CorrectionKind.MERGE)
        .values(kind=CorrectionKind.NAME.value)
    )


def _brought_by_corrections(person_id: int | None) -> set[int]:
    """List the faces that a correction brought to a person; see `CorrectionFace`."""
    query = (
        select(CorrectionFace.face_id)
        .join(Correction)
        .join(Face, Face.id == CorrectionFace.face_id)
        .where(
            Face.person_id == person_id,
            Correction.undone_at.is_(None),
            CorrectionFace.person_after == person_id,
            CorrectionFace.person_before.is_distinct_from(CorrectionFace.person_after),
        )
    )
    return set(db.session.scalars(query))


def delete_spent_corrections(room_id: int) -> None:
    """After photos were deleted, delete corrections with no face left to undo."""
    has_face = exists().where(CorrectionFace.correction_id == Correction.id)
    db.session.execute(
        delete(Correction).where(
            *(Correction.room_id == room_id, Correction.undone_at.is_(None), ~has_face),
            Correction.kind != CorrectionKind.CLOCK,
        )
    )
