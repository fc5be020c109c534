"""A guest's own links: to be the same guest by another device, and to share their album."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from photoshare.errors import InvalidInputError, NotFoundError, PhotoshareError
from photoshare.models import Guest, LinkKind, OwnLink, Room
from photoshare.services.mine import own_links
from photoshare.services.people import selves
from photoshare.services.rooms.entering import enter_room
from photoshare.web.answers import SEE_OTHER, toast
from photoshare.web.pages.links import absolute_url, phone_access, qr_code_uri
from photoshare.web.requests import (
    current_access,
    enter,
    guessing,
    open_to_readers,
    open_to_strangers,
    remember_guest,
    room_tokens,
)

blueprint = Blueprint("own_links", __name__, url_prefix="/rooms/<room_code>")


@blueprint.get("/me/links")
def index(room_code: str) -> str:
    """Show a guest their own links, or how to make them."""
    access = current_access()
    own, shared = (own_links.find_own_link(access, kind) for kind in LinkKind)
    secret, album_secret = (link and own_links.secret_of_own(link) for link in (own, shared))
    url = secret and absolute_url("own_links.ask", room_code=access.room.code, own_secret=secret)
    return render_template(
        "own_links/index.html",
        access=access,
        own=own,
        own_url=url,
        own_qr=url and qr_code_uri(url),
        person=selves.find_own_card(access),
        shared=shared,
        album_url=album_secret and absolute_url("shared_album.show", album_secret=album_secret),
        feed_url=album_secret and absolute_url("shared_album.feed", album_secret=album_secret),
        phone_access=phone_access(),
    )


@blueprint.post("/me/links/guest")
@open_to_readers
def make(room_code: str) -> Response:
    """Make a guest's personal link; other browsers that came by a former one are out."""
    access = current_access()
    is_new = own_links.find_own_link(access, LinkKind.GUEST) is None
    own_links.make_own_link(access, LinkKind.GUEST)
    remember_guest(access.guest)  # by another token: copies of the cookie are out as well
    if is_new:
        toast(gettext("This is your link. Open it on your other device."))
    else:
        toast(gettext("This is your new link. The old one no longer works."))
    return redirect(url_for("own_links.index"), SEE_OTHER)


@blueprint.post("/me/links/album")
@open_to_readers
def share(room_code: str) -> Response:
    """Make a link that shows this guest's album to someone who does not join, or a new one."""
    access = current_access()
    if selves.find_own_card(access) is None:
        raise InvalidInputError("Please say who you are first: tap your face under “Me”.")
    own_links.make_own_link(access, LinkKind.ALBUM)
    toast(gettext("Your album has a link now. It shows your photos and nothing else."))
    return redirect(url_for("own_links.index", _anchor="my-album"), SEE_OTHER)


@blueprint.post("/me/links/album/remove")
@open_to_readers
def take_back(room_code: str) -> Response:
    """Take the link to this guest's album back."""
    own_links.remove_own_link(current_access(), LinkKind.ALBUM)
    toast(gettext("The link to your album no longer works."))
    return redirect(url_for("own_links.index"), SEE_OTHER)


@blueprint.get("/mine/<own_secret>")
@open_to_strangers
def ask(room_code: str, own_secret: str) -> Response:
    """Ask whether to be this guest here, so that link previews change nothing."""
    _, guest, room = _find(room_code, own_secret)
    here = _guest_here(room)
    page = render_template(
        "own_links/ask.html",
        guest=guest,
        room=room,
        secret=own_secret,
        here=here,
        is_here_already=here is not None and here.id == guest.id,
    )
    return _discreet(make_response(page))


@blueprint.post("/mine/<own_secret>")
@open_to_strangers
def become(room_code: str, own_secret: str) -> Response:
    """Make this browser the same guest; who it was in this room before is forgotten here."""
    link, guest, room = _find(room_code, own_secret)
    here = _guest_here(room)
    if here is None or here.id != guest.id:
        remember_guest(guest, entered_at=link.created_at)
    return _discreet(enter(url_for("rooms.show", room_code=room.code)))


def _find(room_code: str, secret: str) -> tuple[OwnLink, Guest, Room]:
    with guessing("personal link", None, wrong=NotFoundError):
        return own_links.find_guest_of_link(room_code, secret)


def _guest_here(room: Room) -> Guest | None:
    """Return who this browser is in the room now, if it is in."""
    try:
        return enter_room(room.code, room_tokens()).guest
    except PhotoshareError:
        return None


def _discreet(response: Response) -> Response:
    """Keep the secret of the address out of caches and of the addresses that browsers tell."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "strict-origin"  # no-referrer would send Origin: null
    return response
