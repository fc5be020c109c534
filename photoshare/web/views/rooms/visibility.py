"""The page on which hosts choose who sees what in their room."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from photoshare.errors import InvalidInputError
from photoshare.models import Room
from photoshare.services.visibility import choosing
from photoshare.services.visibility.choosing import SightChoice
from photoshare.web.answers import SEE_OTHER, is_sure, toast
from photoshare.web.pages.words import Refusal, refusal
from photoshare.web.requests import (
    current_access,
    current_site,
    day_of_form,
    host_only,
    moment_of_form,
)

blueprint = Blueprint("visibility", __name__, url_prefix="/rooms/<room_code>/visibility")


@blueprint.get("")
@host_only
def show(room_code: str) -> str:
    """Show who sees what in the room, and let its host choose."""
    return _page()


@blueprint.post("")
@host_only
def change(room_code: str) -> Response | str | tuple[str, int]:
    """Change who sees what; asks first if that deletes what was found of faces."""
    access = current_access()
    try:
        chosen = _chosen(access.room)
        choosing.check_choice(chosen)
    except InvalidInputError as error:
        return _page(refusal(error)), 422
    if (lost := choosing.find_lost(access.room, chosen)) and not is_sure():
        fields = [*request.form.items(multi=True), ("is_sure", "1")]
        return render_template("visibility/faces_off.html", access=access, lost=lost, fields=fields)
    site = current_site()
    choosing.choose(access.room, chosen, site.storage, access.guest.id)
    if chosen.covers_faces:  # so that the first who downloads photos needn't wait for the copies
        site.jobs.prepare_downloads(access.room.id)
    toast(gettext("Saved. It counts from now on."))
    return redirect(url_for("visibility.show"), SEE_OTHER)


def _chosen(room: Room) -> SightChoice:
    """Read the form; a choice that it doesn't have stays as it is."""
    form = request.form
    return SightChoice(
        audience=form.get("audience", room.audience),
        faces_for=form.get("faces_for", room.faces_for),
        revealed_at=moment_of_form("revealed_at"),
        adds_until=day_of_form("adds_until"),
        covers_faces="covers_faces" in form,
    )


def _page(refused: Refusal | None = None) -> str:
    """Show the form with what holds in the room, or as it was sent."""
    access, form = current_access(), request.form
    room = access.room
    shown = {
        "audience": room.audience,
        "faces_for": room.faces_for,
        "covers_faces": room.covers_faces,
        "adds_until": room.adds_until or "",
        "revealed_at": f"{room.revealed_at:%Y-%m-%dT%H:%M}" if room.revealed_at else "",
    }
    if refused:
        texts = ("audience", "faces_for", "adds_until")
        shown |= {name: form[name] for name in texts if name in form}
        shown["covers_faces"] = "covers_faces" in form
        shown["revealed_at"] = _revealed_as_sent()
    return render_template("visibility/show.html", access=access, shown=shown, refused=refused)


def _revealed_as_sent() -> str:
    """Return the moment that was sent, in UTC as the field has it; if it's none, what was typed."""
    try:
        moment = moment_of_form("revealed_at")
    except InvalidInputError:
        return request.form["revealed_at"]
    return f"{moment:%Y-%m-%dT%H:%M}" if moment else ""
