"""Report the outcome of uploads as a page, a partial, or a status for a script."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, make_response, redirect, render_template, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from photoshare.web.answers.htmx import SEE_OTHER, wants_partial, with_event
from photoshare.web.answers.toasts import toast
from photoshare.web.pages.words import count, number
from photoshare.web.requests import current_access, current_site


@dataclass(frozen=True, slots=True)
class UploadResult:
    """The outcome of one file of an upload."""

    file_name: str
    reason: str | None = None  # why it was refused
    is_duplicate: bool = False
    is_for_later: bool = False  # refused, but it may be accepted once there is space again
    is_waiting: bool = False  # for a host's yes

    @property
    def status(self) -> int:
        """Return the HTTP status for the outcome."""
        if self.reason:
            return 507 if self.is_for_later else 422
        if self.is_duplicate:
            return 200
        return 202 if self.is_waiting else 201


def answer_upload(results: list[UploadResult]) -> Response | BaseResponse:
    """Report the outcome for each file of an upload, and queue new photos for the face search."""
    new = [result for result in results if not result.reason and not result.is_duplicate]
    added = [result for result in new if not result.is_waiting]
    if added:
        current_site().jobs.search_photos(current_access().room.id)
    if wants_partial():
        response = make_response(render_template("photos/_upload_result.html", results=results))
        response.status_code = 201 if added else results[0].status
        return with_event(response, "photo-added") if added else response
    if any(result.reason for result in results):  # too much for a message: a cookie holds 4 KB
        is_any_safe = any(not result.reason for result in results)
        page = render_template("photos/uploaded.html", access=current_access(), results=results)
        return make_response(page, 200 if is_any_safe else 422)
    _flash_counts(len(added), len(new) - len(added), len(results) - len(new))
    return redirect(url_for("rooms.show"), SEE_OTHER)


def _flash_counts(added: int, waiting: int, duplicates: int) -> None:
    if added:
        toast(gettext("%(photos)s uploaded.", photos=count(added, "photo")))
    if waiting:
        toast(
            gettext(
                "%(photos)s sent to the host, to look at first.", photos=count(waiting, "photo")
            )
        )
    if duplicates:
        toast(
            ngettext(
                "%(number)s was already here.",
                "%(number)s were already here.",
                duplicates,
                number=number(duplicates),
            )
        )
