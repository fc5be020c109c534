"""POST /rooms/<code>/photos/delete, and its undo."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Cast
from tests.helpers import give_photos, insert_photos, row_counts, tags_of, undo_addresses


def test_without_a_script_a_page_asks_first(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, 3)

    page = cast.host.post(f"{cast.url}/photos/delete", data={"photos": ids[:2]})

    assert page.status_code == 200
    assert "2 photos" in page.text
    (form,) = tags_of(page.text, "form", action=f"{cast.url}/photos/delete")
    assert form["method"] == "post"
    fields = {(tag["name"], tag["value"]) for tag in tags_of(page.text, "input", type="hidden")}
    assert fields == {("is_sure", "1"), *(("photos", str(id_)) for id_ in ids[:2])}
    assert row_counts(app)["photo"] == 3


def test_forty_photos_are_deleted_in_one_action_and_come_back_in_one(
    app: Flask, cast: Cast
) -> None:
    ids = insert_photos(app, cast.room_id, 41)
    came_from = {"Referer": f"http://localhost{cast.url}/photos?order=oldest"}

    answer = cast.host.post(
        f"{cast.url}/photos/delete", data={"photos": ids[:40], "is_sure": "1"}, headers=came_from
    )

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/photos?order=oldest")
    assert row_counts(app)["photo"] == 1
    page = cast.host.get(answer.location).text
    assert page.count("40 photos deleted.") == 2, "as a toast, and for longer as a line"
    undo = set(undo_addresses(page))
    assert len(undo) == 1
    back = cast.host.post(undo.pop(), headers=came_from)
    assert "40 photos back again." in cast.host.get(back.location).text
    assert row_counts(app)["photo"] == 41


def test_a_guest_deletes_only_their_own_of_those_they_chose(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, 4)
    give_photos(app, cast.guest, ids[:2])

    page = cast.guest.post(f"{cast.url}/photos/delete", data={"photos": ids}).text
    cast.guest.post(f"{cast.url}/photos/delete", data={"photos": ids, "is_sure": "1"})

    assert "Photos that others added stay" in page
    assert row_counts(app)["photo"] == 2
    refused = cast.guest.post(f"{cast.url}/photos/delete", data={"photos": ids[2:], "is_sure": "1"})
    assert refused.status_code == 403


def test_nothing_chosen_is_said(cast: Cast) -> None:
    answer = cast.host.post(f"{cast.url}/photos/delete", data={})

    assert answer.status_code == 422
    assert "Please select at least one photo." in answer.text


def test_the_tiles_say_which_photos_can_be_deleted(app: Flask, cast: Cast) -> None:
    ids = insert_photos(app, cast.room_id, 3)
    give_photos(app, cast.guest, ids[:1])

    def deletable(client: FlaskClient) -> list[str]:
        boxes = tags_of(client.get(f"{cast.url}/photos").text, "input", name="photos")
        return [box["value"] for box in boxes if "data-deletable" in box.attributes]

    assert deletable(cast.guest) == [str(ids[0])]
    assert len(deletable(cast.host)) == 3


def test_a_day_is_selected_whole(app: Flask, cast: Cast) -> None:
    first = insert_photos(app, cast.room_id, 2, captured_at=datetime(2026, 7, 4, 12))
    insert_photos(app, cast.room_id, 1, seed="next", captured_at=datetime(2026, 7, 5))
    give_photos(app, cast.guest, first[:1])

    answer = cast.guest.get(f"{cast.url}/photos/ids?day=2026-07-04&order=oldest")

    assert answer.json == [[first[0], True], [first[1], False]]
    assert cast.guest.get(f"{cast.url}/photos/ids?day=x").status_code == 422


@pytest.mark.parametrize("who", ["guest", "stranger"])
def test_nobody_else_undoes_it(app: Flask, cast: Cast, who: str) -> None:
    ids = insert_photos(app, cast.room_id, 2)
    answer = cast.host.post(f"{cast.url}/photos/delete", data={"photos": ids, "is_sure": "1"})
    (undo, *_) = undo_addresses(cast.host.get(answer.location).text)

    assert getattr(cast, who).post(undo).status_code == 404
    assert "deleted." not in cast.guest.get(f"{cast.url}/photos").text
    assert row_counts(app)["photo"] == 0
