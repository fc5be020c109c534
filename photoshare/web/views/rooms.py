"""Create, join, show, share, change and delete rooms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from photoshare.errors import InvalidInputError, NotFoundError, WrongPasswordError
from photoshare.models import Room
from photoshare.services.people.room_people import load_room_people
from photoshare.services.photos import listing
from photoshare.services.photos.albums import open_album
from photoshare.services.photos.lost_photos import list_lost
from photoshare.services.rooms import entering, guests, rooms
from photoshare.services.work.progress import room_progress
from photoshare.web.answers import SEE_OTHER, content_disposition, toast
from photoshare.web.pages.links import absolute_url, qr_code_file, qr_code_uri
from photoshare.web.pages.people_grid import draw_people
from photoshare.web.pages.words import isolated, translate_error
from photoshare.web.requests import (
    current_access,
    current_site,
    forget_room,
    guessing,
    guest_ids,
    host_only,
    known_host_secret,
    limit_new_rooms,
    open_to_strangers,
    remember_guest,
)

blueprint = Blueprint("rooms", __name__)

QR_CODE_TYPES = {"png": "image/png", "svg": "image/svg+xml"}

NAMED_LOST = 100  # lost photos listed for the host; more than that means a lost disk


@blueprint.get("/")
def index() -> str:
    """Show the landing page."""
    return _start_page({})


@blueprint.post("/rooms")
def create() -> Response | tuple[str, int]:
    """Create a room and make this browser its host."""
    form = request.form
    limit_new_rooms()
    try:
        entering.checked_name(form.get("name", ""))  # before there is a room
        new = rooms.create_room(
            form.get("title", ""),
            password=form.get("password", ""),
            ends_on=_parse_date(form.get("ends_on", "")),
        )
        guest = entering.become_host(new.room, secret=new.host_secret, name=form.get("name", ""))
    except InvalidInputError as error:
        return _start_page(form, create_error=translate_error(error)), 422
    remember_guest(guest, host_secret=new.host_secret)
    return redirect(url_for("rooms.share", room_code=new.room.code), SEE_OTHER)


@blueprint.post("/join")
def join_by_code() -> Response | tuple[str, int]:
    """Join the room whose code was typed on the landing page."""
    form = request.form
    try:
        with guessing("code", None, wrong=NotFoundError):
            room = entering.find_room(form.get("room_code", ""))
        _join(room)
    except (NotFoundError, InvalidInputError) as error:
        return _start_page(form, join_error=translate_error(error)), 422
    return redirect(url_for("rooms.show", room_code=room.code), SEE_OTHER)


@blueprint.get("/rooms/<room_code>")
@open_to_strangers
def show(room_code: str) -> str:
    """Show the room if this browser has joined it, else the join form."""
    try:
        access = entering.enter_room(room_code, guest_ids())
    except NotFoundError:
        return _join_page(entering.find_room(room_code))
    album = open_album(access)
    return render_template(
        "rooms/show.html",
        access=access,
        progress=room_progress(access.room.id),
        people_grid=draw_people(access, "people/_grid.html", load_room_people(access.room.id), 1),
        page=listing.list_photos(album),
        album=album,
    )


@blueprint.post("/rooms/<room_code>/join")
@open_to_strangers
def join(room_code: str) -> Response | tuple[str, int]:
    """Join a room from its own page."""
    room = entering.find_room(room_code)
    try:
        _join(room)
    except InvalidInputError as error:
        return _join_page(
            room, error=translate_error(error), name=request.form.get("name", "")
        ), 422
    return redirect(url_for("rooms.show", room_code=room.code), SEE_OTHER)


@blueprint.get("/rooms/<room_code>/host/<secret>")
@open_to_strangers
def host_link(room_code: str, secret: str) -> str:
    """Ask for confirmation when the host link is opened, so that link previews change nothing."""
    room = entering.find_room(room_code)
    with guessing("host link", room.id, wrong=NotFoundError):
        entering.check_host_secret(room, secret)
    return render_template("rooms/host.html", room=room, secret=secret)


@blueprint.post("/rooms/<room_code>/host/<secret>")
@open_to_strangers
def become_host(room_code: str, secret: str) -> Response:
    """Make this browser the host of the room."""
    room = entering.find_room(room_code)
    with guessing("host link", room.id, wrong=NotFoundError):
        guest = entering.become_host(room, secret=secret, name=request.form.get("name", ""))
    remember_guest(guest, host_secret=secret)
    return redirect(url_for("rooms.share", room_code=room.code), SEE_OTHER)


@blueprint.get("/rooms/<room_code>/share")
def share(room_code: str) -> str:
    """Show the room's links with their QR codes, and to the host the settings."""
    return _share_page()


@blueprint.get("/rooms/<room_code>/poster")
def poster(room_code: str) -> str:
    """Show a page to print for the tables: the QR code and what it is for."""
    access = current_access()
    guest_url = absolute_url("rooms.show", room_code=access.room.code)
    return render_template(
        "rooms/poster.html", access=access, guest_url=guest_url, guest_qr=qr_code_uri(guest_url)
    )


@blueprint.get("/rooms/<room_code>/qr.<any(png, svg):kind>")
def qr_code(room_code: str, kind: str) -> Response:
    """Send the QR code of the guest link as a file."""
    code = current_access().room.code
    content = qr_code_file(absolute_url("rooms.show", room_code=code), kind)
    response = make_response(content)
    response.mimetype = QR_CODE_TYPES[kind]
    response.headers["Content-Disposition"] = content_disposition(f"photoshare-{code}.{kind}")
    response.headers["Cache-Control"] = "private, no-store"  # the address may change
    return response


@blueprint.post("/rooms/<room_code>/settings")
@host_only
def change(room_code: str) -> Response | tuple[str, int]:
    """Change the title, the last day, the password and what downloads contain."""
    form = request.form
    try:
        rooms.change_settings(
            current_access().room,
            title=form.get("title", ""),
            ends_on=_parse_date(form.get("ends_on", "")),
            password=form.get("password", ""),
            is_open="remove_password" in form,
            guests_may_correct="guests_may_correct" in form,
            keeps_metadata="keep_metadata" in form,
            has_hearts="has_hearts" in form,
        )
    except InvalidInputError as error:
        return _share_page(form=form, error=translate_error(error)), 422
    toast(gettext("Room settings saved."))
    return redirect(url_for("rooms.share"), SEE_OTHER)


@blueprint.get("/rooms/<room_code>/delete")
@host_only
def confirm_delete(room_code: str) -> str:
    """Ask whether to really delete the room."""
    access = current_access()
    count = listing.count_photos(open_album(access))
    return render_template("rooms/delete.html", access=access, photo_count=count)


@blueprint.post("/rooms/<room_code>/delete")
@host_only
def delete(room_code: str) -> Response:
    """Delete the room with all of its data."""
    room = current_access().room
    room_id, title = room.id, room.title  # read now: the row is gone afterwards
    rooms.delete_room(room_id, current_site().storage)
    forget_room(room_id)
    toast(
        gettext(
            "The room “%(title)s” and everything in it have been deleted.", title=isolated(title)
        )
    )
    return redirect(url_for("rooms.index"), SEE_OTHER)


def _start_page(form: Mapping[str, str], **errors: str) -> str:
    my_rooms = entering.list_joined_rooms(guest_ids())
    return render_template("rooms/index.html", form=form, my_rooms=my_rooms, **errors)


def _share_page(form: Mapping[str, str] | None = None, error: str | None = None) -> str:
    access = current_access()
    secret = known_host_secret(access.room) if access.is_host else None
    guest_url = absolute_url("rooms.show", room_code=access.room.code)
    host_url = secret and absolute_url("rooms.host_link", room_code=access.room.code, secret=secret)
    return render_template(
        "rooms/share.html",
        access=access,
        guest_url=guest_url,
        guest_qr=qr_code_uri(guest_url),
        host_url=host_url,
        host_qr=host_url and qr_code_uri(host_url),
        uploads=guests.list_uploads(access.room.id) if access.is_host else [],
        guest_count=guests.count_guests(access.room.id) if access.is_host else 0,
        lost=list_lost(access.room.id, at_most=NAMED_LOST) if access.is_host else [],
        form=form,
        error=error,
    )


def _join(room: Room) -> None:
    """Let this browser in; if it is in already, for example as host, nothing changes."""
    try:
        entering.enter_room(room.code, guest_ids())
    except NotFoundError:
        form = request.form
        with guessing("password", room.id, wrong=WrongPasswordError, is_guessable=True):
            guest = entering.join_room(
                room, password=form.get("password", ""), name=form.get("name", "")
            )
        remember_guest(guest)


def _join_page(room: Room, *, error: str | None = None, name: str = "") -> str:
    if entering.has_ended(room):
        raise NotFoundError("This room has ended. Only its host can still open it.")
    needs_password = room.password_hash is not None
    title = None if needs_password else room.title  # only for those who know the password
    return render_template(
        "rooms/join.html", title=title, needs_password=needs_password, error=error, name=name
    )


def _parse_date(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError("Please enter the end date like this: 2026-12-31.") from None
