"""List the history of corrections: who corrected what, with the faces concerned."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from photoshare.errors import NotFoundError
from photoshare.models import ClockShift, Correction, CorrectionFace, Face, Person, db
from photoshare.services.corrections.events import OF_ONESELF, CorrectionKind
from photoshare.services.corrections.rights import may_undo
from photoshare.services.paging import ListPage, has_page
from photoshare.services.people.people import has_person
from photoshare.services.rooms.entering import Access, Author

PAGE_SIZE = 30  # corrections on one page
SHOWN_FACES = 4  # of each side


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One correction as shown in the history.

    Attributes
    ----------
    sides : tuple of (faces, count)
        For the first two sides: ids of up to `SHOWN_FACES` faces, and how many there are. Empty
        if the photos were deleted.
    clock : ClockShift or None
        Which camera's clock was put right, with the camera's guest.
    """

    correction: Correction
    kind: CorrectionKind
    sides: tuple[tuple[list[int], int], tuple[list[int], int]]
    may_undo: bool
    clock: ClockShift | None = None


def list_corrections(author: Author, page: int) -> ListPage[HistoryEntry]:
    """List one page of the history: all corrections for the host, their own for a guest.

    What guests asked for themselves is on their own pages.

    Raises
    ------
    NotFoundError
        If the page is past the end.
    """
    query = select(Correction).where(
        Correction.room_id == author.room_id, Correction.kind.not_in(OF_ONESELF)
    )
    if not author.is_host:
        query = query.where(Correction.guest_id == author.guest_id)
    if author.sees_only is not None:
        query = query.where(Correction.kind == CorrectionKind.NOT_THIS_PERSON)
    count = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    if not has_page(page, count, PAGE_SIZE):
        raise NotFoundError("This page of changes doesn't exist.")
    rows = db.session.scalars(
        query.options(joinedload(Correction.guest))
        .order_by(Correction.id.desc())
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    ).all()
    ids = [row.id for row in rows]
    shown, clocks = _shown_faces(author, ids), _clock_shifts(ids)
    entries = [
        HistoryEntry(
            row,
            CorrectionKind(row.kind),
            (shown.get((row.id, 0), ([], 0)), shown.get((row.id, 1), ([], 0))),
            not row.is_undone and may_undo(author, row),
            clocks.get(row.id),
        )
        for row in rows
    ]
    return ListPage(entries, page, count, PAGE_SIZE)


def _shown_faces(
    author: Author, correction_ids: list[int]
) -> dict[tuple[int, int], tuple[list[int], int]]:
    """List a few faces of each side of these corrections, and count all of them.

    Faces of hidden people are shown to the host only.
    """
    by_side = (CorrectionFace.correction_id, CorrectionFace.side)
    ranked = (
        select(
            *by_side,
            CorrectionFace.face_id,
            func.row_number()
            .over(partition_by=by_side, order_by=CorrectionFace.face_id)
            .label("rank"),
            func.count().over(partition_by=by_side).label("size"),
        )
        .where(CorrectionFace.correction_id.in_(correction_ids), CorrectionFace.side < 2)
        .subquery()
    )
    query = (
        select(ranked)
        .join(Face, Face.id == ranked.c.face_id)
        .where(ranked.c.rank <= SHOWN_FACES, Face.is_face)
    )
    if author.sees_only is not None:
        query = query.where(Face.person_id == author.sees_only)
    elif not author.is_host:
        query = query.outerjoin(Person).where(Person.is_hidden.is_not(True))
    rows = db.session.execute(query)
    shown: dict[tuple[int, int], tuple[list[int], int]] = {}
    for correction_id, side, face_id, _rank, size in rows:
        shown.setdefault((correction_id, side), ([], size))[0].append(face_id)
    return shown


def _clock_shifts(correction_ids: list[int]) -> dict[int, ClockShift]:
    query = select(ClockShift).where(ClockShift.correction_id.in_(correction_ids))
    found = db.session.scalars(query.options(joinedload(ClockShift.guest)))
    return {shift.correction_id: shift for shift in found}


def find_merged(access: Access, person_id: int) -> int | None:
    """Find who now has most faces of a merged person, for links to the old album.

    Returns
    -------
    int or None
        None if no person with this id was merged, if the merge was undone, or if this browser may
        not see them.
    """
    merged = (
        select(CorrectionFace.face_id)
        .join(Correction)
        .where(
            Correction.room_id == access.room.id,
            Correction.kind == CorrectionKind.MERGE,
            Correction.undone_at.is_(None),
            CorrectionFace.person_before == person_id,
        )
    )
    heir = db.session.scalar(
        select(Face.person_id)
        .where(Face.id.in_(merged), Face.person_id.is_not(None))
        .group_by(Face.person_id)
        .order_by(func.count().desc(), Face.person_id)
        .limit(1)
    )
    return heir if heir not in (None, person_id) and has_person(access, heir) else None
