"""A photo that is to be searched, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from photoshare.services.rooms.rooms import NewRoom
from tests.fakes import RED, draw_photo


@pytest.fixture
def red_photo(make_room: Callable[..., NewRoom], add_photo: Callable[..., int]) -> int:
    """Put a photo with one face into a room of its own."""
    return add_photo(make_room().room.id, draw_photo(RED))
