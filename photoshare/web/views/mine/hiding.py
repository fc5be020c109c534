"""Let a guest ask not to be shown, and take that back."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from photoshare.services.mine import hiding
from photoshare.services.people import selves
from photoshare.services.pictures import delete_old_covers
from photoshare.services.visibility.covering import may_cover
from photoshare.web.answers import SEE_OTHER, toast
from photoshare.web.requests import current_access, current_site, open_to_readers

blueprint = Blueprint("hiding", __name__, url_prefix="/rooms/<room_code>")


@blueprint.get("/me/hide")
def ask(room_code: str) -> str:
    """Ask whether to hide this guest, and say what happens then."""
    access = current_access()
    return render_template(
        "hiding/ask.html",
        access=access,
        own=selves.find_own_card(access),
        hiding=hiding.find_hiding(access),
    )


@blueprint.post("/me/hide")
@open_to_readers
def hide(room_code: str) -> Response:
    """Hide this guest from everybody but themselves and the hosts; forget their face if wanted."""
    access, site = current_access(), current_site()
    hiding.hide_me(access, site.storage, forgets="forget" in request.form)
    delete_old_covers(site.storage, access.room.id)
    if may_cover(access.room):
        site.jobs.prepare_downloads(access.room.id)
    toast(gettext("You're hidden now. Only you and the host see your album."))
    return redirect(url_for("me.show"), SEE_OTHER)


@blueprint.post("/me/show")
@open_to_readers
def show(room_code: str) -> Response:
    """Take back that this guest asked not to be shown."""
    access, site = current_access(), current_site()
    hiding.show_me(access)
    delete_old_covers(site.storage, access.room.id)
    toast(gettext("Others can see you again."))
    return redirect(url_for("me.show"), SEE_OTHER)


@blueprint.post("/me/search-again")
@open_to_readers
def search_again(room_code: str) -> Response:
    """Let this guest's face be searched again, after it was forgotten."""
    access = current_access()
    hiding.search_me_again(access)
    current_site().jobs.search_photos(access.room.id)
    toast(gettext("Your face will be searched again."))
    return redirect(url_for("me.show"), SEE_OTHER)
