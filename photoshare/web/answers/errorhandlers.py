"""Turn errors into answers: only this module maps errors to HTTP statuses."""

from __future__ import annotations

import logging
from http import HTTPStatus

from flask import Flask, redirect, render_template, request, url_for
from flask_babel import lazy_gettext
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from photoshare.disk import BODY_DROPPED, is_disk_full
from photoshare.errors import (
    DiskFullError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    NotJoinedError,
    PasswordChangedError,
    PhotoshareError,
    RejectedPhotoError,
    RoomBinnedError,
    RoomEndedError,
    RoomFullError,
    RoomMovedError,
    SameNameError,
    SamePhotoError,
    ServerBusyError,
    StorageError,
    TokenError,
    TooManyAttemptsError,
    TooManyUploadsError,
    TryLaterError,
    WrongOffsetError,
    WrongPasswordError,
    disk_full_error,
)
from photoshare.web.answers.htmx import wants_partial
from photoshare.web.answers.toasts import keep_toasts
from photoshare.web.answers.way_back import form_page
from photoshare.web.api.problems import problem
from photoshare.web.pages.words import translate_error
from photoshare.web.requests import is_api_request

log = logging.getLogger(__name__)

STATUS_CODES: dict[type[PhotoshareError], int] = {
    NotFoundError: 404,
    NotJoinedError: 404,
    PasswordChangedError: 404,
    RoomEndedError: 404,
    TokenError: 401,
    RoomBinnedError: 404,
    NotAllowedError: 403,
    InvalidInputError: 422,
    WrongPasswordError: 422,
    RejectedPhotoError: 422,
    SameNameError: 409,
    SamePhotoError: 422,
    DiskFullError: 507,
    RoomFullError: 507,
    TooManyAttemptsError: 429,
    TooManyUploadsError: 429,
    WrongOffsetError: 409,
    ServerBusyError: 503,
    StorageError: 503,
}
SENTENCES = {
    404: lazy_gettext("This page doesn't exist, or only people in its room can see it."),
    405: lazy_gettext("This address doesn't accept that kind of request."),
    413: lazy_gettext("That's too much for one upload. Please choose fewer photos at a time."),
}
OTHER_SENTENCE = lazy_gettext("The server didn't understand this request.")
SERVER_SENTENCE = lazy_gettext("Something went wrong on the server. Its log has the details.")


def _answer(sentence: str, status: int, *, why: str | None = None) -> tuple[str | Response, int]:
    if is_api_request():
        return problem(sentence, status), status
    keep_toasts()
    template = "_alert.html" if wants_partial() else "error.html"
    if wants_partial() and status == 404 and request.endpoint == "jobs.current":
        template = "jobs/_gone.html"  # else an open page would poll a deleted room forever
    back_url = form_page() if status == 422 else None
    words = {"sentence": sentence, "status": status, "back_url": back_url, "why": why}
    return render_template(template, **words), status


def _handle_our_error(error: PhotoshareError) -> tuple[str | Response, int, dict[str, str]]:
    status = STATUS_CODES.get(type(error), 500)
    if status == 500:
        log.error("A request failed: %s", error)
    headers = {}
    if isinstance(error, TryLaterError):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, TokenError):
        headers["WWW-Authenticate"] = "Bearer"
    sentence = translate_error(error)
    why = sentence if isinstance(error, PasswordChangedError) else None
    return *_answer(sentence, status, why=why), headers


def _handle_ended_room(
    error: RoomEndedError,
) -> tuple[str, int] | tuple[str | Response, int, dict[str, str]]:
    """Say whose room it was, and who can still open it, wherever a whole page is wanted."""
    if wants_partial() or is_api_request():
        return _handle_our_error(error)
    keep_toasts()
    return render_template("rooms/ended.html", error=error), STATUS_CODES[RoomEndedError]


def _lead_to_bin(
    error: RoomBinnedError,
) -> Response | tuple[str | Response, int, dict[str, str]]:
    """Lead a host of a room in the bin to the page that restores it, wherever they are in it.

    Scripts and pictures learn that nothing is here: they can't read that page.
    """
    wants_page = "text/html" in request.headers.get("Accept", "text/html")
    if wants_partial() or is_api_request() or not wants_page:
        return _handle_our_error(error)
    return redirect(url_for("bin.room", room_code=error.code), HTTPStatus.SEE_OTHER)


def _lead_to_new_address(error: RoomMovedError) -> Response:
    """Lead who is in a room from a former address to the same page at the present one."""
    values = (request.view_args or {}) | {"room_code": error.code}
    url = url_for(str(request.endpoint), **values)
    query = request.query_string.decode()
    return redirect(f"{url}?{query}" if query else url, HTTPStatus.SEE_OTHER)


def _handle_http_error(error: HTTPException) -> tuple[str | Response, int]:
    status = error.code or 500
    return _answer(str(SENTENCES.get(status, OTHER_SENTENCE)), status)


def _handle_system_error(error: OSError) -> tuple[str | Response, int]:
    """Explain that a disk is full: that of the data folder or of the temporary folder."""
    if is_disk_full(error):
        return _answer(translate_error(disk_full_error()), STATUS_CODES[DiskFullError])
    raise error


def _handle_unexpected(_error: InternalServerError) -> tuple[str | Response, int]:
    return _answer(str(SERVER_SENTENCE), 500)


def _check_body() -> None:
    """Refuse a request whose body the web server did not keep (serving.request_bodies)."""
    error: PhotoshareError | None = request.environ.get(BODY_DROPPED)
    if error is not None:
        raise error


def init_app(app: Flask) -> None:
    """Answer every error with a page, or with an alert for htmx."""
    app.register_error_handler(PhotoshareError, _handle_our_error)
    app.register_error_handler(RoomEndedError, _handle_ended_room)
    app.register_error_handler(RoomBinnedError, _lead_to_bin)
    app.register_error_handler(RoomMovedError, _lead_to_new_address)
    app.register_error_handler(HTTPException, _handle_http_error)
    app.before_request(_check_body)
    app.register_error_handler(OSError, _handle_system_error)
    app.register_error_handler(InternalServerError, _handle_unexpected)
