"""Receive the form that chooses the language of the pages."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from photoshare.errors import InvalidInputError
from photoshare.web.answers import SEE_OTHER, next_page
from photoshare.web.pages.languages import COOKIE, LANGUAGES

blueprint = Blueprint("languages", __name__)


@blueprint.post("/language")
def choose() -> Response:
    """Store the chosen language in a cookie, and return to the page."""
    language = request.form.get("language", "")
    if language not in LANGUAGES:
        raise InvalidInputError("Please choose a language from the list.")
    response = redirect(next_page(url_for("rooms.index")), SEE_OTHER)
    response.set_cookie(
        COOKIE,
        language,
        max_age=current_app.permanent_session_lifetime,
        path=current_app.config["SESSION_COOKIE_PATH"],
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return response
