"""Find oneself in a room in which everybody sees only themselves, through the real server."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from photoshare import create_app
from photoshare.db import db, upgrade_schema
from photoshare.models import Audience, Face, Guest, Room
from photoshare.services.photos import adding
from photoshare.services.rooms import rooms
from photoshare.web.site import site_of
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import faces_of, tags_of
from tests.live import LiveServer, serving
from tests.web.conftest import Party

BOUNDARY = "a-boundary"


def upload(live: LiveServer, client: object, url: str, picture: bytes) -> str:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="picture"; filename="me.jpg"'
    body = head.encode() + b"\r\n\r\n" + picture + f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    answer = live.ask(client, url, method="POST", body=body, Content_Type=kind)  # type: ignore[arg-type]
    assert answer.status == 200
    assert "img-src 'self' data:" in answer.headers["Content-Security-Policy"]
    return answer.content.decode()


def offers(page: str) -> list[str]:
    assert "/faces/" not in page
    return [tag["value"] for tag in tags_of(page, "button", name="face")]


def say(live: LiveServer, client: object, url: str, offer: str) -> tuple[int, str]:
    kind = "application/x-www-form-urlencoded"
    answer = live.ask(client, url, method="POST", body=f"face={offer}".encode(), Content_Type=kind)  # type: ignore[arg-type]
    return answer.status, answer.headers.get("Location", "")


def test_only_a_selfie_opens_the_own_album(app: Flask, cast: Cast, party: Party) -> None:
    with app.app_context():
        db.session.execute(update(Room).values(audience=Audience.SELF))
        db.session.commit()
    (face, *_) = faces_of(app, party.red)
    album, picture = f"{cast.url}/people/{party.red}", f"{cast.url}/faces/{face}.jpg"
    with serving(app) as live:
        assert {live.ask(cast.guest, url).status for url in (album, picture)} == {404}
        body = f"person={party.red}".encode()
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        chosen = live.ask(cast.guest, f"{cast.url}/me/person", method="POST", body=body, **form)
        assert chosen.status == 403

        page = upload(live, cast.guest, f"{cast.url}/me/selfie", draw_photo(RED, seed=7))
        assert {live.ask(cast.guest, url).status for url in (album, picture)} == {404}
        (offer,) = offers(page)
        assert say(live, cast.guest, f"{cast.url}/me/face", f"W{offer}")[0] == 422
        assert say(live, cast.guest, f"{cast.url}/me/face", offer) == (303, album)

        assert {live.ask(cast.guest, url).status for url in (album, picture)} == {200}


@pytest.fixture
def real_app(tmp_path: Path, shared_photos: Path) -> Iterator[Flask]:
    """An app with the face engine of the server."""
    app = create_app({"data": tmp_path / "data", "min_free_mb": 0})
    with app.app_context():
        upgrade_schema()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.mark.slow
def test_people_find_themselves_and_strangers_nobody(real_app: Flask, shared_photos: Path) -> None:
    """Two photos of each of three people; a third portrait finds its own person, and no other."""
    cast_folder = shared_photos / "bbt_cast"
    names = ("amy", "raj", "howard")
    portraits = {name: sorted(cast_folder.joinpath(name).glob("*.*"))[:3] for name in names}
    if not all(len(found) == 3 for found in portraits.values()):
        pytest.skip("the labelled portraits are not there")
    stranger = sorted(cast_folder.joinpath("penny").glob("*.*"))[0]
    site = site_of(real_app)
    with real_app.app_context():
        room = rooms.create_room("Class").room
        room_id, url = room.id, f"/rooms/{room.code}"
        added: dict[str, int] = {}
        for name, paths in portraits.items():
            for path in paths[:2]:
                added[name] = adding.add_photo(
                    room_id,
                    io.BytesIO(path.read_bytes()),
                    path.name,
                    guest_id=None,
                    storage=site.storage,
                    settings=site.settings,
                    decoders=site.decoders,
                ).photo_id
        db.session.execute(update(Room).values(audience=Audience.SELF))
        db.session.commit()
    site.jobs.run_pending()
    with serving(real_app) as live:
        for name in names:
            client = real_app.test_client()
            client.post(f"{url}/join", data={"name": name})
            page = upload(live, client, f"{url}/me/selfie", portraits[name][2].read_bytes())
            found = offers(page)
            assert found, name
            assert say(live, client, f"{url}/me/face", found[0])[0] == 303
            with real_app.app_context():
                person = db.session.scalar(select(Guest.person_id).where(Guest.name == name))
                on_photo = select(Face.person_id).where(Face.photo_id == added[name])
                assert person in db.session.scalars(on_photo).all()
        client = real_app.test_client()
        client.post(f"{url}/join", data={"name": "penny"})
        assert offers(upload(live, client, f"{url}/me/selfie", stranger.read_bytes())) == []
