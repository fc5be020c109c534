"""Lead strangers through the invitation to the page they were sent, and notice blocked cookies."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlencode

from flask import current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from photoshare.web.requests.room_pages import match_page

# Pages that a guest sends to another; everything else stays "not found" until one has joined.
PAGES = (
    *("photos.index", "photos.show", "photos.without_faces", "people.index", "people.show"),
    *("people.unsorted", "albums.several", "me.show", "wall.show"),
)
WANTED = "next"  # the page within the room, such as people/3, for which someone came
MAX_WANTED = 2000  # characters; longer addresses are selections, which nobody sends as a link
ENTERED = "entered"  # in the address that follows the answer with the cookie


def invitation_for_page(room_code: str) -> Response | None:
    """Lead to the invitation if a stranger asks for a page of a room; None for everything else.

    The answer is the same for every page, whether what its address names exists or not.
    """
    is_page = request.method in ("GET", "HEAD") and request.endpoint in PAGES
    if not is_page or "HX-Request" in request.headers:
        return None
    wanted = request.full_path.removesuffix("?").split("/", 3)[3]  # after /rooms/<code>/
    return redirect(url_for("rooms.show", room_code=room_code, next=wanted), HTTPStatus.SEE_OTHER)


def wanted_page() -> str | None:
    """Return the page of this room, such as ``people/3``, for which the guest came.

    None if they came for the room itself, or if the address is not that of a page in it.
    """
    wanted = request.values.get(WANTED, "")
    if len(wanted) > MAX_WANTED or not wanted.isprintable():
        return None
    matched = match_page(f"{url_for('rooms.show')}/{wanted.partition('?')[0]}")
    return wanted if matched and matched[0] in PAGES else None


def enter(url: str) -> Response:
    """Lead to a page of a room that this browser has just entered, if it keeps the cookie."""
    return redirect(f"{url}{'&' if '?' in url else '?'}{ENTERED}=1", HTTPStatus.SEE_OTHER)


def check_cookie() -> Response | None:
    """Tell a browser that has entered a room, but kept no cookie, what to do about it.

    It would be invited again and again otherwise. Every other browser goes on to the page itself.
    A host is sent to the host link, so that this page can show it, and goes on to manage the room.
    """
    if request.method != "GET" or ENTERED not in request.args or request.blueprint == "api":
        return None
    if current_app.config["SESSION_COOKIE_NAME"] not in request.cookies:
        return make_response(render_template("rooms/no_cookie.html"), 403)
    if request.endpoint == "rooms.host_link":
        return redirect(url_for("rooms.share"), HTTPStatus.SEE_OTHER)
    query = [(name, text) for name, text in request.args.items(multi=True) if name != ENTERED]
    path = request.script_root + request.path
    return redirect(f"{path}?{urlencode(query)}" if query else path, HTTPStatus.SEE_OTHER)
