"""Fixtures: photos that are compared with each other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.models import Photo
from photoshare.services.photos import listing, open_album
from photoshare.services.rooms.entering import Access
from photoshare.services.versions.pairing import pair_photos
from photoshare.web.site import Site


@pytest.fixture
def pair(site: Site) -> Callable[[int], bool]:
    """Compare what is new in a room."""

    def compare(room_id: int) -> bool:
        return pair_photos(room_id, site.storage, is_stopping=lambda: False)

    return compare


def fronts(room_id: int) -> dict[str, str | None]:
    """Tell by its name behind which photo each photo of a room stands."""
    rows = db.session.execute(
        select(Photo.id, Photo.file_name, Photo.front_id).where(Photo.room_id == room_id)
    ).all()
    names = {row.id: row.file_name for row in rows}
    return {row.file_name: row.front_id and names[row.front_id] for row in rows}


def kinds(room_id: int) -> dict[str, str]:
    rows = db.session.execute(
        select(Photo.file_name, Photo.behind_as).where(
            Photo.room_id == room_id, Photo.behind_as.is_not(None)
        )
    )
    return {row.file_name: row.behind_as for row in rows}


def become(photo_id: int, **values: object) -> None:
    """Let a photo be what its file isn't: a RAW file, a clip, of a camera."""
    db.session.execute(update(Photo).where(Photo.id == photo_id).values(**values))
    db.session.commit()


def shown(access: Access, **which: object) -> list[str]:
    """List the names of the photos of an album."""
    album = open_album(access, **which)  # type: ignore[arg-type]
    page = listing.list_photos(album)
    assert listing.count_photos(album) == page.count == len(page.photos)
    return [photo.file_name for photo in sorted(page.photos, key=lambda one: one.id)]
