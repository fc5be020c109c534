"""Show albums of several people, and send albums as zips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from babel.lists import format_list
from flask import Blueprint, Response, make_response, render_template, request
from flask_babel import gettext

from photoshare.errors import InvalidInputError
from photoshare.services.downloads.clean_originals import check_exact
from photoshare.services.people.people import get_person
from photoshare.services.photos import Album, Chosen, OfPeople, WholeRoom, open_album
from photoshare.services.rooms import activity
from photoshare.web.answers import (
    answer_later,
    count,
    isolated,
    render,
    send_zip,
    waiting_words,
    wants_partial,
)
from photoshare.web.pages.languages import page_locale
from photoshare.web.pages.photo_grid import photo_page
from photoshare.web.requests import album_argument, as_asked, current_access, number_list_argument

OK = 200

blueprint = Blueprint("albums", __name__, url_prefix="/rooms/<room_code>")


@blueprint.get("/photos.zip")
def room_zip(room_code: str) -> Response:
    """Send the photos of the whole room, of several people (``people``), or a few (``photos``)."""
    chosen = number_list_argument("photos")
    if "match" in request.args and not number_list_argument("people"):
        raise InvalidInputError("Please select at least one person.")
    if "photos" in request.args and not chosen:
        raise InvalidInputError("Please select at least one photo.")
    album, title = album_argument(photo_ids=chosen, takes_behind=True), current_access().room.title
    if isinstance(album, OfPeople):
        title = f"{title} - {names_of(album)}"
    elif isinstance(album, Chosen):
        selected = gettext("selected")
        title = f"{title} - {selected}"
    answer = _zip(album, title)
    is_begun = answer.status_code == OK and request.method == "GET"
    is_all = isinstance(album, WholeRoom) and album.reader is None
    if is_all and is_begun and not wants_partial():
        access = current_access()
        activity.note_download(access.room.id, access.guest.id)
    return answer


@blueprint.get("/people/<int:person_id>/album.zip")
def person_zip(room_code: str, person_id: int) -> Response:
    """Send the photos of one person's album."""
    access = current_access()
    name = get_person(access, person_id).name or gettext("album")
    album = as_asked(open_album(access, person_id=person_id))
    return _zip(album, f"{access.room.title} - {name}")


@blueprint.get("/people/several")
def several(room_code: str) -> str:
    """Show the photos of several people: with all of them together, or with any of them."""
    album = album_argument()
    if not isinstance(album, OfPeople):
        raise InvalidInputError("Please select at least one person.")
    return render(
        "albums/several.html",
        "photos/_grid_page.html",
        access=current_access(),
        album=album,
        page=photo_page(album),
        title=names_of(album, say=isolated),
    )


def names_of(album: OfPeople, say: Callable[[str], str] = str) -> str:
    """Name the album of several people: "Lea and Tom", "Lea or Tom", "2 people together".

    ``say`` converts each name for the sentence: `isolated` on a page, unchanged in a file name.
    """
    names = [say(person.name) for person in album.people if person.name]
    if len(names) < len(album.people):
        words = count(len(album.people), "person")
        return gettext("%(people)s together", people=words) if album.is_together else words
    style: Literal["standard", "or"] = "standard" if album.is_together else "or"
    return format_list(names, style, locale=page_locale())


def _zip(album: Album, title: str) -> Response:
    """Send a zip or, if its photos have to be measured first, a page with the progress."""
    access = current_access()
    exact = check_exact(access, wants_exact="exact" in request.args)
    if wants_partial():  # that page polls
        return make_response(render_template("albums/_waiting.html", **waiting_words(album)))
    sent = send_zip(album, title, exact=exact)
    if sent is None:
        page = render_template("albums/waiting.html", access=access, **waiting_words(album))
        return answer_later(page)
    return sent
