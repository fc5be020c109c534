"""Find the room that a command is about."""

from __future__ import annotations

from photoshare.maintenance.database_checks import prepare_database
from photoshare.models import Room
from photoshare.services.rooms import entering
from photoshare.web.site import current_site


def find_room(code: str) -> Room:
    """Find a room by its code, in a database that has been brought up to date."""
    prepare_database(current_site().settings, is_thorough=False)
    return entering.find_any_room(code)
