"""What is covered on pictures for whoever asks, and the addresses that say so.

Browsers keep pictures for good. So where faces may be covered, the address of a picture has the
number of the room's covering: `Room.covering`, which changes whenever that does. What is sent
depends on who asks, never on that number.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, before_render_template, g, request

from photoshare.models import Room
from photoshare.services.rooms.entering import Access
from photoshare.services.visibility.covering import (
    Covering,
    covering_for,
    covering_for_all,
    may_cover,
)

ARGUMENT = "c"
_FOR_ALL = "-all"  # ends the number where faces are covered whoever asks
# The pictures whose addresses are in pages.
PICTURES = (
    *("photos.picture", "photos.tile", "people.face_picture", "photos.clip"),
    *("shared_album.picture", "shared_album.clip"),
)


def cover_for_all(room: Room) -> None:
    """Cover faces in this answer, and on the pictures of its pages, whoever asks."""
    g.covering = covering_for_all(room)
    g.covering_mark = f"{room.covering}{_FOR_ALL}" if may_cover(room) else ""


def current_covering() -> Covering:
    """Return what is covered for whoever asks."""
    if "covering" not in g:
        access: Access = g.access
        if request.args.get(ARGUMENT, "").endswith(_FOR_ALL):
            cover_for_all(access.room)
        else:
            g.covering = covering_for(access)
    covering: Covering = g.covering
    return covering


def covering_mark() -> str:
    """Return what the addresses of pictures end with; empty where nothing is ever covered."""
    if "covering_mark" not in g:
        access: Access | None = g.get("access")
        may_be = access is not None and not access.is_host and may_cover(access.room)
        if access is None:
            return ""
        g.covering_mark = str(access.room.covering) if may_be else ""
    mark: str = g.covering_mark
    return mark


def is_at_present_address() -> bool:
    """Whether a browser may keep the picture that it asks for: its address is the present one."""
    return request.args.get(ARGUMENT, "") == covering_mark()


def init_app(app: Flask) -> None:
    """Mark the addresses of pictures."""

    def keep_access(_app: Flask, context: dict[str, Any], **_: object) -> None:
        """Remember who asks, for the pages whose views check that themselves."""
        if "access" not in g and isinstance(access := context.get("access"), Access):
            g.access = access

    before_render_template.connect(keep_access, app, weak=False)

    @app.url_defaults
    def add_mark(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint in PICTURES and (mark := covering_mark()):
            values.setdefault(ARGUMENT, mark)
