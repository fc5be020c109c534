"""Mistakes of other photo servers, in corrections: none affects another room."""

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
    let_guests_correct,
    row_counts,
    tags_of,
    who_is_who,
)
from tests.web.conftest import Doubt

FORMS: list[tuple[str, dict[str, str | list[str]]]] = [
    # path, fields; {person} and {face} are another's, {own} a person and {mine} a face of the room
    ("/people/{person}/name", {"name": "Mine"}),
    ("/people/{person}/merge", {"into": "{own}"}),
    ("/people/{own}/merge", {"into": "{person}"}),
    ("/people/{person}/reject", {"faces": "{face}"}),
    ("/people/{person}/reject", {"faces": "{mine}"}),
    ("/people/{own}/reject", {"faces": "{face}"}),
    ("/people/{own}/reject", {"faces": ["{mine}", "{face}"]}),
    ("/people/{person}/hide", {}),
    ("/people/{person}/show", {}),
    ("/people/{person}/maybe", {"face": "{mine}", "answer": "yes"}),
    ("/people/{person}/maybe", {"face": "{face}", "answer": "no"}),
    ("/people/{own}/maybe", {"face": "{face}", "answer": "yes"}),
    ("/people/{own}/maybe", {"face": "{face}", "answer": "no"}),
    ("/people/same", {"first": "{mine}", "second": "{face}", "answer": "yes"}),
    ("/people/same", {"first": "{face}", "second": "{mine}", "answer": "yes"}),
    ("/people/same", {"first": "{mine}", "second": "{face}", "answer": "no"}),
    ("/people/same", {"first": "{face}", "second": "{mine}", "answer": "no"}),
    ("/people/same", {"first": "{face}", "second": "{face}", "answer": "yes"}),
    ("/faces/move", {"faces": "{face}", "into": "new"}),
    ("/faces/move", {"faces": ["{mine}", "{face}"], "into": "new"}),
    ("/faces/move", {"faces": "{face}", "into": "{own}"}),
    ("/faces/move", {"faces": "{mine}", "into": "{person}"}),
    ("/faces/remove", {"faces": "{face}"}),
    ("/faces/remove", {"faces": ["{mine}", "{face}"]}),
    ("/faces/{face}/cover", {}),
    ("/corrections/{correction}/undo", {}),
    ("/me/person", {"person": "{person}"}),
]


def filled(
    form: tuple[str, dict[str, str | list[str]]], **ids: int
) -> tuple[str, dict[str, list[str]]]:
    path, fields = form
    return path.format(**ids), {
        name: [one.format(**ids) for one in ([value] if isinstance(value, str) else value)]
        for name, value in fields.items()
    }


@pytest.mark.parametrize("who", ["host", "guest"])
def test_cve_2026_61610_no_correction_reaches_into_another_room(
    app: Flask, cast: Cast, doubt: Doubt, make_room: Callable[..., NewRoom], who: str
) -> None:
    let_guests_correct(app, cast.room_id)
    other_id = make_room("Other").room.id
    person = insert_person(app, other_id, insert_photos(app, other_id, 2), "Tim")
    face = faces_of(app, person)[0]
    with app.app_context():
        correction = verbs.choose_cover(Author(other_id), face)
    ids = {"person": person, "face": face, "correction": correction}
    before = who_is_who(app, other_id), who_is_who(app, cast.room_id), row_counts(app)
    client = cast.host if who == "host" else cast.guest
    forms = [filled(form, **ids, own=doubt.lea, mine=doubt.stray) for form in FORMS]

    answers = {
        (path, str(fields)): client.post(cast.url + path, data=fields).status_code
        for path, fields in forms
    }

    assert set(answers.values()) <= ({404} if who == "host" else {404, 403})
    refused = [path for (path, _), status in answers.items() if status == 403]
    assert all(path.endswith(("/hide", "/show")) for path in refused)
    assert (who_is_who(app, other_id), who_is_who(app, cast.room_id), row_counts(app)) == before


@pytest.mark.parametrize("number", [0, -1, 2**63 - 1, 2**63, 10**30])
def test_a_number_that_no_face_or_person_has_changes_nothing(
    app: Flask, cast: Cast, doubt: Doubt, number: int
) -> None:
    ids = {"person": number, "face": number, "correction": number}
    before = who_is_who(app, cast.room_id), row_counts(app)

    for form in FORMS:
        path, fields = filled(form, **ids, own=doubt.lea, mine=doubt.stray)
        strange = {name: values[-1] for name, values in fields.items()}

        assert cast.host.post(cast.url + path, data=strange).status_code in (404, 405, 422)

    assert (who_is_who(app, cast.room_id), row_counts(app)) == before


def test_thousands_of_faces_in_one_form_are_no_error(app: Flask, cast: Cast) -> None:
    person = insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 3000))
    faces = faces_of(app, person)

    moved = cast.host.post(f"{cast.url}/faces/move", data={"faces": faces[:2000], "into": "new"})
    new = int(moved.location.rpartition("/")[2])
    merged = cast.host.post(f"{cast.url}/people/{new}/merge", data={"into": person})
    rejected = cast.host.post(f"{cast.url}/people/{person}/reject", data={"faces": faces[:50]})
    removed = cast.host.post(f"{cast.url}/faces/remove", data={"faces": faces[60:]})
    unknown = cast.host.post(f"{cast.url}/faces/remove", data={"faces": [*range(1, 6000)]})

    answers = [moved, merged, rejected, removed, unknown]
    assert [answer.status_code for answer in answers] == [303, 303, 303, 303, 404]
    assert faces_of(app, None) == faces[:50]
    history = cast.host.get(f"{cast.url}/corrections")
    assert history.status_code == 200
    assert len(tags_of(history.text, "img")) <= 40


def test_answers_put_off_without_end_are_forgotten(cast: Cast, doubt: Doubt) -> None:
    later = [f"p{number}-p{number + 1}" for number in range(3000)]

    answer = cast.host.post(
        f"{cast.url}/people/same", data={"answer": "later", "key": "x" * 900, "later": later}
    )

    assert answer.status_code == 303
    assert len(answer.location) < 5000
    assert cast.host.get(answer.location).status_code == 200
