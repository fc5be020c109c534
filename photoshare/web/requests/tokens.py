"""Let scripts into the API by their tokens.

A view below ``/api`` is closed to requests without a token unless it is marked `open_to_strangers`,
and to all tokens unless it says which rights it needs (`needs`). Cookies count for nothing there,
and tokens for nothing on pages.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from flask import Flask, current_app, g, request

from photoshare.errors import DiskFullError, NotAllowedError, TokenError
from photoshare.models import ApiToken
from photoshare.services.rooms.api_tokens import enter_by_token, note_use
from photoshare.services.rooms.entering import Access
from photoshare.web.requests.attempts import guessing
from photoshare.web.requests.security import is_api_request

View = TypeVar("View", bound=Callable[..., Any])

READ, ADD = "read", "add"  # rights


def needs(*rights: str) -> Callable[[View], View]:
    """Open a view of the API to tokens that have one of these rights."""

    def mark(view: View) -> View:
        view.rights = rights  # type: ignore[attr-defined]
        return view

    return mark


def current_token() -> ApiToken:
    """Return the token of the requesting script; set for every view that needs one."""
    token: ApiToken = g.access.token
    return token


def rights_of(token: ApiToken) -> list[str]:
    """List the rights of a token."""
    return [right for right, has_it in ((READ, token.may_read), (ADD, token.may_add)) if has_it]


def _check_token() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if not is_api_request() or view is None or getattr(view, "is_open_to_strangers", False):
        return
    g.access = _enter()
    token = current_token()
    needed: tuple[str, ...] = getattr(view, "rights", ())
    if not set(needed) & set(rights_of(token)):
        raise NotAllowedError("This token doesn't have the right to do that.")
    with suppress(DiskFullError):  # which must not keep anybody from seeing photos: another time
        note_use(token)


def _enter() -> Access:
    sent = request.authorization
    if sent is None or sent.type != "bearer" or not sent.token:
        raise TokenError("Please send a token of the room: “Authorization: Bearer …”.")
    with guessing("token", None, wrong=TokenError):
        return enter_by_token(sent.token)


def init_app(app: Flask) -> None:
    """Check the token before every view of the API."""
    app.before_request(_check_token)
