"""Show the guests of a room to its hosts, who rename them, stop their uploads, or remove them."""

from __future__ import annotations

from contextlib import suppress

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from photoshare.errors import InvalidInputError, NotFoundError
from photoshare.models import Guest
from photoshare.services.downloads.zips import zip_state
from photoshare.services.moderation.deciding import discard_waiting
from photoshare.services.paging import page_of
from photoshare.services.people.finding import MAX_WORDS
from photoshare.services.photos import delete_photos_of, list_lost, open_album
from photoshare.services.rooms import guests
from photoshare.services.work.progress import room_progress
from photoshare.web.answers import SEE_OTHER, isolated, say_deleted, toast
from photoshare.web.pages.words import Refusal, refusal
from photoshare.web.requests import current_access, current_site, host_only, page_argument

blueprint = Blueprint("guests", __name__, url_prefix="/rooms/<room_code>/guests")

PAGE_SIZE = 50  # guests: a wedding has two or three pages, and a name is found by typing
NAMED_LOST = 100  # lost photos listed for the host; more than that means a lost disk


@blueprint.get("")
@host_only
def index(room_code: str) -> str:
    """Show who is in the room, all photos to take home, and how far the face search is."""
    access = current_access()
    room_id, words = access.room.id, request.args.get("find", "").strip()[:MAX_WORDS]
    everyone = guests.list_guests(room_id)
    return render_template(
        "guests/index.html",
        access=access,
        words=words,
        total=len(everyone),
        here_count=sum(card.is_here for card in everyone),
        page=page_of(guests.find_guests(everyone, words), page_argument(), PAGE_SIZE),
        progress=room_progress(room_id),
        lost=list_lost(room_id, at_most=NAMED_LOST),
        lost_count=len(zip_state(open_album(access)).lost),
    )


@blueprint.get("/<int:guest_id>")
@host_only
def show(room_code: str, guest_id: int) -> str:
    """Show one guest, and what a host can do about them."""
    return _page(_guest(guest_id))


@blueprint.post("/<int:guest_id>/name")
@host_only
def rename(room_code: str, guest_id: int) -> Response | tuple[str, int]:
    """Change the name shown beside a guest's photos."""
    guest, name = _guest(guest_id), request.form.get("name", "")
    try:
        guests.rename_guest(guest.id, name)
    except InvalidInputError as error:
        return _page(guest, refused=refusal(error), name=name), 422
    toast(gettext("The name is saved."))
    return redirect(url_for("guests.show", guest_id=guest_id), SEE_OTHER)


@blueprint.post("/<int:guest_id>/uploads")
@host_only
def stop(room_code: str, guest_id: int) -> Response:
    """Stop a guest's uploads, or allow them again."""
    is_stopped = request.form.get("is_stopped") == "1"
    guests.stop_uploads(current_access(), _guest(guest_id), is_stopped=is_stopped)
    toast(
        gettext("They can no longer add photos.")
        if is_stopped
        else gettext("They can add photos again.")
    )
    return redirect(url_for("guests.show", guest_id=guest_id), SEE_OTHER)


@blueprint.post("/<int:guest_id>/remove")
@host_only
def remove(room_code: str, guest_id: int) -> Response:
    """Remove a guest; their photos stay, or are deleted as well."""
    access, storage = current_access(), current_site().storage
    guest = _guest(guest_id)
    name = isolated(guest.name) or gettext("The guest")
    is_here = guests.is_here(guest)
    guests.remove_guest(access, guest, storage)
    if is_here:
        toast(gettext("%(name)s is no longer in the room.", name=name))
    if "with_photos" in request.form:
        with suppress(NotFoundError):  # most guests have nothing that waits
            discard_waiting(access, storage, guest_id=guest_id)
        say_deleted(delete_photos_of(access, guest_id, storage))
    return redirect(url_for("guests.index"), SEE_OTHER)


def _guest(guest_id: int) -> Guest:
    return guests.get_guest(current_access(), guest_id)


def _page(guest: Guest, *, refused: Refusal | None = None, name: str | None = None) -> str:
    access = current_access()
    cards = guests.list_guests(access.room.id, guest_id=guest.id)
    if not cards:
        raise NotFoundError("This guest is no longer in the room.")
    return render_template(
        "guests/show.html",
        access=access,
        card=cards[0],
        is_self=guest.id == access.guest.id,
        name=guest.name if name is None else name,
        refused=refused,
    )
