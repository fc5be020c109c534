"""Take a room home: choose how, prepare the zip, and download it."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from photoshare.errors import InvalidInputError
from photoshare.services.downloads.file_names import safe_name
from photoshare.services.rooms import activity
from photoshare.services.take_home import packs
from photoshare.services.take_home.room_file import Choice, Folders
from photoshare.services.take_home.room_zip import find_zip
from photoshare.services.take_home.state import bytes_by_folders, take_home_state
from photoshare.web.answers import SEE_OTHER, send_source, wants_partial
from photoshare.web.requests import current_access, current_site, host_only

blueprint = Blueprint("take_home", __name__, url_prefix="/rooms/<room_code>/take-home")


@blueprint.get("")
@host_only
def index(room_code: str) -> str:
    """Show what a room file has, the form that prepares one, and how far it is; polls."""
    access = current_access()
    room_id = access.room.id
    state = take_home_state(room_id, current_site().storage)
    if wants_partial():
        return render_template("take_home/_state.html", access=access, state=state)
    return render_template(
        "take_home/index.html", access=access, state=state, sizes=bytes_by_folders(room_id)
    )


@blueprint.post("")
@host_only
def prepare(room_code: str) -> Response:
    """Prepare a room file as the host has chosen, in the background."""
    room_id, site = current_access().room.id, current_site()
    try:
        by = Folders(request.form.get("by", ""))
    except ValueError as error:
        raise InvalidInputError("Please choose how the photos are sorted.", field="by") from error
    choice = Choice(
        by,
        has_encodings="has_encodings" in request.form,
        # Names of folders; the number is put in for each person.
        unnamed=gettext("Person %(number)s", number="%(number)s"),
        nobody=gettext("Nobody"),
    )
    packs.wish(site.storage, room_id, choice)
    site.jobs.take_home(room_id)
    return redirect(url_for("take_home.index"), SEE_OTHER)


@blueprint.get("/<stamp>.zip")
@host_only
def download(room_code: str, stamp: str) -> Response:
    """Send a prepared room file; a broken download resumes."""
    access, site = current_access(), current_site()
    made = find_zip(access.room.id, stamp, site.storage, site.zips)
    if request.method == "GET" and "Range" not in request.headers:
        activity.note_download(access.room.id, access.guest.id)
    return send_source(
        partial(site.zips.open, made.key),
        made.layout.size_bytes,
        etag=made.stamp,
        mime_type="application/zip",
        name=safe_name(access.room.title) + ".zip",
    )
