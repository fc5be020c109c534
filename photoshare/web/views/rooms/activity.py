"""Show hosts what happened in their room."""

from __future__ import annotations

from flask import Blueprint, render_template

from photoshare.services.rooms.activity import list_activity
from photoshare.web.requests import current_access, host_only, page_argument

blueprint = Blueprint("activity", __name__, url_prefix="/rooms/<room_code>/activity")


@blueprint.get("")
@host_only
def index(room_code: str) -> str:
    """Show what happened in the room, the newest first."""
    access = current_access()
    page = list_activity(access.room.id, page_argument())
    return render_template("activity/index.html", access=access, page=page)
