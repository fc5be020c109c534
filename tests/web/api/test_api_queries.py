"""The work for an answer of the API does not grow with the room."""

from __future__ import annotations

from flask import Flask

from tests.conftest import Cast
from tests.helpers import counted_queries, insert_person, insert_photos
from tests.web.api.conftest import Script, told


def test_a_page_of_photos_takes_the_same_few_queries_in_a_large_room(
    app: Flask, cast: Cast, script: Script
) -> None:
    insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 3))
    script.get("/photos")  # notes that the token is in use
    with counted_queries(app) as few:
        script.get("/photos?limit=2")
    insert_person(app, cast.room_id, insert_photos(app, cast.room_id, 400, seed="more"))

    with counted_queries(app) as many:
        page = told(script.get("/photos?limit=200"))

    assert len(page["photos"]) == 200
    assert len(many) == len(few)
    assert len(few) <= 5
    assert not any("count(" in statement.lower() for statement in many)
