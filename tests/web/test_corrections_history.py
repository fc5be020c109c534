"""GET /rooms/<code>/corrections and POST /rooms/<code>/corrections/<id>/undo."""

from __future__ import annotations

import pytest
from flask import Flask

from photoshare.services import corrections
from photoshare.services.authors import Author
from photoshare.services.correction_history import PAGE_SIZE
from tests.conftest import Cast
from tests.helpers import (
    counted_queries,
    faces_of,
    insert_face,
    insert_person,
    insert_photos,
    let_guests_correct,
    place_at,
    row_counts,
    tags_of,
    undo_addresses,
    who_is_who,
)
from tests.web.conftest import Doubt

PATH = "/corrections"


def history(client, cast: Cast, query: str = "") -> str:
    answer = client.get(cast.url + PATH + query)
    assert answer.status_code == 200
    return answer.text


def sentences(page: str) -> list[str]:
    """List what the entries say, without their times."""
    entries = page.partition('<ol class="history">')[2].partition("</ol>")[0].split("<li")[1:]
    return [entry.partition("<p>")[2].partition("</p>")[0].strip() for entry in entries]


@pytest.fixture
def said(app: Flask, cast: Cast, doubt: Doubt) -> Doubt:
    """Two corrections besides Lea's name: one of the guest, one of the host."""
    let_guests_correct(app, cast.room_id)
    for client, path, data in (
        (cast.guest, f"/people/{doubt.twin}/name", {"name": "Tom"}),
        (cast.host, "/faces/move", {"faces": doubt.stray, "into": doubt.lea}),
    ):
        assert client.post(cast.url + path, data=data).status_code == 303
        client.get(cast.url)  # takes the message
    return doubt


def test_an_untouched_room_says_so(cast: Cast) -> None:
    assert "Nothing was corrected yet." in history(cast.host, cast)


def test_the_people_page_leads_there(cast: Cast) -> None:
    for client in (cast.host, cast.guest):
        page = client.get(f"{cast.url}/people").text

        assert tags_of(page, "a", href=cast.url + PATH)


def test_the_host_sees_all_the_newest_first(cast: Cast, said: Doubt) -> None:
    page = history(cast.host, cast)

    assert sentences(page) == [
        "Hanna moved faces to another album",
        "Gustav said who this is: Tom",
        "The server said who this is: Lea",
    ]
    assert len(undo_addresses(page)) == 3


def test_a_guest_sees_their_own(cast: Cast, said: Doubt) -> None:
    page = history(cast.guest, cast)

    assert sentences(page) == ["Gustav said who this is: Tom"]
    assert len(undo_addresses(page)) == 1


def test_every_kind_has_a_sentence(app: Flask, cast: Cast, doubt: Doubt) -> None:
    lea, twin = faces_of(app, doubt.lea), faces_of(app, doubt.twin)
    author = Author(cast.room_id)
    with app.app_context():
        corrections.name_person(author, doubt.twin, "")
        corrections.choose_cover(author, lea[1])
        corrections.say_different(author, lea[:1], twin[:1])
        corrections.reject_faces(author, doubt.lea, lea[:1])
        corrections.move_faces(author, [doubt.stray], doubt.twin)
        corrections.hide_person(author, doubt.twin)
        corrections.show_person(author, doubt.twin)
        corrections.merge_people(author, doubt.twin, doubt.lea)
        corrections.mark_not_faces(author, lea[1:2])

    page = history(cast.host, cast)

    assert sentences(page) == [
        "The server said that this is no face",
        "The server made two people one: Lea",
        "The server showed this person again",
        "The server hid this person",
        "The server moved faces to another album",
        "The server took faces out of an album",
        "The server said that these are two people",
        "The server chose the cover",
        "The server said who this is: no name any more",
        "The server said who this is: Lea",
    ]
    shown = {tag["src"] for tag in tags_of(page, "img")}
    assert f"{cast.url}/faces/{lea[1]}.jpg" not in shown  # its picture is not found any more
    assert f"{cast.url}/faces/{lea[0]}.jpg" in shown


def test_names_are_text(app: Flask, cast: Cast, doubt: Doubt) -> None:
    cast.host.post(f"{cast.url}/people/{doubt.twin}/name", data={"name": "<i>x</i>"})

    page = history(cast.host, cast)

    assert "&lt;i&gt;" in page
    assert tags_of(page, "i") == []


def test_an_entry_is_undone_once_and_marked(app: Flask, cast: Cast, said: Doubt) -> None:
    undo = undo_addresses(history(cast.host, cast))[0]

    answer = cast.host.post(undo)

    assert (answer.status_code, answer.location) == (303, cast.url + PATH)
    page = cast.host.get(answer.location).text
    assert "That was undone." in page
    assert len(tags_of(page, "li", **{"class": "is-undone"})) == 1
    assert " · undone" in page
    assert undo not in undo_addresses(page)
    assert len(undo_addresses(page)) == 2
    assert said.stray in faces_of(app, None)
    assert cast.host.post(undo).status_code == 422
    assert "This was undone already." in cast.host.post(undo).text


def test_later_corrections_stay(app: Flask, cast: Cast, said: Doubt) -> None:
    cast.host.post(f"{cast.url}/people/{said.lea}/name", data={"name": "Lena"})
    cast.host.get(cast.url)  # takes the message
    undo = undo_addresses(history(cast.host, cast))[1]  # the moved face

    cast.host.post(undo)

    assert "Lena</h1>" in cast.host.get(f"{cast.url}/people/{said.lea}").text
    assert faces_of(app, None) == [said.stray]


def test_a_merge_is_undone_also_after_the_one_person_got_a_name(
    app: Flask, cast: Cast, doubt: Doubt
) -> None:
    before = who_is_who(app, cast.room_id)
    merged = cast.host.post(f"{cast.url}/people/{doubt.twin}/merge", data={"into": doubt.lea})
    (undo,) = undo_addresses(cast.host.get(merged.location).text)
    cast.host.post(f"{cast.url}/people/{doubt.lea}/name", data={"name": "Lena"})

    cast.host.post(undo)

    assert who_is_who(app, cast.room_id) == before
    assert "Lena</h1>" in cast.host.get(f"{cast.url}/people/{doubt.lea}").text


def test_a_guest_undoes_their_own_only(app: Flask, cast: Cast, said: Doubt) -> None:
    (own,) = undo_addresses(history(cast.guest, cast))
    others = [url for url in undo_addresses(history(cast.host, cast)) if url != own]
    before = who_is_who(app, cast.room_id)

    assert [cast.guest.post(url).status_code for url in others] == [403, 403]
    assert who_is_who(app, cast.room_id) == before
    assert cast.guest.post(own).status_code == 303
    assert "Tom" not in cast.guest.get(f"{cast.url}/people").text


def test_the_host_undoes_what_guests_did(cast: Cast, said: Doubt) -> None:
    (url,) = undo_addresses(history(cast.guest, cast))

    assert cast.host.post(url).status_code == 303
    assert "Tom" not in cast.guest.get(f"{cast.url}/people").text
    assert undo_addresses(history(cast.guest, cast)) == []


@pytest.mark.parametrize(
    ("page", "comes_back"),
    [
        ("", True),
        ("/people/{lea}", True),
        ("/people/{lea}/faces", True),
        ("/people/{twin}", True),
        ("/people/{new}", False),  # goes with the undo
        ("/people/{new}/faces", False),
        ("/faces/{stray}", True),
        ("/faces/999", False),
        ("/people/999", False),
        ("/people/unsorted", True),
        ("/people/same", True),
        ("/photos", True),
    ],
)
def test_undo_goes_back_to_the_page_it_came_from_if_that_is_still_there(
    app: Flask, cast: Cast, doubt: Doubt, page: str, comes_back: bool
) -> None:
    new = cast.host.post(f"{cast.url}/faces/move", data={"faces": doubt.stray, "into": "new"})
    ids = {"lea": doubt.lea, "twin": doubt.twin, "stray": doubt.stray}
    path = cast.url + page.format(new=new.location.rpartition("/")[2], **ids)
    (undo,) = undo_addresses(cast.host.get(new.location).text)

    answer = cast.host.post(undo, headers={"Referer": f"http://localhost{path}#x"})

    assert answer.location == (path if comes_back else cast.url + PATH)
    assert cast.host.get(answer.location).status_code == 200


@pytest.mark.parametrize(
    ("page", "comes_back_to"),
    [
        ("/people/unsorted?page=2", "/people/unsorted"),  # there is one page of them
        ("/people/unsorted?page=1", "/people/unsorted?page=1"),
        ("/people/{lea}/faces?page=7", "/people/{lea}/faces"),
        ("/people/{lea}/faces?page=1", "/people/{lea}/faces?page=1"),
        ("/people/{new}/faces?page=1", PATH),
        ("/corrections?page=2", PATH),
        ("/corrections?page=1", PATH + "?page=1"),
        ("/people/same?later=p1-p2&later=f7-p1", "/people/same?later=p1-p2&later=f7-p1"),
        ("/people/{lea}?after={place}", "/people/{lea}?after={place}"),
        ("/photos?before={place}", "/photos?before={place}"),
        ("/photos/{photo}?person={lea}", "/photos/{photo}?person={lea}"),
        ("/photos/{photo}?person={new}", "/photos/{photo}"),
        ("/photos/999?person={lea}", PATH),
        (
            "/people/several?people={lea},{twin}&match=all",
            "/people/several?people={lea},{twin}&match=all",
        ),
        (
            "/people/several?people={lea}&people={twin}",
            "/people/several?people={lea}&people={twin}",
        ),
        ("/people/several?people={lea},{new}", PATH),
        ("/people/several?people=x", PATH),
        ("/faces/move?faces={stray}", "/faces/move?faces={stray}"),
        ("/faces/move?faces=999", "/faces/move"),
        ("/me?after={place}", "/me?after={place}"),
        ("/people/{lea}/name?x=1", PATH),  # takes forms only
    ],
)
def test_undo_goes_back_with_the_query_as_far_as_that_is_still_there(
    app: Flask, cast: Cast, doubt: Doubt, page: str, comes_back_to: str
) -> None:
    new = cast.host.post(f"{cast.url}/faces/move", data={"faces": doubt.stray, "into": "new"})
    ids: dict[str, object] = {"lea": doubt.lea, "twin": doubt.twin, "stray": doubt.stray}
    ids |= {"photo": doubt.photos[0], "place": place_at(app, doubt.photos[0])}
    ids["new"] = new.location.rpartition("/")[2]
    (undo,) = undo_addresses(cast.host.get(new.location).text)
    url = f"http://localhost{cast.url}{page.format(**ids)}"

    answer = cast.host.post(undo, headers={"Referer": url})

    assert answer.location == cast.url + comes_back_to.format(**ids)
    assert cast.host.get(answer.location).status_code == 200


@pytest.mark.parametrize(
    "referer",
    [
        "https://evil.example/",
        "https://evil.example{room}x",
        "//evil.example/people",
        "http://localhost//evil.example{room}/people",
        "http://localhost/rooms/another-room",
        "javascript:alert(1)",
        "http://[::1",
        "http://localhost\\@evil.example",
        "{room}x/people",
        "http://localhost{room}/../another-room?page=1",
        "http://localhost{room}/\\evil.example?page=1",
        "http://localhost{room}//evil.example?page=1",
        "http://localhost{room}/https://evil.example",
        "",
    ],
)
def test_undo_leads_to_no_other_site_or_room(cast: Cast, said: Doubt, referer: str) -> None:
    undo = undo_addresses(history(cast.host, cast))[0]

    answer = cast.host.post(undo, headers={"Referer": referer.format(room=cast.url)})

    assert (answer.status_code, answer.location) == (303, cast.url + PATH)


def test_of_a_strange_referer_only_the_path_in_this_room_is_used(cast: Cast, said: Doubt) -> None:
    undo = undo_addresses(history(cast.host, cast))[0]

    answer = cast.host.post(undo, headers={"Referer": f"https://evil.example{cast.url}/people?x=1"})

    assert answer.location == f"{cast.url}/people"


@pytest.mark.parametrize("tail", ["999", "x", "0"])
def test_an_unknown_correction_is_not_found(cast: Cast, said: Doubt, tail: str) -> None:
    assert cast.host.post(f"{cast.url}{PATH}/{tail}/undo").status_code == 404


def test_a_correction_of_another_room_is_not_found(app: Flask, cast: Cast, make_room) -> None:
    other_id = make_room("Other").room.id
    person_id = insert_person(app, other_id, insert_photos(app, other_id, 1), "Tim")
    with app.app_context():
        number = corrections.choose_cover(Author(other_id), faces_of(app, person_id)[0])

    assert cast.host.post(f"{cast.url}{PATH}/{number}/undo").status_code == 404
    assert "Nothing was corrected yet." in history(cast.host, cast)


def test_a_stranger_finds_nothing(cast: Cast, said: Doubt) -> None:
    undo = undo_addresses(history(cast.host, cast))[0]

    assert cast.stranger.get(cast.url + PATH).status_code == 404
    assert cast.stranger.post(undo).status_code == 404
    assert undo in undo_addresses(history(cast.host, cast))


def test_another_site_cannot_undo(cast: Cast, said: Doubt) -> None:
    undo = undo_addresses(history(cast.host, cast))[0]

    assert cast.host.post(undo, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert undo in undo_addresses(history(cast.host, cast))


def test_the_addresses_take_one_method_each(cast: Cast, said: Doubt) -> None:
    undo = undo_addresses(history(cast.host, cast))[0]

    assert cast.host.get(undo).status_code == 405
    assert cast.host.post(cast.url + PATH).status_code == 405


def test_a_long_history_has_pages(app: Flask, cast: Cast, doubt: Doubt) -> None:
    with app.app_context():
        for number in range(PAGE_SIZE + 1):
            corrections.name_person(Author(cast.room_id), doubt.twin, f"Name {number}")

    first, second = history(cast.host, cast), history(cast.host, cast, "?page=2")

    assert (len(sentences(first)), len(sentences(second))) == (PAGE_SIZE, 2)
    assert tags_of(first, "a", rel="next")[0]["href"] == f"{cast.url}{PATH}?page=2"
    assert tags_of(second, "a", rel="prev")[0]["href"] == f"{cast.url}{PATH}?page=1"
    assert not tags_of(first, "a", rel="prev")
    assert not tags_of(second, "a", rel="next")
    assert "Name 0" in second
    for page in ("3", "0", "-1", "9" * 30):
        assert cast.host.get(f"{cast.url}{PATH}?page={page}").status_code == 404


def test_a_deleted_photo_leaves_the_entry_without_its_face(app: Flask, cast: Cast, party) -> None:
    face = faces_of(app, party.red)[1]
    cast.host.post(f"{cast.url}/people/{party.red}/name", data={"name": "Rosa"})
    cast.host.get(cast.url)  # takes the message
    assert f"{cast.url}/faces/{face}.jpg" in history(cast.host, cast)

    cast.host.post(f"{cast.url}/photos/{party.photos['b.jpg']}/delete")

    page = history(cast.host, cast)
    assert sentences(page) == ["Hanna said who this is: Rosa"]
    assert f"{cast.url}/faces/{face}.jpg" not in page
    assert cast.host.post(undo_addresses(page)[-1]).status_code == 303


def test_an_entry_goes_with_its_last_photo(app: Flask, cast: Cast, party) -> None:
    face = faces_of(app, party.red)[1]
    cast.host.post(f"{cast.url}/faces/{face}/cover")
    assert sentences(history(cast.host, cast)) == ["Hanna chose the cover"]

    cast.host.post(f"{cast.url}/photos/{party.photos['b.jpg']}/delete")

    assert "Nothing was corrected yet." in history(cast.host, cast)


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
