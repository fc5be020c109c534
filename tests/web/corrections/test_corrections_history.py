"""GET /rooms/<code>/corrections and POST /rooms/<code>/corrections/<id>/undo."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from photoshare.services.corrections import verbs
from photoshare.services.corrections.history import PAGE_SIZE
from photoshare.services.rooms.entering import Author
from tests.conftest import Cast
from tests.helpers import (
    counted_queries,
    faces_of,
    give_photos,
    insert_face,
    insert_photos,
    row_counts,
    tags_of,
    undo_addresses,
)
from tests.web.conftest import Doubt, Party

PATH = "/corrections"


def history(client: FlaskClient, cast: Cast, query: str = "") -> str:
    answer = client.get(cast.url + PATH + query)
    assert answer.status_code == 200
    return answer.text


def sentences(page: str) -> list[str]:
    """List the sentences of the entries, without their times."""
    entries = page.partition('<ol class="history">')[2].partition("</ol>")[0].split("<li")[1:]
    return [entry.partition("<p>")[2].partition("</p>")[0].strip() for entry in entries]


def test_an_untouched_room_says_so(cast: Cast) -> None:
    assert "No changes yet." in history(cast.host, cast)


def test_the_people_page_leads_there_who_may_correct_something(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    def is_offered(client: FlaskClient) -> bool:
        return bool(tags_of(client.get(f"{cast.url}/people").text, "a", href=cast.url + PATH))

    assert is_offered(cast.host)
    assert not is_offered(cast.guest)

    give_photos(app, cast.guest, doubt.photos[:1])

    assert is_offered(cast.guest)


def test_the_host_sees_all_the_newest_first(cast: Cast, said: Doubt) -> None:
    page = history(cast.host, cast)

    assert sentences(page) == [
        "Hanna moved faces to another album",
        "Gustav named this person Tom",
        "The server named this person Lea",
    ]
    assert len(undo_addresses(page)) == 3


def test_a_guest_sees_their_own(cast: Cast, said: Doubt) -> None:
    page = history(cast.guest, cast)

    assert sentences(page) == ["Gustav named this person Tom"]
    assert len(undo_addresses(page)) == 1


def test_every_kind_has_a_sentence(app: Flask, cast: Cast, doubt: Doubt) -> None:
    lea, twin = faces_of(app, doubt.lea), faces_of(app, doubt.twin)
    author = Author(cast.room_id)
    with app.app_context():
        verbs.name_person(author, doubt.twin, "")
        verbs.choose_cover(author, lea[1])
        verbs.mark_different(author, lea[:1], twin[:1])
        verbs.reject_faces(author, doubt.lea, lea[:1])
        verbs.move_faces(author, [doubt.stray], doubt.twin)
        verbs.hide_person(author, doubt.twin)
        verbs.show_person(author, doubt.twin)
        verbs.merge_people(author, doubt.twin, doubt.lea)
        verbs.mark_not_faces(author, lea[1:2])

    page = history(cast.host, cast)

    assert sentences(page) == [
        "The server marked this as not a face",
        "The server merged two people into Lea",
        "The server made this person visible again",
        "The server hid this person",
        "The server moved faces to another album",
        "The server removed faces from an album",
        "The server marked these as different people",
        "The server chose the cover",
        "The server removed this person's name",
        "The server named this person Lea",
    ]
    shown = {tag["src"] for tag in tags_of(page, "img")}
    assert f"{cast.url}/faces/{lea[1]}.jpg" not in shown  # its picture is no longer available
    assert f"{cast.url}/faces/{lea[0]}.jpg" in shown


def test_names_are_text(app: Flask, cast: Cast, doubt: Doubt) -> None:
    cast.host.post(f"{cast.url}/people/{doubt.twin}/name", data={"name": "<i>x</i>"})

    page = history(cast.host, cast)

    assert "&lt;i&gt;" in page
    assert tags_of(page, "i") == []


def test_a_long_history_has_pages(app: Flask, cast: Cast, doubt: Doubt) -> None:
    with app.app_context():
        for number in range(PAGE_SIZE + 1):
            verbs.name_person(Author(cast.room_id), doubt.twin, f"Name {number}")

    first, second = history(cast.host, cast), history(cast.host, cast, "?page=2")

    assert (len(sentences(first)), len(sentences(second))) == (PAGE_SIZE, 2)
    assert tags_of(first, "a", rel="next")[0]["href"] == f"{cast.url}{PATH}?page=2"
    assert tags_of(second, "a", rel="prev")[0]["href"] == f"{cast.url}{PATH}?page=1"
    assert not tags_of(first, "a", rel="prev")
    assert not tags_of(second, "a", rel="next")
    assert "Name 0" in second
    for page in ("3", "0", "-1", "9" * 30):
        assert cast.host.get(f"{cast.url}{PATH}?page={page}").status_code == 404


def test_a_deleted_photo_leaves_the_entry_without_its_face(
    app: Flask, cast: Cast, party: Party
) -> None:
    face = faces_of(app, party.red)[1]
    cast.host.post(f"{cast.url}/people/{party.red}/name", data={"name": "Rosa"})
    cast.host.get(cast.url)  # takes the message
    assert f"{cast.url}/faces/{face}.jpg" in history(cast.host, cast)

    cast.host.post(f"{cast.url}/photos/{party.photos['b.jpg']}/delete")

    page = history(cast.host, cast)
    assert sentences(page) == ["Hanna named this person Rosa"]
    assert f"{cast.url}/faces/{face}.jpg" not in page
    assert cast.host.post(undo_addresses(page)[-1]).status_code == 303


def test_an_entry_goes_with_its_last_photo(app: Flask, cast: Cast, party: Party) -> None:
    face = faces_of(app, party.red)[1]
    cast.host.post(f"{cast.url}/faces/{face}/cover")
    assert sentences(history(cast.host, cast)) == ["Hanna chose the cover"]

    cast.host.post(f"{cast.url}/photos/{party.photos['b.jpg']}/delete")

    assert "No changes yet." in history(cast.host, cast)


def test_an_undone_name_is_not_told_any_more(cast: Cast, said: Doubt) -> None:
    cast.host.post(undo_addresses(history(cast.host, cast))[1])

    page = history(cast.host, cast)

    assert sentences(page)[1] == "Gustav named this person"
    assert "Tom" not in page


def test_the_number_of_queries_does_not_grow_with_the_corrections(
    app: Flask, cast: Cast, said: Doubt
) -> None:
    with counted_queries(app) as before:
        history(cast.host, cast)
    for number in range(10):
        (photo,) = insert_photos(app, cast.room_id, 1, seed=f"{number}")
        face = insert_face(app, cast.room_id, photo)
        cast.guest.post(f"{cast.url}/faces/move", data={"faces": face, "into": "new"})
    assert row_counts(app)["correction"] == 13

    with counted_queries(app) as after:
        history(cast.host, cast)

    assert len(before) == len(after) > 0
