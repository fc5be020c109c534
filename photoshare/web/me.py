"""The guest's own page in a room: their name, their uploads, the way out."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from photoshare.errors import InvalidInputError
from photoshare.services import guests, photos
from photoshare.services.photos import Album
from photoshare.web.htmx import SEE_OTHER
from photoshare.web.security import current_access, forget_room
from photoshare.web.toasts import say
from photoshare.web.words import isolated, say_error

blueprint = Blueprint("me", __name__, url_prefix="/rooms/<room_code>")


@blueprint.get("/me")
def show(room_code: str) -> str:
    """Show who this browser is in the room, and what it has uploaded."""
    return _page()


@blueprint.post("/me/name")
def rename(room_code: str) -> Response | tuple[str, int]:
    """Change the name that stands beside this guest's photos."""
    try:
        guests.rename_guest(current_access().guest.id, request.form.get("name", ""))
    except InvalidInputError as error:
        return _page(error=say_error(error), name=request.form["name"]), 422
    say(gettext("Your name was saved."))
    return redirect(url_for("me.show"), SEE_OTHER)


@blueprint.post("/leave")
def leave(room_code: str) -> Response:
    """Forget the room on this device; what was uploaded stays in it."""
    room = current_access().room
    forget_room(room.id)
    say(gettext("You have left “%(title)s” on this device.", title=isolated(room.title)))
    return redirect(url_for("rooms.index"), SEE_OTHER)


def _page(*, error: str | None = None, name: str | None = None) -> str:
    access = current_access()
    album = Album(access.room.id, newest_first=True, guest_id=access.guest.id)
    return render_template(
        "rooms/me.html",
        access=access,
        album=album,
        page=photos.list_photos(
            album, after=request.args.get("after"), before=request.args.get("before")
        ),
        name=access.guest.name if name is None else name,
        error=error,
    )
