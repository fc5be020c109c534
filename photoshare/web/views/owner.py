"""The owner's page: log in, all rooms of the server, and how the server is.

Every view is closed to everyone but the owner unless it is one of `OPEN`.
"""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from photoshare.config import PROGRAM
from photoshare.errors import (
    InvalidInputError,
    NotFoundError,
    NotJoinedError,
    RoomBinnedError,
    RoomEndedError,
    TooManyAttemptsError,
)
from photoshare.models import Room
from photoshare.services.counts import count_rooms
from photoshare.services.owner.all_rooms import find_rooms, get_card, get_room
from photoshare.services.owner.password import has_password
from photoshare.services.people.finding import MAX_WORDS
from photoshare.services.rooms import bin, ending, entering, host_links
from photoshare.web.answers import SEE_OTHER, gone_page, lead_away, next_page, toast
from photoshare.web.pages.links import absolute_url, qr_code_uri
from photoshare.web.pages.server_state import find_state
from photoshare.web.pages.words import Refusal, refusal
from photoshare.web.requests import (
    current_site,
    enter,
    is_owner,
    log_out,
    page_argument,
    remember_guest,
    room_tokens,
)
from photoshare.web.requests import log_in as log_in_owner

blueprint = Blueprint("owner", __name__, url_prefix="/owner")

OPEN = ("owner.show_login", "owner.log_in")  # to everyone


@blueprint.before_request
def check_owner() -> Response | None:
    """Lead everyone but the owner to the login."""
    if request.endpoint in OPEN or is_owner():
        return None
    path = request.script_root + request.path
    wanted = path if request.method == "GET" and path != url_for("owner.index") else None
    return lead_away(url_for("owner.show_login", next=wanted))


@blueprint.get("/login")
def show_login() -> str | Response:
    """Ask for the owner's password."""
    if is_owner():
        return redirect(url_for("owner.index"), SEE_OTHER)
    return _login_page(request.args.get("next", ""))


@blueprint.post("/login")
def log_in() -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Log the owner in, and lead to the page they wanted."""
    wanted = request.form.get("next", "")
    try:
        log_in_owner(request.form.get("owner_password", ""))
    except InvalidInputError as error:
        return _login_page(wanted, refusal(error)), 422
    except TooManyAttemptsError as error:
        headers = {"Retry-After": str(error.retry_after_s)}
        return _login_page(wanted, refusal(error)), 429, headers
    return redirect(next_page(url_for("owner.index")), SEE_OTHER)


@blueprint.post("/logout")
def leave() -> Response:
    """Log the owner out, in this browser or everywhere."""
    log_out(everywhere="everywhere" in request.form)
    toast(gettext("You are logged out."))
    return redirect(url_for("owner.show_login"), SEE_OTHER)


@blueprint.get("")
def index() -> str:
    """Show all rooms, page by page and found by title, and how the server is."""
    words = request.args.get("find", "").strip()[:MAX_WORDS]
    return render_template(
        "owner/index.html",
        words=words,
        total=count_rooms(with_bin=True),
        page=find_rooms(words, page_argument()),
        state=find_state(current_site()),
    )


@blueprint.get("/state")
def state() -> str:
    """Show how the server is, for the script that keeps the page up to date."""
    return render_template("owner/_state.html", state=find_state(current_site()))


@blueprint.get("/rooms/<int:room_id>")
def show(room_id: int) -> str:
    """Show one room, and what the owner can do about it."""
    room = get_room(room_id)
    until = bin.gone_at(room, current_site().settings.bin_time) if room.binned_at else None
    return render_template("owner/show.html", card=get_card(room_id), until=until)


@blueprint.post("/rooms/<int:room_id>/open")
def open_room(room_id: int) -> Response:
    """Make this browser a host of the room, unless it is one already."""
    room = get_room(room_id)
    url = url_for("rooms.show", room_code=room.code)
    if _is_host(room):
        return redirect(url, SEE_OTHER)
    remember_guest(entering.admit_owner(room))
    return enter(url)


def _is_host(room: Room) -> bool:
    try:
        return entering.enter_room(room.code, room_tokens()).is_host
    except (NotJoinedError, RoomEndedError, RoomBinnedError):
        return False


@blueprint.post("/rooms/<int:room_id>/end")
def end(room_id: int) -> Response:
    """End the room now: no one can join or add photos then."""
    ending.end_now(get_room(room_id))
    toast(gettext("The room has ended. Its hosts can reopen it."))
    return redirect(url_for("owner.show", room_id=room_id), SEE_OTHER)


@blueprint.post("/rooms/<int:room_id>/host-link")
def renew_host_link(room_id: int) -> str:
    """Make a new first host link, and show it in this answer only."""
    room = get_room(room_id)
    secret = host_links.renew_first_link(room)
    url = absolute_url("rooms.host_link", room_code=room.code, secret=secret)
    return render_template(
        "owner/host_link.html", room=room, host_url=url, host_qr=qr_code_uri(url)
    )


@blueprint.get("/rooms/<int:room_id>/delete")
def confirm_delete(room_id: int) -> str:
    """Ask for the room's title before it is deleted."""
    return _delete_page(room_id)


@blueprint.post("/rooms/<int:room_id>/delete")
def delete(room_id: int) -> Response | tuple[str, int]:
    """Put the room into the bin, if its title was typed; for good at once on a full disk."""
    room, typed = get_room(room_id), request.form.get("title", "")
    try:
        bin.check_title(room, typed)
    except InvalidInputError as error:
        return _delete_page(room_id, refusal(error), typed), 422
    report = bin.put_into_bin(room, current_site().storage)
    if report is not None:
        return gone_page(report), 200
    toast(gettext("The room is in the bin."))
    return redirect(url_for("owner.show", room_id=room_id), SEE_OTHER)


@blueprint.post("/rooms/<int:room_id>/restore")
def restore(room_id: int) -> Response:
    """Bring the room back from the bin."""
    bin.restore_room(get_room(room_id), current_site().storage)
    toast(gettext("The room is back, with everything in it."))
    return redirect(url_for("owner.show", room_id=room_id), SEE_OTHER)


@blueprint.post("/rooms/<int:room_id>/delete/now")
def delete_now(room_id: int) -> str:
    """Delete a room in the bin for good, and show the report."""
    report = bin.delete_for_good(room_id, current_site().storage, Room.binned_at.is_not(None))
    if report is None:
        raise NotFoundError("This room is no longer in the bin.")
    return gone_page(report)


def _login_page(wanted: str, refused: Refusal | None = None) -> str:
    command = None if has_password() else f"{PROGRAM} owner-password"
    return render_template("owner/login.html", wanted=wanted, refused=refused, command=command)


def _delete_page(room_id: int, refused: Refusal | None = None, typed: str = "") -> str:
    card = get_card(room_id)
    return render_template("owner/delete.html", card=card, refused=refused, typed=typed)
