"""Show a guest's own page in a room: their album, name and uploads, and how to leave."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from photoshare.errors import InvalidInputError
from photoshare.services.corrections.rights import may_correct_person
from photoshare.services.mine.hiding import find_hiding
from photoshare.services.paging import page_of
from photoshare.services.people import selves
from photoshare.services.people.finding import find_people, fold_name
from photoshare.services.people.people import PersonCard
from photoshare.services.people.room_people import load_room_people
from photoshare.services.photos import find_first, open_album
from photoshare.services.rooms import guests
from photoshare.services.visibility.sight import may_find_self
from photoshare.web.answers import (
    SEE_OTHER,
    current_author,
    isolated,
    toast,
    wants_partial,
)
from photoshare.web.pages.photo_grid import photo_page
from photoshare.web.pages.words import Refusal, refusal
from photoshare.web.requests import (
    current_access,
    current_site,
    forget_room,
    numbers_of_form,
    open_to_readers,
    page_argument,
    people_argument,
)

CHOICES_PAGE_SIZE = 24  # people: a phone's screen and a half; a name is found by typing

blueprint = Blueprint("me", __name__, url_prefix="/rooms/<room_code>")


@blueprint.get("/me")
def show(room_code: str) -> str:
    """Show this guest's own album, or ask who they are; then show their uploads."""
    if wants_partial() and ("page" in request.args or "find" in request.args):
        return render_template("me/_self_choices_page.html", **_choices())
    return _page()


@blueprint.post("/me/person")
@open_to_readers
def choose_person(room_code: str) -> Response | tuple[str, int]:
    """Store which person this guest is; nobody else is told."""
    chosen = numbers_of_form("person")
    if not chosen:
        return _page(person_error=gettext("Please select at least one person.")), 422
    selves.choose_self(current_access(), chosen[0])
    toast(gettext("Here you are! You'll always find your photos under “Me”."))
    return redirect(url_for("people.show", person_id=chosen[0]), SEE_OTHER)


@blueprint.post("/me/person/forget")
@open_to_readers
def forget_person(room_code: str) -> Response:
    """Forget which person this guest said they are."""
    selves.forget_self(current_access())
    toast(gettext("Got it, that's not you."))
    return redirect(url_for("me.show"), SEE_OTHER)


@blueprint.post("/me/name")
def rename(room_code: str) -> Response | tuple[str, int]:
    """Change the name shown beside this guest's photos."""
    try:
        guests.rename_guest(current_access().guest.id, request.form.get("name", ""))
    except InvalidInputError as error:
        return _page(refused=refusal(error), name=request.form["name"]), 422
    toast(gettext("Your name is saved."))
    return redirect(url_for("me.show"), SEE_OTHER)


@blueprint.post("/leave")
@open_to_readers
def leave(room_code: str) -> Response:
    """Forget the room on this device, and the guest in the room; their uploads stay in it."""
    access = current_access()
    room = access.room
    guests.leave_room(access, current_site().storage)
    forget_room(room.id)
    toast(gettext("You've left “%(title)s” on this device.", title=isolated(room.title)))
    return redirect(url_for("rooms.index"), SEE_OTHER)


def _page(
    *, refused: Refusal | None = None, name: str | None = None, person_error: str | None = None
) -> str:
    access = current_access()
    album = open_album(access, guest_id=access.guest.id)
    own = selves.find_own_card(access)
    own_album = open_album(access, person_id=own.id) if own else None
    if own is None and may_find_self(access):
        current_site().jobs.prepare_for_selfie()
    return render_template(
        "me/show.html",
        access=access,
        album=album,
        page=photo_page(album),
        own=own,
        own_album=own_album,
        first_id=find_first(own_album) if own_album and own and own.photo_count > 1 else None,
        hiding=find_hiding(access),
        may_name=own is not None and _may_name(own),
        **({} if own else _choices()),
        person_error=person_error,
        name=access.guest.name if name is None else name,
        refused=refused,
    )


def _may_name(own: PersonCard) -> bool:
    """Whether the guest's name can be offered as the name of their person."""
    access = current_access()
    if own.name or not access.guest.name:
        return False
    return may_correct_person(current_author(), own.id)


def _choices() -> dict[str, Any]:
    """List who the guest may be: people of the same name first, then those with most photos."""
    access, query = current_access(), people_argument()
    name = fold_name(access.guest.name)
    cards = load_room_people(access).people
    alike_first = sorted(cards, key=lambda card: not name or fold_name(card.name or "") != name)
    found = find_people(alike_first, query)
    return {
        "people_page": page_of(found, page_argument(), CHOICES_PAGE_SIZE),
        "query": query,
        "total": len(cards),
        "nameless_count": sum(not card.name for card in cards),
    }
