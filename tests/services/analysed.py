"""Helpers: photos that were searched for faces, and their stored results."""

from __future__ import annotations

import numpy as np
from sqlalchemy import select

from photoshare.db import db
from photoshare.faces.graphs.dlib_format import ENCODING_SIZE
from photoshare.faces.types import AnalysedFace
from photoshare.models import Face, Photo
from photoshare.services.people import storing
from photoshare.services.people.grouping import GroupingRule
from photoshare.services.people.storing import FoundFace
from photoshare.services.work import photo_queue
from photoshare.services.work.photo_queue import ClaimedPhoto
from photoshare.web.site import Site

RULE = GroupingRule(engine_name="fake", eps=0.25, min_samples=2)


def claim(room_id: int) -> ClaimedPhoto:
    claimed = photo_queue.claim_photo(room_id)
    assert claimed is not None
    return claimed


def photo_row(photo_id: int) -> tuple[str, int]:
    db.session.rollback()
    query = select(Photo.state, Photo.attempts).where(Photo.id == photo_id)
    state, attempts = db.session.execute(query).one()
    return state, attempts


def found(*places: int) -> list[FoundFace]:
    """Make faces on a circle, a tenth apart per step."""
    faces = []
    for number, place in enumerate(places):
        encoding = np.zeros(ENCODING_SIZE, dtype=np.float32)
        encoding[:2] = np.cos(place / 10), np.sin(place / 10)
        left = number * 100
        faces.append(AnalysedFace((0, left + 50, 50, left), 1.0, encoding))
    return [FoundFace(face, b"jpeg") for face in faces]


def store(site: Site, claimed: ClaimedPhoto, *places: int) -> None:
    storing.store_analysis([(claimed, found(*places))], rule=RULE, storage=site.storage)


def people_of_faces() -> list[int | None]:
    db.session.rollback()
    return list(db.session.scalars(select(Face.person_id).order_by(Face.id)))


def crops(site: Site) -> list[str]:
    return sorted(path.name for path in (site.storage.data / "rooms").rglob("*-face-*"))
