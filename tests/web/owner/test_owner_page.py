"""The owner's page: all rooms, what can be done about one, and how the server is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from photoshare.config import Settings
from photoshare.db import db
from photoshare.models import GuestSession, Photo, Room, utc_now
from photoshare.services.health import Health
from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.site import EXTENSION, Site
from photoshare.workers.report import CrewReport, WorkerState
from tests.conftest import Cast
from tests.helpers import HX, counted_queries, flat, insert_photos, row_counts, tags_of


def titles(page: str) -> list[str]:
    rows = flat(page).split('<span class="guest-name">')[1:]
    return [row.partition("<")[0] for row in rows]


def test_it_lists_every_room_with_its_size_guests_and_end(
    app: Flask, owner: FlaskClient, cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    ends_on = datetime.now(UTC).date() + timedelta(days=3)
    make_room("Trip", ends_on=ends_on)
    insert_photos(app, cast.room_id, 3, size_bytes=2_000_000)

    page = flat(owner.get("/owner").text)

    assert titles(page) == ["Trip", "Party"]
    assert '3 photos<span class="hint">· 6.0 MB</span>' in page
    assert "2 guests · last used" in page
    assert f"ends after {ends_on:%B} {ends_on.day}, {ends_on.year}" in page


def test_the_last_use_is_the_newest_photo_or_visit(
    app: Flask, owner: FlaskClient, cast: Cast
) -> None:
    photos = insert_photos(app, cast.room_id, 2)

    def last_use(added: datetime, seen: datetime) -> str:
        with app.app_context():
            db.session.execute(update(Room).values(created_at=datetime(2020, 1, 1, tzinfo=UTC)))
            db.session.execute(update(GuestSession).values(seen_at=seen))
            newest = update(Photo).where(Photo.id == photos[-1])
            db.session.execute(newest.values(created_at=added))
            db.session.commit()
        (time,) = tags_of(owner.get("/owner").text.partition("server-state")[0], "time")
        return time["datetime"]

    early, late = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    assert last_use(early, late) == late.isoformat()
    assert last_use(late, early) == late.isoformat()


def test_rooms_are_found_by_parts_of_the_title_and_by_code(
    app: Flask, owner: FlaskClient, make_room: Callable[..., NewRoom]
) -> None:
    for title in ("Léa & Tom's wedding", "Tomás' birthday", "Trip"):
        code = make_room(title).room.code

    def find(words: str) -> list[str]:
        return titles(owner.get("/owner", query_string={"find": words}).text)

    assert find("lea tom") == ["Léa &amp; Tom&#39;s wedding"]
    assert find("TOMAS") == ["Tomás&#39; birthday"]
    assert find(code.replace("-", " ").upper()) == ["Trip"]
    assert find("nothing") == []
    assert "No room has a title like that." in owner.get("/owner?find=nothing").text


def test_many_rooms_are_on_pages(
    app: Flask, owner: FlaskClient, make_room: Callable[..., NewRoom]
) -> None:
    for number in range(45):
        make_room(f"Room {number}")

    pages = [titles(owner.get(f"/owner?page={number}").text) for number in (1, 2, 3)]

    assert [len(page) for page in pages] == [20, 20, 5]
    assert pages[0][0] == "Room 44"
    assert pages[2][-1] == "Room 0"
    assert titles(owner.get("/owner?page=9").text) == pages[0]
    (link,) = tags_of(owner.get("/owner?page=2&find=room").text, "a", rel="next")
    assert link["href"] == "/owner?page=3&find=room"


def test_the_number_of_queries_does_not_grow_with_the_rooms(
    app: Flask,
    owner: FlaskClient,
    make_room: Callable[..., NewRoom],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Health, "parts", lambda _health: {})  # asks the database now and then
    insert_photos(app, make_room("First").room.id, 1)
    with counted_queries(app) as of_one:
        owner.get("/owner")
    for number in range(9):
        insert_photos(app, make_room(f"Room {number}").room.id, 2)
    with counted_queries(app) as of_ten:
        owner.get("/owner")

    assert len(of_ten) == len(of_one) < 15


@pytest.mark.sqlite
def test_counting_reads_indexes_and_no_photo(app: Flask, owner: FlaskClient, cast: Cast) -> None:
    with counted_queries(app) as statements:
        owner.get("/owner")

    counting = [one for one in statements if "count(*)" in one and "FROM photo" in one]
    with app.app_context(), db.engine.connect() as connection:
        plans = [
            row.detail
            for one in counting
            for row in connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {one}", (0,) * one.count("?")
            )
        ]
    of_photos = [plan for plan in plans if " photo " in plan]
    used = ["ix_photo_uploads (room_id=?)", "ix_photo_room_id_state_faces (room_id=? AND state=?)"]
    assert of_photos == [
        *(f"SEARCH photo USING COVERING INDEX {index}" for index in used),
        "SCAN photo USING INDEX ix_photo_lost",  # which has only these
    ]


def test_opening_a_room_makes_this_browser_a_host(
    app: Flask, owner: FlaskClient, cast: Cast
) -> None:
    answer = owner.post(f"/owner/rooms/{cast.room_id}/open")
    again = owner.post(f"/owner/rooms/{cast.room_id}/open")

    assert answer.location == f"{cast.url}?entered=1"
    assert again.location == cast.url
    assert owner.get(f"{cast.url}/hosts").status_code == 200, "as by the first link"
    assert row_counts(app)["guest"] == 3


def test_a_guest_who_is_the_owner_becomes_a_host(
    app: Flask, owner: FlaskClient, cast: Cast
) -> None:
    owner.post(f"{cast.url}/join", data={"name": "Otto"})
    assert owner.get(f"{cast.url}/settings").status_code == 403

    owner.post(f"/owner/rooms/{cast.room_id}/open")

    assert owner.get(f"{cast.url}/settings").status_code == 200


def test_a_room_is_ended_at_once(app: Flask, owner: FlaskClient, cast: Cast) -> None:
    answer = owner.post(f"/owner/rooms/{cast.room_id}/end", follow_redirects=True)

    assert "The room has ended." in answer.text
    assert not tags_of(answer.text, "form", action=f"/owner/rooms/{cast.room_id}/end")
    assert cast.guest.get(cast.url).status_code == 200
    assert app.test_client().post(f"{cast.url}/join").status_code == 404
    assert cast.host.get(cast.url).status_code == 200
    owner.post(f"/owner/rooms/{cast.room_id}/open")
    assert owner.get(cast.url).status_code == 200


def test_a_lost_host_link_is_replaced_and_shown_once(
    app: Flask, owner: FlaskClient, cast: Cast
) -> None:
    page = owner.post(f"/owner/rooms/{cast.room_id}/host-link")

    (field,) = tags_of(page.text, "input", id="host-link")
    link = field["value"].removeprefix("http://localhost")
    assert page.headers["Cache-Control"] == "private, no-store"
    assert cast.host.get(f"{cast.url}/settings").status_code == 404
    assert app.test_client().post(f"{cast.url}/host/{cast.host_secret}").status_code == 404
    new = app.test_client()
    assert new.post(link).status_code == 303
    assert new.get(f"{cast.url}/settings").status_code == 200
    assert link not in owner.get(f"/owner/rooms/{cast.room_id}").text


@pytest.mark.parametrize("typed", ["", "Party!", "Part"])
def test_a_room_stays_unless_its_title_is_typed(
    app: Flask, owner: FlaskClient, cast: Cast, typed: str
) -> None:
    answer = owner.post(f"/owner/rooms/{cast.room_id}/delete", data={"title": typed})

    assert answer.status_code == 422
    assert tags_of(answer.text, "input", name="title")[0]["value"] == typed
    assert row_counts(app)["room"] == 1


def test_a_room_goes_to_the_bin_comes_back_and_goes_for_good(
    app: Flask, site: Site, owner: FlaskClient, cast: Cast
) -> None:
    insert_photos(app, cast.room_id, 2)
    url = f"/owner/rooms/{cast.room_id}"

    asked = owner.get(f"{url}/delete").text
    answer = owner.post(f"{url}/delete", data={"title": " party "})
    binned = owner.get(url).text

    assert "into the bin with 2 photos" in asked
    assert answer.location == url
    assert "In the bin" in binned
    assert "in the bin" in owner.get("/owner").text
    assert cast.guest.get(cast.url).status_code == 404
    assert owner.post(f"{url}/restore").status_code == 303
    assert cast.guest.get(cast.url).status_code == 200
    assert owner.post(f"{url}/delete/now").status_code == 404, "only what is in the bin"
    owner.post(f"{url}/delete", data={"title": "Party"})
    report = owner.post(f"{url}/delete/now").text
    assert "“Party” is gone for good" in flat(report)
    after = row_counts(app)
    assert (after["room"], after["photo"], after["guest"]) == (0, 0, 0)
    assert owner.get("/owner").status_code == 200


@pytest.mark.parametrize("what", ["", "/delete"])
def test_a_room_that_is_gone_is_not_found(owner: FlaskClient, what: str) -> None:
    assert owner.get(f"/owner/rooms/99{what}").status_code == 404


@pytest.mark.parametrize("what", ["open", "end", "host-link", "delete", "restore", "delete/now"])
def test_nothing_is_done_about_a_room_that_is_gone(owner: FlaskClient, what: str) -> None:
    assert owner.post(f"/owner/rooms/99/{what}", data={"title": "x"}).status_code == 404


def test_the_state_names_what_a_monitor_sees_and_the_free_space(owner: FlaskClient) -> None:
    page = flat(owner.get("/owner").text)

    for part in ("Database", "Data folder", "Free space", "Background work", "Face search"):
        assert f"<span>{part}</span>" in page
    assert '<span>Free space</span><span class="is-good">enough</span>' in page
    assert " GB free" in page
    assert "./run.sh doctor" in page
    assert "needs you" not in page
    assert "hx-trigger" not in owner.get("/owner/state").text, "nothing to watch without workers"


def test_what_is_wrong_is_said_at_the_top(
    app: Flask, owner: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Health, "parts", lambda _health: {"free space": "low", "database": "ok"})
    insert_photos(app, cast.room_id, 2, is_lost=True)

    page = flat(owner.get("/owner").text)

    assert "Something on this server needs you." in page
    assert '<span class="is-bad">too little: uploads are refused</span>' in page
    assert '<span class="is-good">works</span>' in page
    assert '<span>Lost photos</span><span class="is-bad">2 photos</span>' in page


def with_settings(app: Flask, monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    site: Site = app.extensions[EXTENSION]
    settings: Settings = dataclasses.replace(site.settings, **values)  # type: ignore[arg-type]
    changed = dataclasses.replace(site, settings=settings)
    monkeypatch.setitem(app.extensions, EXTENSION, changed)


def test_the_newest_backup_is_named_and_one_that_is_late(
    app: Flask, owner: FlaskClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def page() -> str:
        return flat(owner.get("/owner/state").text)

    assert "<span>Daily backup</span><span>off</span>" in page()
    with_settings(app, monkeypatch, backup_folder=str(tmp_path / "backups"))
    assert '<span>Daily backup</span><span class="is-bad">none yet</span>' in page()
    (tmp_path / "backups" / f"{utc_now() - timedelta(days=3):%Y-%m-%dT%H-%M-%SZ}").mkdir(
        parents=True
    )
    assert '<span>Daily backup</span><span class="is-bad"><time' in page()
    (tmp_path / "backups" / f"{utc_now():%Y-%m-%dT%H-%M-%SZ}").mkdir()
    assert '<span>Daily backup</span><span class="is-good"><time' in page()


class _Crew:
    """Stands in for a connection to a scheduler."""

    def report(self) -> CrewReport:
        return CrewReport(
            is_reachable=True,
            workers=(
                WorkerState("attic", 4, 3, 1250, 80.0),
                WorkerState("cellar", 2, 0, 0, 0.0, "it has other weights"),
            ),
        )


def test_the_progress_of_each_worker_is_shown(
    app: Flask, owner: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = dataclasses.replace(app.extensions[EXTENSION], crew=_Crew())
    monkeypatch.setitem(app.extensions, EXTENSION, changed)

    page = flat(owner.get("/owner").text)
    polled = flat(owner.get("/owner/state", headers=HX).text)

    for text in (page, polled):
        assert "1,250 photos searched" in text
        assert "3 of 4 at work" in text
        assert "it has other weights" in text
    assert tags_of(polled, "div", **{"hx-get": "/owner/state", "hx-trigger": "every 5s"})


def test_a_page_that_asks_again_after_the_session_has_ended_leads_to_the_login(
    app: Flask, owner: FlaskClient
) -> None:
    owner.post("/owner/logout")

    answer = owner.get("/owner/state", headers=HX)

    assert (answer.status_code, answer.text) == (204, "")
    assert answer.headers["HX-Redirect"].startswith("/owner/login")


def test_the_start_page_leads_the_owner_to_it_and_nobody_else(
    app: Flask, owner: FlaskClient
) -> None:
    assert tags_of(owner.get("/").text, "a", href="/owner")
    owner.post("/owner/logout")
    assert tags_of(owner.get("/").text, "a", href="/owner")
    assert not tags_of(app.test_client().get("/").text, "a", href="/owner")
