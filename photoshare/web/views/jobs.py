"""Start the face search, report its progress, and report the health of the server."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from photoshare.services.visibility.sight import sees_all_photos
from photoshare.services.work import job_table
from photoshare.services.work.progress import progress_for
from photoshare.web.answers import page_before, redirect_or, wants_partial, with_event
from photoshare.web.requests import current_access, current_site

blueprint = Blueprint("jobs", __name__)


@blueprint.post("/rooms/<room_code>/jobs")
def create(room_code: str) -> Response | BaseResponse:
    """Start the search for people: waiting and given-up photos, and the unsorted faces."""
    access = current_access()
    room_id = access.room.id
    current_site().jobs.find_people(room_id)
    return redirect_or(
        "jobs/_status.html",
        page_before(url_for("rooms.show")),
        access=access,
        progress=progress_for(access),
    )


@blueprint.get("/rooms/<room_code>/jobs/current")
def current(room_code: str) -> Response:
    """Report how far the search is; 204 if nothing has changed since ``seen``."""
    access, seen = current_access(), request.args.get("seen", "")
    is_room_same = sees_all_photos(access) and job_table.is_up_to_date(access.room, seen)
    if wants_partial() and is_room_same:
        return make_response("", 204)
    progress = progress_for(access)
    if wants_partial() and progress.stamp == seen:
        return make_response("", 204)
    if not wants_partial():
        return make_response(render_template("jobs/show.html", access=access, progress=progress))
    response = make_response(render_template("jobs/_status.html", access=access, progress=progress))
    seen_photos = seen.partition("-")[0]
    events = ["people-changed"]
    if seen_photos != str(progress.photo_count):
        events.append("photos-changed")
    return with_event(response, *events)


@blueprint.get("/healthz")
def health() -> Response:
    """Report to a monitor whether each part works; 503 if one fails that is needed for all."""
    is_good, text = current_site().health.examine()
    response = make_response(text, 200 if is_good else 503)
    response.headers["Cache-Control"] = "no-store"
    response.mimetype = "text/plain"
    return response
