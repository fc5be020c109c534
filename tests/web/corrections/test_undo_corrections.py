"""POST /rooms/<code>/corrections/<id>/undo: the result, who may, and the page it leads to."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from photoshare.services.corrections import verbs
from photoshare.services.rooms.entering import Author
from photoshare.services.rooms.rooms import NewRoom
from tests.conftest import Cast
from tests.helpers import (
    faces_of,
    insert_person,
    insert_photos,
    place_at,
    tags_of,
    undo_addresses,
    who_is_who,
)
from tests.web.conftest import Doubt
from tests.web.corrections.test_corrections_history import PATH, history


def test_an_entry_is_undone_once_and_marked(app: Flask, cast: Cast, said: Doubt) -> None:
    undo = undo_addresses(history(cast.host, cast))[0]

    answer = cast.host.post(undo)

    assert (answer.status_code, answer.location) == (303, cast.url + PATH)
    page = cast.host.get(answer.location).text
    assert "Change undone." in page
    assert len(tags_of(page, "li", **{"class": "is-undone"})) == 1
    assert " · undone" in page
    assert undo not in undo_addresses(page)
    assert len(undo_addresses(page)) == 2
    assert said.stray in faces_of(app, None)
    assert cast.host.post(undo).status_code == 422
    assert "This change is already undone." in cast.host.post(undo).text


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


@pytest.mark.parametrize("into", ["lea", "new"])
def test_undo_of_what_was_unsorted_leads_to_the_unsorted_faces(
    app: Flask, cast: Cast, doubt: Doubt, into: str
) -> None:
    target = doubt.lea if into == "lea" else into
    done = cast.host.post(f"{cast.url}/faces/move", data={"faces": doubt.stray, "into": target})
    (undo,) = undo_addresses(cast.host.get(done.location).text)

    answer = cast.host.post(undo, headers={"Referer": f"http://localhost{done.location}"})

    assert answer.location == f"{cast.url}/people/unsorted"


def test_undo_named_by_a_strange_address_leads_to_no_other_site(cast: Cast, said: Doubt) -> None:
    undo = undo_addresses(history(cast.host, cast))[0]

    answer = cast.host.post(undo, query_string={"next": "https://evil.example/rooms/x/people"})

    assert answer.location == cast.url + PATH


@pytest.mark.parametrize("kind", ["merge", "move", "reject", "reject all"])
def test_undo_leads_to_the_album_where_the_change_began(
    app: Flask, cast: Cast, doubt: Doubt, kind: str
) -> None:
    lea, twin, faces = doubt.lea, doubt.twin, faces_of(app, doubt.lea)
    path, data, lands, began = {
        "merge": (f"/people/{twin}/merge", {"into": lea}, f"/people/{lea}", twin),
        "move": ("/faces/move", {"faces": faces[0], "into": twin}, f"/people/{twin}", lea),
        "reject": (f"/people/{lea}/reject", {"faces": faces[0]}, f"/people/{lea}", lea),
        "reject all": (f"/people/{lea}/reject", {"faces": faces}, "/people", lea),
    }[kind]
    done = cast.host.post(cast.url + path, data=data)
    assert done.location == cast.url + lands
    (undo,) = undo_addresses(cast.host.get(done.location).text)

    answer = cast.host.post(undo, headers={"Referer": f"http://localhost{cast.url}{lands}"})

    assert answer.location == f"{cast.url}/people/{began}"
    assert cast.host.get(answer.location).status_code == 200


def test_a_face_that_is_none_leads_back_to_its_album(app: Flask, cast: Cast, doubt: Doubt) -> None:
    face = faces_of(app, doubt.lea)[0]
    sent_from = {"Referer": f"http://localhost{cast.url}/faces/{face}"}

    answer = cast.host.post(f"{cast.url}/faces/remove", data={"faces": face}, headers=sent_from)

    assert answer.location == f"{cast.url}/people/{doubt.lea}"


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
    undo = undo_addresses(history(cast.host, cast))[1]  # below the message, which leads elsewhere

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
        ("/people/{lea}/name?x=1", PATH),  # accepts only forms
    ],
)
def test_undo_goes_back_with_the_query_as_far_as_that_is_still_there(
    app: Flask, cast: Cast, doubt: Doubt, page: str, comes_back_to: str
) -> None:
    new = cast.host.post(f"{cast.url}/faces/move", data={"faces": doubt.stray, "into": "new"})
    ids: dict[str, object] = {"lea": doubt.lea, "twin": doubt.twin, "stray": doubt.stray}
    ids |= {"photo": doubt.photos[0], "place": place_at(app, doubt.photos[0])}
    ids["new"] = new.location.rpartition("/")[2]
    undo = undo_addresses(history(cast.host, cast))[1]  # below the message, which leads elsewhere
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


def test_a_correction_of_another_room_is_not_found(
    app: Flask, cast: Cast, make_room: Callable[..., NewRoom]
) -> None:
    other_id = make_room("Other").room.id
    person_id = insert_person(app, other_id, insert_photos(app, other_id, 1), "Tim")
    with app.app_context():
        number = verbs.choose_cover(Author(other_id), faces_of(app, person_id)[0])

    assert cast.host.post(f"{cast.url}{PATH}/{number}/undo").status_code == 404
    assert "No changes yet." in history(cast.host, cast)


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
