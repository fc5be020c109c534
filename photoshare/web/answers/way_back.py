"""Where a request goes back to: always an own page, whoever names it.

A browser names the page of a form in its Referer, our forms do in the field ``next`` or behind the
question mark. `own_path` decides whether an address is one of this site.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Flask, request, url_for
from werkzeug.datastructures import MultiDict

from photoshare.errors import PhotoshareError
from photoshare.services.corrections import history
from photoshare.services.people import people, shown_faces
from photoshare.services.photos import (
    get_photo,
)
from photoshare.services.visibility.sight import author_of
from photoshare.web.requests import (
    album_argument,
    current_access,
    match_page,
    number_list_argument,
    page_argument,
)

NEED_A_QUERY = ("albums.several",)  # pages that do not exist without their query
LASTING = ("fix",)  # arguments that name nothing which could be gone

Query = MultiDict[str, str]


def own_path(address: str) -> str | None:
    """Return the path and query of an address of this site; None for any other text.

    Without its host, and without what browsers read as one, it cannot lead to another site.
    """
    try:
        parts = urlsplit(address)
    except ValueError:  # no browser sends such an address
        return None
    if parts.scheme or address.startswith("//"):
        is_here = parts.scheme in ("http", "https") and parts.netloc == request.host
    else:
        is_here = True
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    is_path = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if is_here and is_path and address.isprintable() else None


def next_page(otherwise: str) -> str:
    """Return the page of this site that a form names as the next, or another one."""
    return own_path(request.form.get("next", "")) or otherwise


def form_page() -> str | None:
    """Return the page of this site that a form was sent from, according to the browser."""
    return own_path(request.referrer or "")


def own_address() -> str:
    """Return the path of this page to return to; after a form, that of the start page."""
    if request.method not in ("GET", "HEAD"):
        return url_for("rooms.index")
    return request.script_root + request.full_path.removesuffix("?")


def page_before(otherwise: str) -> str:
    """Return the address of the page of this room that a form was sent from, if it still exists.

    Of a Referer from elsewhere (a proxy may hide our own host) only the path counts.

    Parameters
    ----------
    otherwise : str
        The address to use if there is no such page.
    """
    return _still_there(request.referrer or "") or otherwise


def page_after(otherwise: str) -> str:
    """Return the address of the page of this room that a request names as the next, in ``next``.

    Parameters
    ----------
    otherwise : str
        The address to use if it names none, or one that no longer exists.
    """
    return _still_there(request.values.get("next", "")) or otherwise


def faces_of(person_id: int | None) -> str:
    """Return the address of the page that lists a person's photos, or the faces of nobody yet."""
    if person_id is None:
        return url_for("people.unsorted")
    return url_for("people.show", person_id=person_id)


def _still_there(address: str) -> str | None:
    """Return the path of a page of this room with as much of its query as is still there.

    There may be one page of faces fewer, and the album in which a photo was seen may be gone.
    """
    try:
        parts = urlsplit(address)
    except ValueError:  # no browser sends such an address
        return None
    matched = match_page(parts.path)
    if matched is None or not _is_there(*matched, MultiDict()):
        return None
    endpoint, values = matched
    whole, query = own_path(address), parse_qs(parts.query)
    if whole is not None and _is_there(endpoint, values, MultiDict(query)):
        return whole
    if endpoint in NEED_A_QUERY:
        return None
    kept = urlencode([(name, query[name][0]) for name in LASTING if name in query])
    return f"{parts.path}?{kept}" if kept and whole is not None else parts.path


def _is_there(endpoint: str, values: Mapping[str, Any], query: Query) -> bool:
    """Whether everything named in an address exists for this browser."""
    access = current_access()
    try:
        if "person_id" in values:
            people.get_person(access, values["person_id"])
        if "face_id" in values:
            shown_faces.get_face(access, values["face_id"])
        if "photo_id" in values:
            get_photo(access, values["photo_id"])
        album_argument(query)
        shown_faces.get_faces(access, number_list_argument("faces", query))
        if "page" in query and endpoint in ("people.faces", "people.unsorted"):
            shown_faces.list_faces(access, values.get("person_id"), page_argument(query))
        if "page" in query and endpoint == "corrections.index":
            history.list_corrections(author_of(access), page_argument(query))
    except PhotoshareError:
        return False
    return True


def init_app(app: Flask) -> None:
    """Let the forms of templates name the page they are on."""
    app.jinja_env.globals["own_address"] = own_address
