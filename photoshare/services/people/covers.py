"""Choose a person's cover when their faces change, so that no page has to.

The functions here are steps of other services' units of work: the callers commit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Executable, bindparam, select, true, update
from sqlalchemy.orm import aliased

from photoshare.faces.covers import CANDIDATES, CoverFaces, choose_cover
from photoshare.models import Face, Person, db, encodings_from_bytes

# The index `ix_face_person_clearest` backwards; faces of unknown quality come last, also where NULL
# is not the smallest value.
CLEAREST_FIRST = (Face.quality.desc().nulls_last(), Face.area.desc(), Face.id.desc())


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A face that may be the cover of its person."""

    person_id: int
    clear_face_id: int | None  # the person's present cover
    id: int
    quality: float | None
    area: int
    encoding: bytes | None


def _candidates_query(*, is_postgresql: bool) -> Executable:
    """Select the clearest faces of ``people`` and the present covers, which may be among them.

    Both databases shall look up few faces for each person: SQLite knows no LATERAL, and PostgreSQL
    goes through all faces to find those whose id is in a query.
    """
    candidate = aliased(Face)
    clearest = (
        select(Face.id)
        .where(Face.person_id == Person.id)
        .order_by(*CLEAREST_FIRST)
        .limit(CANDIDATES)
        .correlate(Person)
    )
    columns = (candidate.id, candidate.quality, candidate.area, candidate.encoding)
    of_people = select(Person.id.label("person_id"), Person.clear_face_id, *columns).where(
        Person.id.in_(bindparam("people", expanding=True))
    )
    present = of_people.join(candidate, candidate.id == Person.clear_face_id)
    if is_postgresql:
        beside = clearest.lateral()
        nearby = of_people.select_from(Person).join(beside, true())
        found = nearby.join(candidate, candidate.id == beside.c.id)
    else:
        found = of_people.join(candidate, candidate.id.in_(clearest))
    return found.union_all(present.where(candidate.person_id == Person.id))


# Made once: building takes longer than a small query.
_CANDIDATES = {answer: _candidates_query(is_postgresql=answer) for answer in (False, True)}


def list_clearest(person_id: int, count: int) -> list[int]:
    """List the ids of a person's clearest faces, to recognise them by."""
    of_person = select(Face.id).where(Face.person_id == person_id)
    return list(db.session.scalars(of_person.order_by(*CLEAREST_FIRST).limit(count)))


def people_on(photo_ids: Collection[int]) -> set[int]:
    """Return who is in some photos."""
    people = select(Face.person_id).where(Face.photo_id.in_(photo_ids), Face.is_face)
    return {person for person in db.session.scalars(people) if person is not None}


def settle_covers(person_ids: Collection[int]) -> None:
    """Choose new covers for people whose faces have changed; most covers stay.

    The work per person is that of `CANDIDATES` faces and the present cover, however large the
    album. Faces of different engines cannot be compared: while a room is searched again, a cover
    stays until its own photo has been searched.
    """
    of_person: dict[int, list[_Candidate]] = {}
    query = _CANDIDATES[db.engine.dialect.name == "postgresql"]
    for row in db.session.execute(query, {"people": sorted(person_ids)}):
        of_person.setdefault(row.person_id, []).append(_Candidate(*row))
    changed = []
    for person_id, rows in of_person.items():
        chosen = _chosen(rows)
        if chosen != rows[0].clear_face_id:
            changed.append({"id": person_id, "clear_face_id": chosen})
    if changed:
        db.session.execute(update(Person), changed)


def _chosen(rows: Sequence[_Candidate]) -> int | None:
    """Choose among faces of one person; None if no engine has encoded any of them."""
    encodings = {row.id: row.encoding for row in rows if row.encoding is not None}
    known = sorted({row.id: row for row in rows if row.id in encodings}.values(), key=_clarity)
    if not known:
        return None
    size = len(encodings[known[0].id])
    alike = [row for row in known if len(encodings[row.id]) == size]
    present, ids = known[0].clear_face_id, [row.id for row in alike]
    if present in encodings and present not in ids:
        return present  # found by another engine
    faces = CoverFaces(
        encodings_from_bytes([encodings[face_id] for face_id in ids]),
        np.array([row.quality for row in alike], dtype=np.float64),  # None becomes NaN
        np.array([row.area for row in alike], dtype=np.float64),
    )
    return ids[choose_cover(faces, ids.index(present) if present in ids else None)]


def _clarity(row: _Candidate) -> tuple[bool, float, float, int]:
    """Return a key that sorts as `CLEAREST_FIRST` does."""
    return row.quality is None, -(row.quality or 0.0), -row.area, -row.id
