"""POST /join with a typed code; GET and POST /rooms/<code> and /rooms/<code>/join."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from photoshare.services.rooms.hashing import hash_secret
from photoshare.services.rooms.rooms import NewRoom
from tests.helpers import row_counts, set_title_and_end, tags_of

PAST = datetime.now(UTC).date() - timedelta(days=2)
PASSWORD = "open sesame"
GOOD, WRONG, TOO_MANY = 303, 422, 429


@pytest.fixture
def locked(make_room: Callable[..., NewRoom], monkeypatch: pytest.MonkeyPatch) -> str:
    """Code of a room with a password."""
    monkeypatch.setattr("photoshare.services.rooms.rooms.hash_password", hash_secret)  # fast
    return make_room("Locked", password=PASSWORD).room.code


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def join(client: FlaskClient, code: str, password: str = "", **fields: str) -> TestResponse:
    return client.post(f"/rooms/{code}/join", data={"password": password} | fields)


def type_code(client: FlaskClient, code: str) -> TestResponse:
    return client.post("/join", data={"room_code": code})


def is_in(client: FlaskClient, code: str) -> bool:
    return client.get(f"/rooms/{code}/photos").status_code == 200


def test_the_guest_link_shows_the_invitation(
    client: FlaskClient, make_room: Callable[..., NewRoom]
) -> None:
    code = make_room("Lea & Tom").room.code

    page = client.get(f"/rooms/{code}").text

    assert "You're invited to" in page
    assert "<h1>Lea &amp; Tom</h1>" in page
    assert tags_of(page, "form")[0]["action"] == f"/rooms/{code}/join"
    assert not tags_of(page, "input", type="password")


def test_the_invitation_asks_for_the_password_of_a_room_that_has_one(
    client: FlaskClient, locked: str
) -> None:
    assert tags_of(client.get(f"/rooms/{locked}").text, "input", type="password")


def test_looking_at_the_invitation_joins_nobody(
    client: FlaskClient, locked: str, app: Flask
) -> None:
    client.get(f"/rooms/{locked}")

    assert row_counts(app)["guest"] == 0
    assert not is_in(client, locked)


def test_one_form_lets_a_guest_in(client: FlaskClient, make_room: Callable[..., NewRoom]) -> None:
    code = make_room().room.code

    answer = join(client, code, name="Gustav")

    assert answer.status_code == GOOD
    assert "Add photos" in client.get(answer.location, follow_redirects=True).text


def test_the_right_password_lets_a_guest_in(client: FlaskClient, locked: str) -> None:
    assert join(client, locked, PASSWORD).status_code == GOOD
    assert is_in(client, locked)


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD.upper()])
def test_a_wrong_password_is_said_and_lets_nobody_in(
    client: FlaskClient, locked: str, password: str
) -> None:
    answer = join(client, locked, password, name="Gustav")

    assert answer.status_code == WRONG
    assert "That password isn&#39;t right." in answer.text
    assert tags_of(answer.text, "input", name="name")[0]["value"] == "Gustav"
    assert not is_in(client, locked)


@pytest.mark.parametrize(
    "spelling",
    [
        str,
        str.upper,
        lambda code: code.replace("-", ""),
        lambda code: f" {code} ".replace("-", " "),
    ],
)
def test_a_code_leads_to_the_invitation_however_it_was_typed(
    client: FlaskClient, locked: str, spelling: Callable[[str], str]
) -> None:
    answer = type_code(client, spelling(locked))

    assert (answer.status_code, answer.location) == (GOOD, f"/rooms/{locked}")
    assert not is_in(client, locked)


def test_a_guest_link_works_however_it_was_typed(client: FlaskClient, locked: str) -> None:
    assert client.get(f"/rooms/{locked.upper().replace('-', '')}").status_code == 200


def test_an_unknown_code_is_said_on_the_landing_page(client: FlaskClient) -> None:
    answer = type_code(client, "acdef-hjkm-nprtw")

    assert answer.status_code == WRONG
    assert "There&#39;s no room with this code." in answer.text
    assert tags_of(answer.text, "input", name="room_code")[0]["value"] == "acdef-hjkm-nprtw"


def test_an_unknown_guest_link_is_not_found(client: FlaskClient) -> None:
    assert client.get("/rooms/acdef-hjkm-nprtw").status_code == 404
    assert join(client, "acdef-hjkm-nprtw").status_code == 404


def test_a_name_that_is_too_long_is_refused(
    client: FlaskClient, make_room: Callable[..., NewRoom]
) -> None:
    answer = join(client, make_room().room.code, name="x" * 61)

    assert answer.status_code == WRONG
    assert "up to 60 characters" in answer.text


def test_an_ended_room_is_closed_by_its_link_and_by_its_code(
    app: Flask, client: FlaskClient, make_room: Callable[..., NewRoom]
) -> None:
    room = make_room("Party").room
    with app.app_context():
        set_title_and_end(room.id, "Party", PAST)

    assert client.get(f"/rooms/{room.code}").status_code == 404
    assert join(client, room.code).status_code == 404
    by_code = type_code(client, room.code)
    assert "has ended" in client.get(by_code.location).text
    assert row_counts(app)["guest"] == 0


def test_one_unlock_does_not_open_another_room_with_the_same_password(
    client: FlaskClient, locked: str, make_room: Callable[..., NewRoom]
) -> None:
    other = make_room("Other", password=PASSWORD).room.code

    join(client, locked, PASSWORD)

    assert is_in(client, locked)
    assert not is_in(client, other)


def test_a_guest_of_two_rooms_is_in_both(
    client: FlaskClient, locked: str, make_room: Callable[..., NewRoom]
) -> None:
    other = make_room("Other").room.code

    join(client, locked, PASSWORD)
    join(client, other)

    assert is_in(client, locked)
    assert is_in(client, other)


def test_guessing_passwords_is_slowed_down(client: FlaskClient, locked: str) -> None:
    codes = [join(client, locked, f"guess {number}").status_code for number in range(21)]

    assert codes == [WRONG] * 20 + [TOO_MANY]


def test_the_right_password_passes_after_any_number_of_wrong_ones(
    client: FlaskClient, locked: str
) -> None:
    for number in range(21):
        join(client, locked, f"guess {number}")

    assert join(client, locked, PASSWORD).status_code == GOOD


def test_too_many_guesses_are_told_when_to_come_back(client: FlaskClient, locked: str) -> None:
    answers = [join(client, locked, f"guess {number}") for number in range(21)]

    assert "Retry-After" not in answers[19].headers
    assert 1 <= int(answers[20].headers["Retry-After"]) <= 60
    (field,) = tags_of(answers[20].text, "input", name="password")
    assert field["aria-describedby"] == "password-problem"
    assert "Too many attempts." in answers[20].text


def test_wrong_codes_are_counted_and_the_right_one_passes(
    client: FlaskClient, make_room: Callable[..., NewRoom]
) -> None:
    codes = [type_code(client, "acdef-hjkm-nprtw").status_code for _guess in range(21)]

    assert codes == [WRONG] * 20 + [TOO_MANY]
    assert type_code(client, make_room().room.code).status_code == GOOD


def test_too_many_guesses_are_answered_by_a_sentence(client: FlaskClient) -> None:
    for _guess in range(20):
        type_code(client, "acdef-hjkm-nprtw")

    assert "Too many attempts." in type_code(client, "acdef-hjkm-nprtw").text


def test_a_whole_party_may_join_from_one_address(
    app: Flask, make_room: Callable[..., NewRoom]
) -> None:
    code = make_room().room.code

    answers = {join(app.test_client(), code).status_code for _guest in range(30)}

    assert answers == {GOOD}


def guess_from(client: FlaskClient, code: str, address: str) -> int:
    return client.post(
        f"/rooms/{code}/join",
        data={"password": "guess"},
        environ_overrides={"REMOTE_ADDR": address},
    ).status_code


def test_another_address_is_not_slowed_down(client: FlaskClient, locked: str) -> None:
    for _guess in range(20):
        guess_from(client, locked, "10.0.0.8")

    assert guess_from(client, locked, "10.0.0.9") == WRONG
    assert guess_from(client, locked, "::ffff:10.0.0.8") == TOO_MANY  # the same in IPv6 notation


def test_the_addresses_of_one_ipv6_network_count_as_one(client: FlaskClient, locked: str) -> None:
    for number in range(20):
        guess_from(client, locked, f"2001:db8:0:1::{number:x}")

    assert guess_from(client, locked, "2001:db8:0:1:ffff::1") == TOO_MANY
    assert guess_from(client, locked, "2001:db8:0:2::1") == WRONG


def test_each_room_counts_apart(
    client: FlaskClient, locked: str, make_room: Callable[..., NewRoom]
) -> None:
    other = make_room("Other", password=PASSWORD).room.code
    for _guess in range(20):
        guess_from(client, locked, "10.0.0.8")

    assert guess_from(client, other, "10.0.0.8") == WRONG
    assert guess_from(client, locked, "10.0.0.8") == TOO_MANY


def test_wrong_host_links_do_not_count_as_wrong_passwords(client: FlaskClient, locked: str) -> None:
    for number in range(21):
        client.post(f"/rooms/{locked}/host/{number}")

    assert join(client, locked, "guess").status_code == WRONG


def test_the_join_address_takes_only_post(client: FlaskClient, locked: str) -> None:
    assert client.get(f"/rooms/{locked}/join").status_code == 405
    assert client.get("/join").status_code == 405


def test_another_spelling_of_the_code_is_no_fresh_start_for_guessing(
    client: FlaskClient, locked: str
) -> None:
    spellings = [locked, locked.upper(), locked.replace("-", ""), locked + "!", "o" + locked]

    codes = [join(client, spelling, "guess").status_code for spelling in spellings * 5]

    assert codes == [WRONG] * 20 + [TOO_MANY] * 5


def test_a_host_who_joins_stays_the_host(
    make_room: Callable[..., NewRoom], client: FlaskClient
) -> None:
    new = make_room()
    client.post(f"/rooms/{new.room.code}/host/{new.host_secret}")

    join(client, new.room.code)

    assert client.get(f"/rooms/{new.room.code}/delete").status_code == 200


def test_a_room_that_is_not_there_offers_no_way_in(client: FlaskClient) -> None:
    page = client.get("/rooms/acdef-hjkm-nprtw").text

    assert "Open the room" not in page


def test_a_page_for_members_offers_the_way_in_whether_the_room_is_there_or_not(
    client: FlaskClient, locked: str
) -> None:
    for code in (locked, "acdef-hjkm-nprtw"):
        assert "Open the room" in client.get(f"/rooms/{code}/share").text
