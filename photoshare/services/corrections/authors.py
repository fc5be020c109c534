"""Decide which faces somebody may correct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from photoshare.services.rooms.rooms import Access


@dataclass(frozen=True, slots=True)
class Author:
    """The author of a correction: a browser in a room, or the command line."""

    room_id: int
    guest_id: int | None = None
    is_host: bool = True
    may_correct_all: bool = True

    def may_correct(self, uploader_ids: Sequence[int | None]) -> bool:
        """Whether they may correct faces on photos that these guests uploaded."""
        if self.is_host or self.may_correct_all:
            return True
        return bool(uploader_ids) and all(uploader == self.guest_id for uploader in uploader_ids)


def author_of(access: Access) -> Author:
    """Make the author for a browser: hosts correct all, guests their own photos or by setting."""
    room, guest = access.room, access.guest
    return Author(room.id, guest.id, access.is_host, room.guests_may_correct)
