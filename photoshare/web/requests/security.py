"""Check access to room pages and the origin of forms, and set the security headers.

A view with ``room_code`` in its address is closed to strangers unless it is marked
`open_to_strangers`, so a new view cannot miss the check.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request, session
from werkzeug.wrappers import Response as BaseResponse

from photoshare.errors import (
    DiskFullError,
    InvalidInputError,
    NotAllowedError,
    NotJoinedError,
    RoomMovedError,
)
from photoshare.models import Guest
from photoshare.services.rooms import sessions
from photoshare.services.rooms.entering import Access, check_host, enter_room
from photoshare.services.visibility.adding_time import check_may_add
from photoshare.web.requests.devices import device_kind
from photoshare.web.requests.invitation import check_cookie, invitation_for_page

View = TypeVar("View", bound=Callable[..., Any])

TOKENS = "tokens"  # in the cookie: by room id, as text
OLD_GUESTS = "guests"  # in cookies from before there were tokens: guest ids by room id
OLD_SECRETS = "host_secrets"  # in the same, of no use: no cookie shall have them
MAX_ROOMS_IN_COOKIE = 30  # a cookie holds 4 KB; the rooms joined longest ago are forgotten first
MAX_FIELD = 1000  # characters of a text field; the views accept less (60 for a name)
LONGER_FIELDS = {"next": 64_000}  # an address of ours, which may contain a selection of photos
# These read files as they arrive, or pass them on unread.
FILE_ENDPOINTS = (
    *("photos.upload", "uploads.add_piece", "phone_app.receive"),
    *("find_me.search", "api.add_photo"),
)
API_PATH = "/api/"  # below it tokens count in place of cookies (photoshare.web.requests.tokens)
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'; worker-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # no-referrer would make the browser send Origin: null
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}


def open_to_strangers(view: View) -> View:
    """Mark a room view that a browser may request without having joined the room."""
    view.is_open_to_strangers = True  # type: ignore[attr-defined]
    return view


def of_binned_room(view: View) -> View:
    """Mark a room view that its hosts need while the room is in the bin; all others are closed."""
    view.is_of_binned_room = True  # type: ignore[attr-defined]
    return view


def open_to_readers(view: View) -> View:
    """Mark a view that changes something, and that guests may use after the end of the room."""
    view.is_open_to_readers = True  # type: ignore[attr-defined]
    return view


def host_only(view: View) -> View:
    """Restrict a view to the room's host; guests get an error that says so."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        check_host(current_access())
        return view(*args, **kwargs)

    return checked  # type: ignore[return-value]


def may_upload(view: View) -> View:
    """Restrict a view that takes files to those from whom the room still takes any."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        check_may_add(current_access())
        return view(*args, **kwargs)

    return checked  # type: ignore[return-value]


def current_access() -> Access:
    """Return the requesting browser's access; set for every view that is closed to strangers."""
    access: Access = g.access
    return access


def remember_guest(guest: Guest, *, entered_at: datetime | None = None) -> None:
    """Make this browser a member of the guest's room; its former session there ends.

    Parameters
    ----------
    guest : Guest
    entered_at : datetime, optional
        When the guest gave the room's password, if not now.
    """
    room = str(guest.room_id)
    if former := room_tokens().get(room):
        sessions.close_session(former)
    token = sessions.open_session(guest, device_kind(), entered_at=entered_at)
    forget_room(guest.room_id)
    known = session[TOKENS] | {room: token}
    session[TOKENS] = dict(list(known.items())[-MAX_ROOMS_IN_COOKIE:])
    session.permanent = True


def forget_room(room_id: int) -> None:
    """Make this browser a stranger to a room that it has joined."""
    for key in (TOKENS, OLD_GUESTS):
        rooms = session.get(key, {})
        session[key] = {name: known for name, known in rooms.items() if name != str(room_id)}


def room_tokens() -> dict[str, str]:
    """Return the token of this browser in each room it has joined, by room id as text."""
    old: dict[str, int] = session.get(OLD_GUESTS, {})
    tokens: dict[str, str] = session.get(TOKENS, {})
    return {room: sessions.old_token(guest_id) for room, guest_id in old.items()} | tokens


def is_api_request() -> bool:
    """Whether a request is for the API, whether or not it has such an address."""
    return request.path.startswith(API_PATH)


def _reject_cross_site() -> None:
    """Refuse forms sent from other sites, by the rule of Go 1.25's CrossOriginProtection.

    A request with neither header does not come from a browser, so no cookie is misused. The API
    knows no cookies, and no browser lets another site send it a token.
    """
    if request.method in SAFE_METHODS or is_api_request():
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
            g.access = _enter(code, in_bin=getattr(view, "is_of_binned_room", False))
        except NotJoinedError:
            if invitation := invitation_for_page(code):
                return invitation
            raise
        g.room_code = g.access.room.code
        if g.access.is_read_only and request.method not in SAFE_METHODS:
            _check_reader(view)
        _note_seen(g.access)
    return None


def _check_reader(view: object) -> None:
    """Refuse what would add, correct or delete something in a room that has ended."""
    if not getattr(view, "is_open_to_readers", False):
        raise NotAllowedError(
            "This room has ended. You can still look at everything and download it."
        )


def _enter(code: str, *, in_bin: bool) -> Access:
    """Enter a room; a form of a page that is still at a former address is taken there."""
    try:
        return enter_room(code, room_tokens(), in_bin=in_bin)
    except RoomMovedError as error:
        if request.method in SAFE_METHODS:
            raise  # and the browser is led to the present address
        return enter_room(error.code, room_tokens(), in_bin=in_bin)


def _note_seen(access: Access) -> None:
    """Note now and then that a guest was here; not for each picture of a page at once."""
    session_id, seen_at = access.session_id, access.seen_at
    is_picture = request.headers.get("Sec-Fetch-Dest") == "image"
    if session_id is None or seen_at is None or is_picture or not sessions.is_long_ago(seen_at):
        return
    with suppress(DiskFullError):  # which must not keep anybody from seeing photos: another time
        sessions.note_seen(session_id, device_kind())


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
    def forget_old_secrets(response: Response) -> Response:
        if response.mimetype == "text/html":  # pictures are cached, cookies and all
            session.pop(OLD_SECRETS, None)
        return response

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response
