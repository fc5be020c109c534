"""GET and POST /rooms/<code>/people/names: a queue of people without a name."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from photoshare.services.people import people
from tests.conftest import Cast
from tests.helpers import (
    HX,
    face_at,
    form_with,
    give_photos,
    guest_access,
    insert_face,
    insert_person,
    insert_photos,
    let_guests_correct,
    tags_of,
    undo_addresses,
)
from tests.web.conftest import Doubt

PATH = "/people/names"


@pytest.fixture
def crowd(app: Flask, cast: Cast) -> list[int]:
    """Make four people without a name, in ever fewer photos; one with a name between them."""
    photos = insert_photos(app, cast.room_id, 10)
    names = (None, None, "Lea", None, None)
    people = [
        insert_person(app, cast.room_id, photos[number * 2 :], name, encoding=face_at(0.0))
        for number, name in enumerate(names)
    ]
    return [person for person, name in zip(people, names, strict=True) if not name]


def asked(page: str) -> int | None:
    """Return about whom a page of the queue asks."""
    fields = tags_of(page, "input", name="person")
    return int(fields[0]["value"]) if fields else None


def answer(
    client: FlaskClient,
    cast: Cast,
    page: str,
    name: str,
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> TestResponse:
    """Type a name and press Enter."""
    url, fields = form_with(page, "person")
    assert url == cast.url + PATH
    return client.post(url, data=fields | {"name": name} | more, headers=headers)


def start(client: FlaskClient, cast: Cast) -> str:
    return client.get(cast.url + PATH).text


def links(page: str, label: str) -> list[str]:
    """List the addresses of the links with these words."""
    parts = page.split(f"{label}</a>")[:-1]
    return [tags_of(part, "a")[-1]["href"] for part in parts]


def names_of(app: Flask, cast: Cast) -> dict[int, str | None]:
    with app.app_context():
        return {card.id: card.name for card in people.list_people(cast.room_id)}


def is_after(headers: Mapping[str, str] | None, reply: TestResponse, client: FlaskClient) -> str:
    """Return the page that an answer leads to."""
    if headers:
        assert reply.status_code == 200
        assert "<html" not in reply.text
        return reply.text
    assert reply.status_code == 303
    return client.get(reply.location).text


@pytest.mark.parametrize("headers", [None, HX])
def test_a_name_and_enter_lead_to_the_next(
    app: Flask, cast: Cast, crowd: list[int], headers: Mapping[str, str] | None
) -> None:
    page, order = start(cast.host, cast), []
    for name in ("Ada", " Bo  Berg ", "Cleo", "Dan"):
        order.append(asked(page))
        page = is_after(headers, answer(cast.host, cast, page, name, headers), cast.host)

    assert order == crowd
    assert asked(page) is None
    assert "Everyone here has a name." in page
    assert [names_of(app, cast)[one] for one in crowd] == ["Ada", "Bo Berg", "Cleo", "Dan"]


def test_the_field_has_the_focus_and_the_names_that_guests_typed(
    app: Flask, cast: Cast, crowd: list[int]
) -> None:
    with app.app_context():
        for name in ("Zoë", "émile", "lea", ""):
            guest_access(cast.room_id, name)

    page = start(cast.host, cast)

    (field,) = tags_of(page, "input", name="name")
    assert "autofocus" in field.attributes
    assert tags_of(page, "datalist", id=field["list"])
    suggested = [tag["value"] for tag in tags_of(page, "option") if "value" in tag.attributes]
    # Not Lea: someone has that name already.
    assert suggested == ["émile", "Gustav", "Hanna", "Zoë"]


def test_guests_are_suggested_only_names_shown_with_photos(
    app: Flask, cast: Cast, crowd: list[int]
) -> None:
    let_guests_correct(app, cast.room_id)
    give_photos(app, cast.guest, insert_photos(app, cast.room_id, 1, seed="own"))

    page = start(cast.guest, cast)

    assert [tag["value"] for tag in tags_of(page, "option")] == ["Gustav"]


def test_an_empty_field_names_nobody_and_leads_on(app: Flask, cast: Cast, crowd: list[int]) -> None:
    page = is_after(None, answer(cast.host, cast, start(cast.host, cast), "  "), cast.host)

    assert asked(page) == crowd[1]
    assert names_of(app, cast)[crowd[0]] is None
    assert undo_addresses(cast.host.get(f"{cast.url}/corrections").text) != []  # Lea's name alone


def test_whoever_is_skipped_comes_again_when_asked_for(cast: Cast, crowd: list[int]) -> None:
    page = start(cast.host, cast)
    for _ in crowd:
        (skip,) = links(page, "Skip")
        page = cast.host.get(skip).text

    assert asked(page) is None
    assert "everyone!" in page
    (again,) = links(page, "Show the ones I skipped")
    assert asked(cast.host.get(again).text) == crowd[0]


def test_back_leads_to_the_one_before_with_their_name(
    app: Flask, cast: Cast, crowd: list[int]
) -> None:
    page = is_after(None, answer(cast.host, cast, start(cast.host, cast), "Adda"), cast.host)

    page = cast.host.get(links(page, "Back")[0]).text
    assert asked(page) == crowd[0]
    assert tags_of(page, "input", name="name")[0]["value"] == "Adda"
    assert links(page, "Back") == []

    page = is_after(None, answer(cast.host, cast, page, "Ada"), cast.host)
    assert asked(page) == crowd[1]
    assert names_of(app, cast)[crowd[0]] == "Ada"


def test_an_unchanged_name_is_no_change(app: Flask, cast: Cast, crowd: list[int]) -> None:
    page = is_after(None, answer(cast.host, cast, start(cast.host, cast), "Ada"), cast.host)
    changes = cast.host.get(f"{cast.url}/corrections").text.count("<li")
    page = cast.host.get(links(page, "Back")[0]).text

    answer(cast.host, cast, page, "Ada")

    assert cast.host.get(f"{cast.url}/corrections").text.count("<li") == changes


@pytest.mark.parametrize("headers", [None, HX])
def test_a_name_that_somebody_has_is_asked_about_within_the_queue(
    app: Flask, cast: Cast, doubt: Doubt, headers: Mapping[str, str] | None
) -> None:
    insert_person(app, cast.room_id, doubt.photos[5:], encoding=face_at(0.9))
    page = start(cast.host, cast)
    assert asked(page) == doubt.twin

    reply = answer(cast.host, cast, page, "lea", headers)

    assert reply.status_code == 422
    assert ("<html" in reply.text) is (headers is None)
    assert "There&#39;s already a Lea. Is this the same person?" in reply.text
    for field, name in (("into", None), ("is_another", "lea")):
        url, fields = form_with(reply.text, field)
        assert url == cast.url + PATH
        assert fields["person"] == str(doubt.twin)
        if name:
            page = is_after(headers, cast.host.post(url, data=fields, headers=headers), cast.host)
            assert names_of(app, cast)[doubt.twin] == name
            assert asked(page) not in (None, doubt.twin)


def test_the_same_person_is_merged_and_the_queue_goes_on(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    other = insert_person(app, cast.room_id, doubt.photos[5:], encoding=face_at(0.9))
    url, fields = form_with(answer(cast.host, cast, start(cast.host, cast), "Lea", HX).text, "into")

    page = is_after(HX, cast.host.post(url, data=fields, headers=HX), cast.host)

    assert doubt.twin not in names_of(app, cast)
    assert asked(page) == other
    assert "Merged into one person." in page
    assert len(undo_addresses(page)) == 1


def test_two_on_one_photo_are_merged_only_after_a_question(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    insert_face(app, cast.room_id, doubt.photos[0], person_id=doubt.twin, left=90)
    reply = answer(cast.host, cast, start(cast.host, cast), "Lea")
    assert "both are in the same photo" in reply.text
    url, fields = form_with(reply.text, "into")

    question = cast.host.post(url, data=fields)

    assert question.status_code == 422
    assert "Are they really the same person?" in question.text
    url, fields = form_with(question.text, "is_sure")
    assert cast.host.post(url, data=fields).status_code == 303
    assert doubt.twin not in names_of(app, cast)


@pytest.mark.parametrize("headers", [None, HX])
def test_a_name_that_is_too_long_stays_in_the_field(
    app: Flask, cast: Cast, crowd: list[int], headers: Mapping[str, str] | None
) -> None:
    reply = answer(cast.host, cast, start(cast.host, cast), "x" * 61, headers)

    assert reply.status_code == 422
    assert "up to 60 characters" in reply.text
    assert asked(reply.text) == crowd[0]
    assert tags_of(reply.text, "input", name="name")[0]["value"] == "x" * 61


def test_who_was_merged_meanwhile_is_passed_over(app: Flask, cast: Cast, crowd: list[int]) -> None:
    page = start(cast.host, cast)
    data = {"into": crowd[3], "is_sure": 1}
    assert cast.host.post(f"{cast.url}/people/{crowd[0]}/merge", data=data).status_code == 303

    page = is_after(None, answer(cast.host, cast, page, "Ada"), cast.host)

    assert asked(page) in crowd[1:]


@pytest.mark.parametrize("seen", ["999", "1,2,3", ",", "99999999999999999"])
def test_any_list_of_people_seen_is_taken(cast: Cast, crowd: list[int], seen: str) -> None:
    assert cast.host.get(f"{cast.url}{PATH}?seen={seen}&person=0").status_code == 200


def test_only_who_may_name_everyone_is_asked(app: Flask, cast: Cast, crowd: list[int]) -> None:
    assert cast.guest.get(cast.url + PATH).status_code == 403
    assert cast.guest.post(cast.url + PATH, data={"person": crowd[0]}).status_code == 403
    assert cast.stranger.get(cast.url + PATH).status_code == 404

    let_guests_correct(app, cast.room_id)

    assert asked(start(cast.guest, cast)) == crowd[0]


def test_hidden_people_are_not_asked_about(app: Flask, cast: Cast, crowd: list[int]) -> None:
    cast.host.post(f"{cast.url}/people/{crowd[0]}/hide")

    assert asked(start(cast.host, cast)) == crowd[1]


def test_the_people_page_tells_how_many_have_no_name(
    app: Flask, cast: Cast, crowd: list[int]
) -> None:
    page = cast.host.get(f"{cast.url}/people").text

    assert tags_of(page, "a", href=cast.url + PATH)
    assert '<span class="chip-count">4</span>' in page
    assert not tags_of(cast.guest.get(f"{cast.url}/people").text, "a", href=cast.url + PATH)
