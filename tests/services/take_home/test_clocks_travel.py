"""Clocks that were put right are so on the other server, and can be undone there."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from PIL import ExifTags, Image
from sqlalchemy import select

from photoshare.db import db
from photoshare.models import Correction, Photo
from photoshare.services.clocks.shifting import shift_clock
from photoshare.services.corrections import verbs
from photoshare.services.moving_in.importing import import_room
from photoshare.services.photos import adding
from photoshare.services.rooms.entering import Author
from photoshare.services.take_home.exporting import export_room
from photoshare.services.take_home.room_file import CLOCKS, Choice
from photoshare.web.site import Site
from tests.fakes import RED, draw_photo
from tests.helpers import guest_access
from tests.services.take_home.test_round_trip import other_app, server_of

__all__ = ["other_app"]  # a fixture

NOON = datetime(2026, 7, 4, 12)


def photo_of_a_canon() -> io.BytesIO:
    exif, stream = Image.Exif(), io.BytesIO()
    exif[ExifTags.Base.Model] = "Canon EOS R6"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:07:04 12:00:00"
    with Image.open(io.BytesIO(draw_photo(RED))) as drawn:
        drawn.save(stream, "JPEG", exif=exif)
    return io.BytesIO(stream.getvalue())


@pytest.fixture
def exported(app: Flask, site: Site, room_id: int, add: Callable[..., int], tmp_path: Path) -> Path:
    """A room in which Ben's clock was put forward by two hours, and before that by another."""
    ben = guest_access(room_id, "Ben").guest.id
    add(room_id, photo_of_a_canon(), guest_id=ben)
    host = Author(room_id)
    verbs.undo(host, shift_clock(host, ben, "Canon EOS R6", 60))
    shift_clock(host, ben, "Canon EOS R6", 3600)
    shift_clock(host, ben, "Canon EOS R6", 3600)
    export_room(room_id, Choice(), site.storage, tmp_path / "room.zip")
    return tmp_path / "room.zip"


@pytest.fixture
def add(site: Site) -> Callable[..., int]:
    def add(room_id: int, stream: io.BytesIO, guest_id: int) -> int:
        tools = {"storage": site.storage, "settings": site.settings, "decoders": site.decoders}
        return adding.add_photo(room_id, stream, "a.jpg", guest_id=guest_id, **tools).photo_id  # type: ignore[arg-type]

    return add


@pytest.mark.usefixtures("app_ctx")
def test_clocks_are_right_on_the_other_server(exported: Path, other_app: Flask) -> None:
    with other_app.app_context():
        made = import_room(exported, server_of(other_app))
        photo = db.session.scalars(select(Photo)).one()
        assert photo.captured_at == NOON + timedelta(hours=2)
        assert photo.shifted_s == 7200
        assert made.correction_count == 3

        query = select(Correction.id).where(Correction.undone_at.is_(None)).order_by(Correction.id)
        verbs.undo(Author(photo.room_id), db.session.scalars(query).all()[0])

        db.session.expire_all()
        assert photo.captured_at == NOON + timedelta(hours=1)


@pytest.mark.usefixtures("app_ctx")
def test_photo_programs_read_the_right_time(exported: Path) -> None:
    with zipfile.ZipFile(exported) as file:
        names = [name for name in file.namelist() if name.endswith(".xmp")]
        (sidecar,) = (file.read(name).decode() for name in names)
        (photo,) = (info for info in file.infolist() if info.filename.endswith(".jpg"))

    assert 'exif:DateTimeOriginal="2026-07-04T14:00:00"' in sidecar
    assert photo.date_time == (2026, 7, 4, 14, 0, 0)


@pytest.mark.usefixtures("app_ctx")
def test_a_file_of_a_former_version_has_no_clocks(
    exported: Path, other_app: Flask, tmp_path: Path
) -> None:
    former = tmp_path / "former.zip"
    with zipfile.ZipFile(exported) as file, zipfile.ZipFile(former, "w") as made:
        for name in file.namelist():
            if name != CLOCKS:
                made.writestr(name, file.read(name))

    with other_app.app_context():
        assert import_room(former, server_of(other_app)).correction_count == 0
