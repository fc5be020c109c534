"""Until when guests may add photos, and who may not at all; looking is another matter."""

from __future__ import annotations

from photoshare.errors import NotAllowedError
from photoshare.services.rooms.entering import Access, is_adding_over


def may_add(access: Access) -> bool:
    """Whether this browser may add photos to the room now."""
    is_open = not is_adding_over(access.room) or access.is_host
    return is_open and not (access.guest.is_upload_stopped or access.is_read_only)


def check_may_add(access: Access) -> None:
    """Refuse photos of a guest whom the host has stopped, or who is too late; hosts may always.

    The end of the room is checked for everything that changes it, not just for photos.

    Raises
    ------
    NotAllowedError
    """
    if access.guest.is_upload_stopped:
        raise NotAllowedError("The host has stopped your uploads in this room.")
    if is_adding_over(access.room) and not access.is_host:
        raise NotAllowedError("The time for adding photos to this room is over.")
