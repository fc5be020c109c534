"""Create, join, show, share, change and delete rooms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from photoshare.errors import (
    InvalidInputError,
    NotFoundError,
    NotJoinedError,
    PasswordChangedError,
    PhotoshareError,
    TooManyAttemptsError,
    TryLaterError,
    WrongPasswordError,
)
from photoshare.models import Room
from photoshare.services import addresses
from photoshare.services.people import selves
from photoshare.services.people.room_people import load_room_people
from photoshare.services.photos import (
    count_photos,
    find_cover,
    find_event_days,
    list_newest,
    open_album,
)
from photoshare.services.rooms import bin, entering, hosts, rooms
from photoshare.services.rooms.entering import Access
from photoshare.services.rooms.host_links import secret_of
from photoshare.services.work.progress import progress_for
from photoshare.web.answers import SEE_OTHER, content_disposition, gone_page, render, toast
from photoshare.web.pages.links import absolute_url, phone_access, qr_code_file, qr_code_uri
from photoshare.web.pages.people_grid import draw_people
from photoshare.web.pages.words import Refusal, refusal
from photoshare.web.requests import (
    check_may_open_rooms,
    check_opens_room,
    current_access,
    current_site,
    days_of_form,
    end_date_of_form,
    enter,
    forget_room,
    guessing,
    host_only,
    may_open_rooms,
    needs_owner_password,
    open_to_strangers,
    remember_guest,
    room_tokens,
    wanted_page,
    was_owner,
)

blueprint = Blueprint("rooms", __name__)

QR_CODE_TYPES = {"png": "image/png", "svg": "image/svg+xml"}

NEWEST_PHOTOS = 24  # four rows on a desktop, eight on a phone
Again = tuple[str, int, dict[str, str]]  # page, status and headers: a form that was refused


@blueprint.get("/")
def index() -> str:
    """Show the landing page."""
    return _start_page({})


@blueprint.get("/rooms")
def new() -> str:
    """Show the form that creates a room."""
    check_may_open_rooms()
    return _new_page({})


@blueprint.post("/rooms")
def create() -> Response | Again:
    """Create a room and make this browser its host."""
    form = request.form
    try:
        check_opens_room()
        entering.checked_name(form.get("name", ""))  # before there is a room
        new = rooms.create_room(
            form.get("title", ""),
            password=form.get("password", ""),
            ends_on=end_date_of_form(),
            deletes_after_days=days_of_form(rooms.DELETES_AFTER_DAYS),
            time_zone=form.get("time_zone", ""),
        )
        guest = entering.become_host(new.room, secret=new.host_secret, name=form.get("name", ""))
    except (InvalidInputError, TooManyAttemptsError) as error:
        return _again(_new_page(form, refusal(error)), error)
    remember_guest(guest)
    # Where the cookie is not kept, that link is all the host has of the room.
    return enter(url_for("rooms.host_link", room_code=new.room.code, secret=new.host_secret))


@blueprint.post("/join")
def join_by_code() -> Response | Again:
    """Lead to the room whose code was typed on the landing page, or to its invitation."""
    form = request.form
    code = form.get("room_code", "")
    try:
        with guessing("code", None, wrong=NotFoundError):
            entering.find_any_room(code)
    except (NotFoundError, TooManyAttemptsError) as error:
        return _again(_start_page(form, refusal(error, "room_code")), error)
    return redirect(url_for("rooms.show", room_code=entering.normalise_code(code)), SEE_OTHER)


@blueprint.get("/rooms/<room_code>")
@open_to_strangers
def show(room_code: str) -> str | Response:
    """Show the room if this browser has joined it, else the invitation.

    The address of the invitation names the page that was sent; whoever is in already gets that.
    """
    try:
        access = entering.enter_room(room_code, room_tokens())
    except PasswordChangedError as error:
        return _join_page(entering.find_room(room_code), back=error)
    except NotJoinedError:
        return _join_page(entering.find_room(room_code))
    if wanted_page():
        return redirect(_wanted_url(), SEE_OTHER)
    return render("rooms/show.html", "rooms/_home.html", **_home(access))


def _home(access: Access) -> dict[str, Any]:
    """Collect what the home of a room shows; its costs do not grow with the room."""
    album = open_album(access)
    progress, found = progress_for(access), load_room_people(access)
    own = selves.find_own_card(access)
    return {
        "access": access,
        "album": album,
        "is_first": progress.photo_count == 0 and progress.is_of_all,
        "progress": progress,
        "cover": find_cover(access),
        "days": find_event_days(album, progress.photo_count),
        "own": own,
        "own_album": open_album(access, person_id=own.id) if own else None,
        "new_count": selves.count_new(access, own) if own else 0,
        "has_lost": own is not None and selves.has_lost(access, own),
        "people_count": len(found.people),
        "people_strip": draw_people(access, "people/_strip.html", found, 1),
        "photos": list_newest(album, at_most=NEWEST_PHOTOS),
    }


@blueprint.post("/rooms/<room_code>/join")
@open_to_strangers
def join(room_code: str) -> Response | Again:
    """Join a room by its invitation, which leads to the page that the guest was sent."""
    room, back = entering.find_room(room_code), None
    try:
        entering.enter_room(room.code, room_tokens())
        return enter(_wanted_url())  # in already, for example as host: nothing changes
    except PasswordChangedError as error:
        back = error
    except NotJoinedError:
        pass
    try:
        _join(room, back)
    except (InvalidInputError, TooManyAttemptsError) as error:
        refused, name = refusal(error, "password"), request.form.get("name", "")
        return _again(_join_page(room, refused=refused, name=name, back=back), error)
    return enter(_wanted_url())


@blueprint.get("/rooms/<room_code>/host/<secret>")
@open_to_strangers
def host_link(room_code: str, secret: str) -> str:
    """Ask for confirmation when the host link is opened, so that link previews change nothing."""
    room = _room_of_link(room_code, secret)
    return render_template("rooms/host.html", room=room, secret=secret, name="", refused=None)


@blueprint.post("/rooms/<room_code>/host/<secret>")
@open_to_strangers
def become_host(room_code: str, secret: str) -> Response | tuple[str, int]:
    """Make this browser the host of the room."""
    room, name = _room_of_link(room_code, secret), request.form.get("name", "")
    try:
        guest = entering.become_host(room, secret=secret, name=name)
    except InvalidInputError as error:
        refused = refusal(error)
        return render_template(
            "rooms/host.html", room=room, secret=secret, name=name, refused=refused
        ), 422
    remember_guest(guest)
    return enter(url_for("rooms.host_link", room_code=room.code, secret=secret))


def _room_of_link(room_code: str, secret: str) -> Room:
    room = entering.find_any_room(room_code)
    with guessing("host link", room.id, wrong=NotFoundError):
        return entering.find_room_of_link(room_code, secret)


@blueprint.get("/rooms/<room_code>/share")
def share(room_code: str) -> str:
    """Show the room's links with their QR codes; for the host, how to manage the room as well."""
    access = current_access()
    link = hosts.own_link(access)
    secret = secret_of(link) if link else None
    guest_url = absolute_url("rooms.show", room_code=access.room.code)
    host_url = secret and absolute_url("rooms.host_link", room_code=access.room.code, secret=secret)
    return render_template(
        "rooms/share.html",
        access=access,
        guest_url=guest_url,
        guest_qr=qr_code_uri(guest_url),
        link=link,
        host_url=host_url,
        host_qr=host_url and qr_code_uri(host_url),
        is_first_host=hosts.is_first_host(access),
        phone_access=phone_access(),
    )


@blueprint.post("/rooms/<room_code>/address")
@host_only
def choose_address(room_code: str) -> Response:
    """Remember by which of the machine's addresses phones reach it; for who sits at it."""
    known = phone_access()
    address = request.form.get("address", "")
    if known is None or address not in known.choices:
        raise InvalidInputError("Please choose an address from the list.", field="address")
    addresses.choose_address(current_site().settings.data, address)
    toast(gettext("The links and codes now use this address."))
    return redirect(url_for("rooms.share"), SEE_OTHER)


@blueprint.get("/rooms/<room_code>/settings")
@host_only
def settings(room_code: str) -> str:
    """Show the room's settings, and how to delete it."""
    return render_template("rooms/settings.html", access=current_access(), form=None, refused=None)


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
    access, form = current_access(), request.form
    try:
        rooms.change_settings(
            access.room,
            title=form.get("title", ""),
            ends_on=end_date_of_form(),
            password=form.get("password", ""),
            is_open="remove_password" in form,
            guests_may_correct="guests_may_correct" in form,
            keeps_metadata="keep_metadata" in form,
            has_hearts="has_hearts" in form,
            deletes_after_days=days_of_form(access.room.deletes_after_days),
            is_moderated="is_moderated" in form,
            time_zone=form.get("time_zone"),
            host_id=access.guest.id,
        )
    except InvalidInputError as error:
        return render_template(
            "rooms/settings.html", access=access, form=form, refused=refusal(error)
        ), 422
    toast(gettext("Room settings saved."))
    return redirect(url_for("rooms.settings"), SEE_OTHER)


@blueprint.get("/rooms/<room_code>/delete")
@host_only
def confirm_delete(room_code: str) -> str:
    """Ask for the title of the room before it is deleted, and offer to take everything home."""
    return _delete_page()


@blueprint.post("/rooms/<room_code>/delete")
@host_only
def delete(room_code: str) -> str | Response | Again:
    """Put the room into the bin; on a full disk it is gone at once."""
    access = current_access()
    room = access.room
    try:
        bin.check_title(room, request.form.get("title", ""))
    except InvalidInputError as error:
        return _again(_delete_page(refusal(error)), error)
    room_id = room.id
    if report := bin.put_into_bin(room, current_site().storage, access.guest.id):
        forget_room(room_id)
        return gone_page(report)
    return redirect(url_for("bin.room"), SEE_OTHER)


def _delete_page(refused: Refusal | None = None) -> str:
    access = current_access()
    album = open_album(access)
    return render_template(
        "rooms/delete.html",
        access=access,
        album=album,
        photo_count=count_photos(album),
        is_full=not current_site().storage.has_free_space(),
        title=request.form.get("title", ""),
        refused=refused,
    )


def _again(page: str, error: PhotoshareError) -> Again:
    """Answer a form with its page once more, which says why; too early says when as well."""
    if isinstance(error, TryLaterError):
        return page, 429, {"Retry-After": str(error.retry_after_s)}
    return page, 422, {}


def _new_page(form: Mapping[str, str], refused: Refusal | None = None) -> str:
    needs_password = needs_owner_password()
    return render_template(
        "rooms/new.html", form=form, refused=refused, needs_owner_password=needs_password
    )


def _start_page(form: Mapping[str, str], refused: Refusal | None = None) -> str:
    my_rooms = entering.list_joined_rooms(room_tokens())
    return render_template(
        "rooms/index.html",
        form=form,
        my_rooms=my_rooms,
        refused=refused,
        may_open_rooms=may_open_rooms(),
        was_owner=was_owner(),
    )


def _wanted_url() -> str:
    """Return the address of the page for which the guest came: the room, or a page in it."""
    page = wanted_page()
    return url_for("rooms.show") + (f"/{page}" if page else "")


def _join(room: Room, back: PasswordChangedError | None) -> None:
    """Let this browser in; if it comes back with the new password, as who it was."""
    password = request.form.get("password", "")
    with guessing("password", room.id, wrong=WrongPasswordError, is_guessable=True):
        if back:
            guest = entering.join_again(room, back.guest_id, password=password)
        else:
            name = request.form.get("name", "")
            guest = entering.join_room(room, password=password, name=name)
    remember_guest(guest)


def _join_page(
    room: Room,
    *,
    refused: Refusal | None = None,
    name: str = "",
    back: PasswordChangedError | None = None,
) -> str:
    return render_template(
        "rooms/join.html",
        title=None if room.password_hash else room.title,  # only for those who know the password
        needs_password=room.password_hash is not None,
        room=room,
        refused=refused,
        name=name,
        back=back,
        wanted=wanted_page(),
    )
