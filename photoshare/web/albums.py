"""Albums of several people, and albums to take home as zips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from babel.lists import format_list
from flask import Blueprint, Response, request
from flask_babel import gettext

from photoshare.errors import InvalidInputError
from photoshare.models import Person
from photoshare.services import albums, photos
from photoshare.services.downloads import is_exact
from photoshare.services.people import get_people, get_person
from photoshare.services.photos import Album
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
    access = current_access()
    room = access.room
    people = get_people(access, number_list_argument("people"))
    chosen = number_list_argument("photos")
    if "match" in request.args and not people:
        raise InvalidInputError("Please choose at least one person.")
    if "photos" in request.args and not chosen:
        raise InvalidInputError("Please select at least one photo.")
    album = _album_of(room.id, people, chosen)
    if people:
        title = f"{room.title} - {names_of(people, album)}"
    elif chosen:
        selected = gettext("selected")
        title = f"{room.title} - {selected}"
    else:
        title = room.title
    return _zip(album, title)


@blueprint.get("/people/<int:person_id>/album.zip")
def person_zip(room_code: str, person_id: int) -> Response:
    """Send the photos of one person's album."""
    access = current_access()
    room, person = access.room, get_person(access, person_id)
    name = person.name or gettext("album")
    return _zip(Album(room.id, person.id), f"{room.title} - {name}")


@blueprint.get("/people/several")
def several(room_code: str) -> str:
    """Show the photos of several people: all of them together, or any of them."""
    access = current_access()
    people = get_people(access, number_list_argument("people"))
    if not people:
        raise InvalidInputError("Please choose at least one person.")
    album = _album_of(access.room.id, people)
    page = photos.list_photos(
        album, after=request.args.get("after"), before=request.args.get("before")
    )
    return render(
        "albums/several.html",
        "photos/_grid_page.html",
        access=access,
        album=album,
        page=page,
        title=names_of(people, album, say=isolated),
    )


def names_of(people: list[Person], album: Album, say: Callable[[str], str] = str) -> str:
    """Name the album of several people: "Lea and Tom", "Lea or Tom", "2 people together".

    ``say`` puts each name into the sentence: `isolated` on a page, as it is in a file name.
    """
    names = [say(person.name) for person in people if person.name]
    if len(names) < len(people):
        words = count(len(people), "person")
        return gettext("%(people)s together", people=words) if album.is_together else words
    style: Literal["standard", "or"] = "standard" if album.is_together else "or"
    return format_list(names, style, locale=page_locale())


def _album_of(room_id: int, people: list[Person], chosen: tuple[int, ...] = ()) -> Album:
    return Album(
        room_id,
        people=tuple(person.id for person in people),
        is_together=request.args.get("match") == "all",
        chosen=chosen,
    )


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
