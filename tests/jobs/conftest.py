"""Fixtures: a photo waiting to be searched."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from photoshare.services.rooms.rooms import NewRoom
from tests.fakes import RED, draw_photo


@pytest.fixture
def red_photo(make_room: Callable[..., NewRoom], add_photo: Callable[..., int]) -> int:
    """Add a photo with one face to its own room."""
    return add_photo(make_room().room.id, draw_photo(RED))
