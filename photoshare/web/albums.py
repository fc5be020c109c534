"""Albums of several people, and albums to take home as zips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from babel.lists import format_list
from flask import Blueprint, Response, request
from flask_babel import gettext

from photoshare.errors import InvalidInputError
from photoshare.services import albums, photos
from photoshare.services.album_kinds import Album, Chosen, OfPeople, open_album
from photoshare.services.downloads import is_exact
from photoshare.services.people import get_person
from photoshare.web.album_argument import album_argument
from photoshare.web.downloads import send_source
from photoshare.web.htmx import render
from photoshare.web.languages import page_locale
from photoshare.web.numbers import number_list_argument
from photoshare.web.security import current_access
from photoshare.web.site import current_site
from photoshare.web.words import count, isolated

blueprint = Blueprint("albums", __name__, url_prefix="/rooms/<room_code>")


@blueprint.get("/photos.zip")
def room_zip(room_code: str) -> Response:
    """Send the photos of the whole room, of several people (``people``), or some (``photos``)."""
    chosen = number_list_argument("photos")
    if "match" in request.args and not number_list_argument("people"):
        raise InvalidInputError("Please choose at least one person.")
    if "photos" in request.args and not chosen:
        raise InvalidInputError("Please select at least one photo.")
    album, title = album_argument(photo_ids=chosen), current_access().room.title
    if isinstance(album, OfPeople):
        title = f"{title} - {names_of(album)}"
    elif isinstance(album, Chosen):
        selected = gettext("selected")
        title = f"{title} - {selected}"
    return _zip(album, title)


@blueprint.get("/people/<int:person_id>/album.zip")
def person_zip(room_code: str, person_id: int) -> Response:
    """Send the photos of one person's album."""
    access = current_access()
    name = get_person(access, person_id).name or gettext("album")
    return _zip(open_album(access, person_id=person_id), f"{access.room.title} - {name}")


@blueprint.get("/people/several")
def several(room_code: str) -> str:
    """Show the photos of several people: all of them together, or any of them."""
    album = album_argument()
    if not isinstance(album, OfPeople):
        raise InvalidInputError("Please choose at least one person.")
    page = photos.list_photos(
        album, after=request.args.get("after"), before=request.args.get("before")
    )
    return render(
        "albums/several.html",
        "photos/_grid_page.html",
        access=current_access(),
        album=album,
        page=page,
        title=names_of(album, say=isolated),
    )


def names_of(album: OfPeople, say: Callable[[str], str] = str) -> str:
    """Name the album of several people: "Lea and Tom", "Lea or Tom", "2 people together".

    ``say`` puts each name into the sentence: `isolated` on a page, as it is in a file name.
    """
    names = [say(person.name) for person in album.people if person.name]
    if len(names) < len(album.people):
        words = count(len(album.people), "person")
        return gettext("%(people)s together", people=words) if album.is_together else words
    style: Literal["standard", "or"] = "standard" if album.is_together else "or"
    return format_list(names, style, locale=page_locale())


def _zip(album: Album, title: str) -> Response:
    exact = is_exact(current_access(), wants_exact="exact" in request.args)
    made = albums.make_zip(album, current_site().storage, exact=exact)
    return send_source(
        made.layout.open,
        made.layout.size_bytes,
        etag=made.stamp,
        mime_type="application/zip",
        name=albums.safe_name(title) + ".zip",
    )
