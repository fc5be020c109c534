"""Let hosts put the clocks of cameras right, as is suggested or as they say, or leave them be."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from photoshare.errors import InvalidInputError
from photoshare.pictures.capture_time import MAX_CAMERA
from photoshare.services.clocks import cameras, dismissing
from photoshare.services.clocks.shifting import shift_clock
from photoshare.web.answers import (
    SEE_OTHER,
    current_author,
    flash_with_undo,
    toast,
    wants_partial,
)
from photoshare.web.pages.words import Refusal, refusal, time_span
from photoshare.web.requests import (
    current_access,
    current_site,
    host_only,
    numbers_of_form,
    page_argument,
)

blueprint = Blueprint("clocks", __name__, url_prefix="/rooms/<room_code>/clocks")

_SECONDS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
_MOST_DIGITS = 6


@blueprint.get("")
@host_only
def index(room_code: str) -> str | tuple[str, int]:
    """List the cameras of the room; look at their clocks first, if photos have come; polls."""
    room_id = current_access().room.id
    is_checking = cameras.is_checking(room_id)
    if wants_partial():
        return ("", HTTPStatus.NO_CONTENT) if is_checking else _page("clocks/_list.html")
    if not is_checking and not cameras.is_checked(room_id):
        current_site().jobs.check_clocks(room_id)
    return _page()


@blueprint.post("/check")
@host_only
def check(room_code: str) -> Response:
    """Look at all clocks again, in the background."""
    current_site().jobs.check_clocks(current_access().room.id)
    return redirect(url_for("clocks.index"), SEE_OTHER)


@blueprint.post("")
@host_only
def shift(room_code: str) -> Response | tuple[str, int]:
    """Put the clock of a camera forward or back, by what the host says."""
    guest_id, camera = _camera_of_form()
    try:
        back = request.form.get("direction") == "back"
        return _shift(guest_id, camera, -_seconds_of_form() if back else _seconds_of_form())
    except InvalidInputError as error:
        return _page(refused=refusal(error), of=(guest_id, camera)), 422


@blueprint.post("/suggestion")
@host_only
def accept(room_code: str) -> Response:
    """Put the clock of a camera right, as is suggested."""
    guest_id, camera = _camera_of_form()
    shift_s = dismissing.get_suggestion(current_access().room.id, guest_id, camera)
    return _shift(guest_id, camera, shift_s)


@blueprint.post("/suggestion/dismiss")
@host_only
def dismiss(room_code: str) -> Response:
    """Put a suggestion aside: the clock is right, and it isn't suggested again."""
    dismissing.dismiss(current_author(), *_camera_of_form())
    toast(gettext("Suggestion put aside."))
    return redirect(url_for("clocks.index"), SEE_OTHER)


@blueprint.post("/suggestion/again")
@host_only
def show_again(room_code: str) -> Response:
    """Show a suggestion that was put aside."""
    dismissing.show_again(current_author(), *_camera_of_form())
    return redirect(url_for("clocks.index"), SEE_OTHER)


def _shift(guest_id: int | None, camera: str, shift_s: int) -> Response:
    correction_id = shift_clock(current_author(), guest_id, camera, shift_s)
    by = time_span(shift_s)
    if shift_s > 0:
        sentence = gettext("Clock put forward by %(time)s.", time=by)
    else:
        sentence = gettext("Clock put back by %(time)s.", time=by)
    flash_with_undo(sentence, correction_id, url_for("clocks.index"))
    return redirect(url_for("clocks.index"), SEE_OTHER)


def _camera_of_form() -> tuple[int | None, str]:
    guests = numbers_of_form("guest")  # empty: the command line
    return (guests[0] if guests else None), request.form.get("camera", "")[:MAX_CAMERA]


def _seconds_of_form() -> int:
    total = 0
    for name, seconds in _SECONDS.items():
        said = request.form.get(name, "").strip()
        if not (said.isascii() and said.isdecimal() and len(said) <= _MOST_DIGITS) and said:
            raise InvalidInputError("Please enter whole numbers.", field="minutes")
        total += int(said or 0) * seconds
    return total


def _page(
    template: str = "clocks/index.html",
    *,
    refused: Refusal | None = None,
    of: tuple[int | None, str] | None = None,
) -> str:
    access = current_access()
    return render_template(
        template,
        access=access,
        page=cameras.list_cameras(access.room.id, page_argument()),
        is_checking=cameras.is_checking(access.room.id),
        refused=refused,
        of=of,
    )
