"""Take a room's links back: a new guest link, new host links, and links for co-hosts."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from photoshare.errors import InvalidInputError
from photoshare.services.rooms import hosts, rooms
from photoshare.services.rooms.host_links import secret_of
from photoshare.web.answers import SEE_OTHER, isolated, toast
from photoshare.web.pages.links import absolute_url, qr_code_uri
from photoshare.web.pages.words import Refusal, refusal
from photoshare.web.requests import current_access, host_only, remember_guest

blueprint = Blueprint("links", __name__, url_prefix="/rooms/<room_code>")


@blueprint.get("/guest-link")
@host_only
def confirm_new_code(room_code: str) -> str:
    """Ask whether to really make a new guest link, and say what becomes of the old one."""
    return render_template("links/new_guest_link.html", access=current_access())


@blueprint.post("/guest-link")
@host_only
def renew_code(room_code: str) -> Response:
    """Give the room a new guest link; the old one leads strangers to a room that has ended."""
    access = current_access()
    room = access.room
    rooms.renew_code(room, access.guest.id)
    toast(gettext("This is the new guest link. The old one no longer lets anyone in."))
    return redirect(url_for("rooms.share", room_code=room.code), SEE_OTHER)


@blueprint.get("/hosts")
@host_only
def index(room_code: str) -> str:
    """Show the co-hosts' links, and the form that makes one; for hosts by the first link."""
    return _co_hosts()


@blueprint.post("/hosts")
@host_only
def add(room_code: str) -> Response | tuple[str, int]:
    """Make a host link for a co-host, and show it."""
    try:
        link = hosts.add_co_host(current_access(), request.form.get("name", ""))
    except InvalidInputError as error:
        return _co_hosts(refusal(error), request.form.get("name", "")), 422
    return redirect(url_for("links.show", link_id=link.id), SEE_OTHER)


@blueprint.get("/hosts/<int:link_id>")
@host_only
def show(room_code: str, link_id: int) -> str:
    """Show a host link with its QR code, and how to take it back."""
    access = current_access()
    link = hosts.get_link(access, link_id)
    secret = secret_of(link)
    url = secret and absolute_url("rooms.host_link", room_code=access.room.code, secret=secret)
    return render_template(
        "links/show.html",
        access=access,
        link=link,
        is_own=link.id == access.guest.host_link_id,
        is_first_host=hosts.is_first_host(access),
        host_url=url,
        host_qr=url and qr_code_uri(url),
    )


@blueprint.post("/hosts/<int:link_id>/renew")
@host_only
def renew(room_code: str, link_id: int) -> Response:
    """Make a new link in place of this one; who came by it is out, except this browser."""
    access = current_access()
    hosts.renew_link(access, hosts.get_link(access, link_id))
    if link_id == access.guest.host_link_id:
        remember_guest(access.guest)  # by another token: copies of the cookie are out as well
    toast(gettext("This is the new host link. The old one no longer works."))
    return redirect(url_for("links.show", link_id=link_id), SEE_OTHER)


@blueprint.post("/hosts/<int:link_id>/remove")
@host_only
def remove(room_code: str, link_id: int) -> Response:
    """Remove a co-host's link; who came by it is no longer in the room."""
    access = current_access()
    link = hosts.get_link(access, link_id)
    name = link.name
    hosts.remove_link(access, link)
    toast(gettext("%(name)s is no longer a host.", name=isolated(name)))
    return redirect(url_for("links.index"), SEE_OTHER)


def _co_hosts(refused: Refusal | None = None, name: str = "") -> str:
    access = current_access()
    hosts.check_first_host(access)
    return render_template(
        "links/index.html",
        access=access,
        co_hosts=hosts.list_co_hosts(access),
        refused=refused,
        name=name,
    )
