"""A room with videos is taken home, and is the same on another server."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from photoshare.db import db
from photoshare.models import Photo
from photoshare.services.moving_in.importing import Server, import_room
from photoshare.services.moving_in.restored import EngineHere
from photoshare.services.rooms.rooms import NewRoom
from photoshare.services.take_home.exporting import export_room
from photoshare.services.take_home.room_file import Choice
from photoshare.web.site import Site
from tests.clips.drawing import draw_clip
from tests.fakes import RED, FakeFaceEngine

TOLD = ("image_format", "width", "height", "duration_ms", "video_codec", "captured_at", "sha256")


def facts_of(room_id: int) -> list[object]:
    photo = db.session.scalars(select(Photo).where(Photo.room_id == room_id)).one()
    return [getattr(photo, name) for name in TOLD]


def test_a_room_with_a_video_is_the_same_elsewhere(
    app: Flask,
    site: Site,
    make_room: Callable[..., NewRoom],
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
    tmp_path: Path,
) -> None:
    content = draw_clip(
        RED,
        container="mov",
        metadata={"com.apple.quicktime.creationdate": "2026-06-20T14:40:00+0200"},
        muxer={"movflags": "use_metadata_tags"},
    )
    room_id = make_room().room.id
    add_photo(room_id, content, "IMG_1.MOV")
    run_jobs()
    file = tmp_path / "room.zip"

    with app.app_context():
        export_room(room_id, Choice(), site.storage, file)
        engine = EngineHere(FakeFaceEngine.name, FakeFaceEngine.encoding_size)
        made = import_room(file, Server(site.storage, site.settings, site.decoders, engine))

        assert facts_of(made.new.room.id) == facts_of(room_id)
        assert facts_of(room_id)[3:5] == [2000, "h264"]
    with zipfile.ZipFile(file) as packed:
        (name,) = (name for name in packed.namelist() if name.endswith(".MOV"))
        assert packed.read(name) == content
