"""Know the owner by a cookie of their own, check their password, and who may open rooms.

The cookie belongs to no room. Besides the token of the session it names the browser, which stays
when the session ends: a browser in which the owner has logged in before has tries of its own, so
that attackers in the same network cannot use them up.
"""

from __future__ import annotations

import secrets
from typing import Any

from flask import after_this_request, current_app, g, request
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response

from photoshare.config.owner import BY_PASSWORD, CLOSED
from photoshare.errors import NotAllowedError, WrongPasswordError
from photoshare.services.owner import password, sessions
from photoshare.services.owner.creation import room_creation
from photoshare.services.space import even_when_full
from photoshare.web.requests.attempts import guessing, limit_new_rooms
from photoshare.web.site import current_site

COOKIE = "photoshare_owner"
BROWSER, TOKEN = "browser", "token"  # what the cookie holds
BROWSER_BYTES = 12  # tells browsers apart; the signature keeps anyone from making one up


def is_owner() -> bool:
    """Whether the owner is logged in in this browser; asks once a request."""
    if "is_owner" not in g:
        token = _read_cookie().get(TOKEN)
        g.is_owner = bool(token) and sessions.is_logged_in(str(token))
    return bool(g.is_owner)


def was_owner() -> bool:
    """Whether the owner has ever logged in in this browser."""
    return BROWSER in _read_cookie()


def log_in(typed: str) -> None:
    """Log the owner in who typed this password; a former session of this browser ends.

    Raises
    ------
    WrongPasswordError
        If it is wrong.
    TooManyAttemptsError
        If it is wrong after too many others.
    """
    check_owner_password(typed)
    cookie = _read_cookie()
    if former := cookie.get(TOKEN):
        sessions.close_session(str(former))
    storage, opened = current_site().storage, []
    even_when_full(storage, lambda: opened.append(sessions.open_session()))
    storage.fill_reserve()
    browser = cookie.get(BROWSER) or secrets.token_urlsafe(BROWSER_BYTES)
    _write_cookie({BROWSER: browser, TOKEN: opened[-1]})
    g.is_owner = True


def log_out(*, everywhere: bool = False) -> None:
    """Log the owner out, in this browser or in all; copies of the cookie are worth nothing."""
    cookie = _read_cookie()
    if everywhere:
        sessions.close_all_sessions()
    elif token := cookie.get(TOKEN):
        sessions.close_session(str(token))
    _write_cookie({BROWSER: cookie[BROWSER]} if BROWSER in cookie else {})
    g.is_owner = False


def check_owner_password(typed: str) -> None:
    """Check what was typed as the owner's password; after too many wrong ones, wait.

    Raises
    ------
    WrongPasswordError, TooManyAttemptsError
    """
    known = _read_cookie().get(BROWSER)
    with guessing(
        "owner's password", None, wrong=WrongPasswordError, is_guessable=True, known=known
    ):
        password.check_password(typed)


def may_open_rooms() -> bool:
    """Whether this browser may open rooms, perhaps with the owner's password."""
    return room_creation(current_site().settings) != CLOSED or is_owner()


def needs_owner_password() -> bool:
    """Whether this browser has to send the owner's password to open a room."""
    return room_creation(current_site().settings) == BY_PASSWORD and not is_owner()


def check_may_open_rooms() -> None:
    """Refuse a browser that may not even see the form.

    Raises
    ------
    NotAllowedError
    """
    if not may_open_rooms():
        raise NotAllowedError(
            "Whoever runs this server opens the rooms here. Ask them for a room or its link."
        )


def check_opens_room() -> None:
    """Check that a form may open a room now, and count it unless it is the owner's.

    Raises
    ------
    NotAllowedError
        If the owner opens all rooms.
    WrongPasswordError
        If it lacks the owner's password.
    TooManyAttemptsError
        If there were too many wrong ones, or too many rooms.
    """
    check_may_open_rooms()
    if is_owner():
        return
    if needs_owner_password():
        check_owner_password(request.form.get("owner_password", ""))
    limit_new_rooms()


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="owner")


def _read_cookie() -> dict[str, str]:
    """Return what we have written into this browser's cookie; nothing of a forged one."""
    try:
        content = _serializer().loads(request.cookies.get(COOKIE, ""))
    except BadSignature:
        return {}
    return content if isinstance(content, dict) else {}


def _write_cookie(content: dict[str, str]) -> None:
    """Send the cookie with this answer; its attributes are those of the guests' cookie."""
    value, config = _serializer().dumps(content), current_app.config
    options: dict[str, Any] = {
        "max_age": config["PERMANENT_SESSION_LIFETIME"],
        "path": config["SESSION_COOKIE_PATH"],
        "secure": config["SESSION_COOKIE_SECURE"],
        "samesite": config["SESSION_COOKIE_SAMESITE"],
    }

    @after_this_request
    def send(response: Response) -> Response:
        response.set_cookie(COOKIE, value, httponly=True, **options)
        return response
