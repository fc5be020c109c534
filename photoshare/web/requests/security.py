"""Check access to room pages and the origin of forms, and set the security headers.

A view with ``room_code`` in its address is closed to strangers unless it is marked
`open_to_strangers`, so a new view cannot miss the check.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request, session
from werkzeug.wrappers import Response as BaseResponse

from photoshare.errors import InvalidInputError, NotAllowedError, NotJoinedError
from photoshare.models import Guest, Room
from photoshare.services.rooms.entering import Access, enter_room
from photoshare.web.requests.invitation import check_cookie, invitation_for_page

View = TypeVar("View", bound=Callable[..., Any])

MAX_ROOMS_IN_COOKIE = 30  # a cookie holds 4 KB; the rooms joined longest ago are forgotten first
MAX_FIELD = 1000  # characters of a text field; the views accept less (60 for a name)
LONGER_FIELDS = {"next": 64_000}  # an address of ours, which may contain a selection of photos
# These read files as they arrive, or pass them on unread.
FILE_ENDPOINTS = ("photos.upload", "uploads.add_piece", "phone_app.receive")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; manifest-src 'self'; worker-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # no-referrer would make the browser send Origin: null
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}


def open_to_strangers(view: View) -> View:
    """Mark a room view that a browser may request without having joined the room."""
    view.is_open_to_strangers = True  # type: ignore[attr-defined]
    return view


def host_only(view: View) -> View:
    """Restrict a view to the room's host; guests get an error that says so."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if not current_access().is_host:
            raise NotAllowedError("Only the room's host can do this.")
        return view(*args, **kwargs)

    return checked  # type: ignore[return-value]


def current_access() -> Access:
    """Return the requesting browser's access; set for every view that is closed to strangers."""
    access: Access = g.access
    return access


def remember_guest(guest: Guest, *, host_secret: str | None = None) -> None:
    """Make this browser a member of the guest's room, in its signed cookie."""
    _remember("guests", guest.room_id, guest.id)
    if host_secret is not None:
        _remember("host_secrets", guest.room_id, host_secret)
    session.permanent = True


def known_host_secret(room: Room) -> str | None:
    """Return the host secret that this browser used or created, to show the host link again."""
    secret: str | None = session.get("host_secrets", {}).get(str(room.id))
    return secret


def forget_room(room_id: int) -> None:
    """Make this browser a stranger to a room that it has joined."""
    for key in ("guests", "host_secrets"):
        rooms = session.get(key, {})
        session[key] = {name: known for name, known in rooms.items() if name != str(room_id)}


def guest_ids() -> dict[str, int]:
    """Return the guest id of this browser in each room it has joined, by room id as text."""
    ids: dict[str, int] = session.get("guests", {})
    return ids


def _remember(key: str, room_id: int, value: object) -> None:
    rooms = {name: known for name, known in session.get(key, {}).items() if name != str(room_id)}
    rooms[str(room_id)] = value
    session[key] = dict(list(rooms.items())[-MAX_ROOMS_IN_COOKIE:])


def _reject_cross_site() -> None:
    """Refuse forms sent from other sites, by the rule of Go 1.25's CrossOriginProtection.

    A request with neither header does not come from a browser, so no cookie is misused.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None:
        is_same = site in ("same-origin", "none")
    elif origin is not None:
        is_same = urlsplit(origin).netloc == request.host
    else:
        is_same = True
    if not is_same:
        raise NotAllowedError(
            "This form came from a different address than this page. If you use a reverse "
            "proxy, make sure it passes on the Host header."
        )


def _check_access() -> BaseResponse | None:
    code = (request.view_args or {}).get("room_code")
    view = current_app.view_functions.get(request.endpoint or "")
    if code is not None and not getattr(view, "is_open_to_strangers", False):
        try:
            g.access = enter_room(code, guest_ids())
        except NotJoinedError:
            if invitation := invitation_for_page(code):
                return invitation
            raise
    return None


def _check_lengths() -> None:
    """Refuse a form with an overlong text before any view reads or stores it."""
    if request.method in SAFE_METHODS or request.endpoint in FILE_ENDPOINTS:
        return
    for name, texts in request.form.lists():
        most = LONGER_FIELDS.get(name, MAX_FIELD)
        if any(len(text) > most for text in texts):
            raise InvalidInputError(
                "Please shorten your text to %(number)s characters.", number=most
            )


def init_app(app: Flask) -> None:
    """Run the checks before every view, and set the headers after it."""
    for check in (_reject_cross_site, check_cookie, _check_access, _check_lengths):
        app.before_request(check)

    @app.url_value_preprocessor
    def keep_room_code(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        if values:
            g.room_code = values.get("room_code")

    @app.url_defaults
    def add_room_code(endpoint: str, values: dict[str, Any]) -> None:
        code = g.get("room_code")
        if code and app.url_map.is_endpoint_expecting(endpoint, "room_code"):
            values.setdefault("room_code", code)

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response
