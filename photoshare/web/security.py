"""The access check of every room page, the same-site check of every form, the security headers.

A view with ``room_code`` in its address is closed to strangers unless it is marked
`open_to_strangers`, so that a new view cannot forget the check.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request, session
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import RateLimitItemPerHour

from photoshare.errors import NotAllowedError, TooManyUploadsError
from photoshare.models import Guest, Room
from photoshare.services.rooms import Access, enter_room, normalise_code

View = TypeVar("View", bound=Callable[..., Any])

MAX_ROOMS_IN_COOKIE = 30  # a cookie holds 4 KB; the rooms joined longest ago are forgotten first
# Wrong passwords and host secrets of one room. scrypt makes each cost 50 ms; a whole party shares
# one address, so that there is room for its typos, and no room's typos lock another one.
FAILURES_OF_ADDRESS = "20 per minute; 200 per hour"
FAILURES_OF_ROOM = "300 per hour"
UPLOADS_OF_ADDRESS = 10  # times those of a guest: a whole party shares one address
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

limiter = Limiter(key_func=get_remote_address, storage_uri="memory://")


def _has_failed(response: Response) -> bool:
    return response.status_code in (404, 422)


def _room_of_request() -> str:
    code = (request.view_args or {}).get("room_code") or request.form.get("room_code", "")
    return normalise_code(code)


def _address_and_room() -> str:
    return f"{get_remote_address()} {_room_of_request()}"


_limit_by_address = limiter.shared_limit(
    FAILURES_OF_ADDRESS, "attempts", key_func=_address_and_room, deduct_when=_has_failed
)
_limit_by_room = limiter.shared_limit(
    FAILURES_OF_ROOM, "attempts", key_func=_room_of_request, deduct_when=_has_failed
)


def limit_failures(view: View) -> View:
    """Slow down guessing: count the failed attempts at a room, by address and by room.

    All views marked with this count together.
    """
    return _limit_by_address(_limit_by_room(view))  # type: ignore[return-value]


def count_uploads(files: int, per_hour: int) -> None:
    """Count files that come in: by guest, and by address, since joining again makes a new guest.

    Raises
    ------
    TooManyUploadsError
        If they are more than an hour allows. They are not counted then.
    """
    bounds = [
        (RateLimitItemPerHour(per_hour), "guest", str(current_access().guest.id)),
        (RateLimitItemPerHour(per_hour * UPLOADS_OF_ADDRESS), "address", get_remote_address()),
    ]
    if not all(limiter.limiter.test(item, *key, cost=files) for item, *key in bounds):
        raise TooManyUploadsError(
            "That is more than the %(number)s photos that one guest may send within an hour. "
            "Those that are missing can be sent in an hour.",
            number=per_hour,
        )
    for item, *key in bounds:
        limiter.limiter.hit(item, *key, cost=files)


def open_to_strangers(view: View) -> View:
    """Mark a room view that a browser may ask for without having joined the room."""
    view.is_open_to_strangers = True  # type: ignore[attr-defined]
    return view


def host_only(view: View) -> View:
    """Let only the room's host use a view; a guest is told so."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if not current_access().is_host:
            raise NotAllowedError("Only the host of the room can do this.")
        return view(*args, **kwargs)

    return checked  # type: ignore[return-value]


def current_access() -> Access:
    """Return who is asking and for which room; set for every view that strangers cannot open."""
    access: Access = g.access
    return access


def remember_guest(guest: Guest, *, host_secret: str | None = None) -> None:
    """Make this browser a member of the guest's room, by its signed cookie."""
    _remember("guests", guest.room_id, guest.id)
    if host_secret is not None:
        _remember("host_secrets", guest.room_id, host_secret)
    session.permanent = True


def known_host_secret(room: Room) -> str | None:
    """Return the host secret that this browser brought or made, to show the host link again."""
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
    """Refuse forms that another site sends: the rule of Go 1.25's CrossOriginProtection.

    A request with neither header does not come from a browser, so nobody's cookie is misused.
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
            "This form came from another address than this page's. If a reverse proxy stands in "
            "between, let it pass on the Host header."
        )


def _check_access() -> None:
    code = (request.view_args or {}).get("room_code")
    view = current_app.view_functions.get(request.endpoint or "")
    if code is not None and not getattr(view, "is_open_to_strangers", False):
        g.access = enter_room(code, guest_ids())


def init_app(app: Flask) -> None:
    """Put the checks before every view and the headers behind it."""
    limiter.init_app(app)
    app.before_request(_reject_cross_site)
    app.before_request(_check_access)

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
