"""Who may open rooms: as the settings say, else as was decided when others could reach the server.

An installation that had rooms before there was an owner stays open to everyone (migration 0023).
"""

from __future__ import annotations

from dataclasses import dataclass

from photoshare.config import Settings
from photoshare.config.owner import BY_PASSWORD, OPEN
from photoshare.models import db
from photoshare.services.owner.password import (
    add_missing_password,
    adopt_password,
    ensure_owner,
    find_owner,
)


@dataclass(frozen=True, slots=True)
class RoomCreation:
    """What a start has found or decided about who may open rooms.

    Attributes
    ----------
    rule : str
        One of `photoshare.config.owner`.
    new_password : str or None
        The owner's, if it was made just now: the only copy.
    is_open_to_others : bool
        Whether strangers can open rooms although nobody chose that, as in former versions.
    """

    rule: str
    new_password: str | None = None
    is_open_to_others: bool = False


def room_creation(settings: Settings) -> str:
    """Return who may open rooms: one of `photoshare.config.owner`."""
    if settings.room_creation:
        return settings.room_creation
    owner = find_owner()
    return (owner and owner.room_creation) or OPEN


def settle_room_creation(settings: Settings, *, is_exposed: bool) -> RoomCreation:
    """Decide at a start who may open rooms, unless that is decided, and see to the password.

    Parameters
    ----------
    settings : Settings
    is_exposed : bool
        Whether others than those at this machine can reach the server.
    """
    if settings.owner_password:
        adopt_password(settings.owner_password)
    owner = find_owner()
    is_decided = settings.room_creation or (owner and owner.room_creation)
    if is_exposed and not is_decided:
        ensure_owner().room_creation = BY_PASSWORD
        db.session.commit()
    rule = room_creation(settings)
    if rule != OPEN:
        return RoomCreation(rule, add_missing_password())
    return RoomCreation(rule, is_open_to_others=is_exposed and not settings.room_creation)
