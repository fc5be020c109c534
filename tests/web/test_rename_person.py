"""POST /rooms/<code>/people/<id>/name."""

from __future__ import annotations

import pytest
from flask import Flask

from photoshare.services import people
from tests.conftest import Cast
from tests.helpers import HX, host_access, insert_person, insert_photos, tags_of
from tests.web.conftest import Party


def rename(client, cast: Cast, person_id: int, name: str, headers=None):
    url = f"{cast.url}/people/{person_id}/name"
    return client.post(url, data={"name": name}, headers=headers)


def name_of(app: Flask, cast: Cast, person_id: int) -> str | None:
    with app.app_context():
        return people.get_card(host_access(cast.room_id), person_id).name


def test_a_plain_form_names_the_person_and_goes_back(app: Flask, cast: Cast, party: Party) -> None:
    answer = rename(cast.host, cast, party.red, "  Léa   Lang ")

    assert (answer.status_code, answer.location) == (303, f"{cast.url}/people/{party.red}")
    assert name_of(app, cast, party.red) == "Léa Lang"
    assert "The name was saved." in cast.host.get(answer.location).text


def test_htmx_gets_the_form_back(app: Flask, cast: Cast, party: Party) -> None:
    answer = rename(cast.host, cast, party.red, "Lea", HX)

    assert answer.status_code == 200
    assert "<html" not in answer.text
    (root, *_others) = tags_of(answer.text)
    assert (root.name, root["id"]) == ("form", "name-form")
    assert tags_of(answer.text, "input", name="name")[0]["value"] == "Lea"
    assert "Saved." in answer.text
    (heading,) = tags_of(answer.text, "h1", **{"hx-swap-oob": "true"})
    assert tags_of(cast.host.get(f"{cast.url}/people/{party.red}").text, "h1", id=heading["id"])
    assert "Lea</h1>" in answer.text
    assert name_of(app, cast, party.red) == "Lea"


def test_an_empty_name_takes_the_name_away(app: Flask, cast: Cast, party: Party) -> None:
    rename(cast.host, cast, party.red, "Lea")

    rename(cast.host, cast, party.red, "   ")

    assert name_of(app, cast, party.red) is None


@pytest.mark.parametrize("headers", [None, HX])
def test_a_name_that_is_too_long_is_refused_and_kept_in_the_field(
    app: Flask, cast: Cast, party: Party, headers
) -> None:
    name = "<b>" + "x" * 60

    answer = rename(cast.host, cast, party.red, name, headers)

    assert answer.status_code == 422
    assert "60 characters at most" in answer.text
    assert ("<html" in answer.text) is (headers is None)
    assert tags_of(answer.text, "input", name="name")[0]["value"] == name
    assert name_of(app, cast, party.red) is None


def test_a_guest_is_told_that_only_the_host_can(app: Flask, cast: Cast, party: Party) -> None:
    answer = rename(cast.guest, cast, party.red, "Mine")

    assert answer.status_code == 403
    assert name_of(app, cast, party.red) is None


def test_a_stranger_finds_nothing(app: Flask, cast: Cast, party: Party) -> None:
    assert rename(cast.stranger, cast, party.red, "Mine").status_code == 404
    assert name_of(app, cast, party.red) is None


def test_an_unknown_person_is_not_found(cast: Cast) -> None:
    assert rename(cast.host, cast, 999, "Lea").status_code == 404
    assert rename(cast.host, cast, 999, "x" * 61).status_code == 404


def test_a_person_of_another_room_is_not_found(app: Flask, cast: Cast, make_room) -> None:
    other_id = make_room("Other").room.id
    person_id = insert_person(app, other_id, insert_photos(app, other_id, 1), "Tom")

    assert rename(cast.host, cast, person_id, "Lea").status_code == 404
    with app.app_context():
        assert people.get_card(host_access(other_id), person_id).name == "Tom"


def test_another_site_cannot_rename(app: Flask, cast: Cast, party: Party) -> None:
    answer = rename(cast.host, cast, party.red, "Evil", {"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert name_of(app, cast, party.red) is None


def test_the_address_takes_only_post(cast: Cast, party: Party) -> None:
    assert cast.host.get(f"{cast.url}/people/{party.red}/name").status_code == 405


def test_a_new_name_is_shown_everywhere_as_text(cast: Cast, party: Party) -> None:
    rename(cast.host, cast, party.red, '<i>"Lea"</i>')

    for path in ("", "/people", f"/people/{party.red}", f"/photos/{party.photos['b.jpg']}"):
        page = cast.guest.get(cast.url + path).text

        assert "&lt;i&gt;" in page
        assert tags_of(page, "i") == []
