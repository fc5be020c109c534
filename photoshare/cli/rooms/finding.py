"""Find the room that a command is about."""

from __future__ import annotations

from photoshare.cli.answers import OneSentence
from photoshare.maintenance.database_checks import prepare_database
from photoshare.models import Room
from photoshare.services.rooms import entering
from photoshare.web.site import current_site


def find_room(code: str, *, even_in_bin: bool = False) -> Room:
    """Find a room by its code, in a database that has been brought up to date."""
    prepare_database(current_site().settings, is_thorough=False)
    room = entering.find_any_room(code)
    if room.binned_at is not None and not even_in_bin:
        raise OneSentence("This room is in the bin; bring it back with: rooms restore CODE")
    return room
