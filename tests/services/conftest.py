"""Fixtures of the service tests: authors, people and waiting photos."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from photoshare.models import PHOTO_WAITING
from photoshare.services.rooms import rooms
from photoshare.services.rooms.entering import Author
from tests.helpers import insert_person, insert_photos


@pytest.fixture
def room_id() -> int:
    return rooms.create_room("Party").room.id


@pytest.fixture
def waiting(app: Flask, room_id: int) -> list[int]:
    """Four photos that wait."""
    return insert_photos(app, room_id, 4, state=PHOTO_WAITING)


@pytest.fixture
def host(room_id: int) -> Author:
    return Author(room_id)


@pytest.fixture
def add_person(app: Flask, room_id: int) -> Callable[..., int]:
    """Add a person to the room with a face in each of this many new photos."""
    counter = iter(range(1000))

    def add(count: int = 2, name: str | None = None, **photo: object) -> int:
        ids = insert_photos(app, room_id, count, seed=f"p{next(counter)}", **photo)
        return insert_person(app, room_id, ids, name)

    return add
