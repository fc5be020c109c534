from __future__ import annotations

import pytest
from flask import Flask

from photoshare.models import PHOTO_WAITING
from photoshare.services import rooms
from tests.helpers import insert_photos


@pytest.fixture
def room_id() -> int:
    return rooms.create_room("Party").room.id


@pytest.fixture
def waiting(app: Flask, room_id: int) -> list[int]:
    """Four photos that wait."""
    return insert_photos(app, room_id, 4, state=PHOTO_WAITING)
