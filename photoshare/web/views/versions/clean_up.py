"""Show a host all versions of photos, and put those into the bin that they don't keep."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from photoshare.services.photos import delete_photos
from photoshare.services.versions.clean_up import count_versions, find_left_over, list_stacks
from photoshare.web.answers import SEE_OTHER, page_before, say_deleted, toast
from photoshare.web.requests import (
    current_access,
    current_site,
    host_only,
    numbers_of_form,
    page_argument,
)

blueprint = Blueprint("clean_up", __name__, url_prefix="/rooms/<room_code>/clean-up")


@blueprint.get("")
@host_only
def index(room_code: str) -> str:
    """Show all photos with other versions, each side by side, page by page."""
    access = current_access()
    return render_template(
        "clean_up/index.html",
        access=access,
        page=list_stacks(access, page_argument()),
        versions_count=count_versions(access.room.id),
    )


@blueprint.post("")
@host_only
def clean(room_code: str) -> BaseResponse:
    """Put the versions of a page that aren't kept into the bin."""
    access = current_access()
    left = find_left_over(access, numbers_of_form("shown"), numbers_of_form("keep"))
    if left:
        say_deleted([delete_photos(access, left, current_site().storage)])
    else:
        toast(gettext("Nothing was deleted."))
    return redirect(page_before(url_for("clean_up.index")), SEE_OTHER)
