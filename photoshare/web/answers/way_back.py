"""Find the page of this room that a form was sent from, to return to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import current_app, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from photoshare.errors import PhotoshareError
from photoshare.services.corrections import history
from photoshare.services.people import people, shown_faces
from photoshare.services.photos import listing
from photoshare.services.rooms.entering import author_of
from photoshare.web.requests import (
    album_argument,
    current_access,
    number_list_argument,
    page_argument,
)

NEED_A_QUERY = ("albums.several",)  # pages that do not exist without their query

Query = MultiDict[str, str]


def page_before(otherwise: str) -> str:
    """Return the address of the page of this room that a form was sent from, if it still exists.

    Taken from the Referer header, but only if it is the address of a page in this room. The query
    is kept if the header comes from this site and the page still exists with it: there may be one
    page of faces fewer.

    Parameters
    ----------
    otherwise : str
        The address to use if there is no such page.
    """
    try:
        before = urlsplit(request.referrer or "")
    except ValueError:  # no browser sends such an address
        return otherwise
    matched = _match(before.path)
    if matched is None or not _is_there(*matched, MultiDict()):
        return otherwise
    endpoint, values = matched
    if before.query and before.netloc == request.host and before.query.isprintable():
        query: Query = MultiDict(parse_qs(before.query))
        if _is_there(endpoint, values, query):
            return f"{before.path}?{before.query}"
    return otherwise if endpoint in NEED_A_QUERY else before.path


def _match(path: str) -> tuple[str, Mapping[str, Any]] | None:
    """Find the page of this room with this path."""
    adapter = current_app.create_url_adapter(request)
    room = url_for("rooms.show")
    if adapter is None or not (path == room or path.startswith(room + "/")):
        return None
    try:
        return adapter.match(path.removeprefix(request.script_root), method="GET")
    except HTTPException:  # not an address of ours, or one that only accepts forms
        return None


def _is_there(endpoint: str, values: Mapping[str, Any], query: Query) -> bool:
    """Whether everything named in an address exists for this browser."""
    access = current_access()
    try:
        if "person_id" in values:
            people.get_person(access, values["person_id"])
        if "face_id" in values:
            shown_faces.get_face(access, values["face_id"])
        if "photo_id" in values:
            listing.get_photo(access.room.id, values["photo_id"])
        album_argument(query)
        shown_faces.get_faces(access, number_list_argument("faces", query))
        if "page" in query and endpoint in ("people.faces", "people.unsorted"):
            shown_faces.list_faces(access, values.get("person_id"), page_argument(query))
        if "page" in query and endpoint == "corrections.index":
            history.list_corrections(author_of(access), page_argument(query))
    except PhotoshareError:
        return False
    return True
