"""Answer htmx with partials and its headers; no other module knows these."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Flask, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

SEE_OTHER = HTTPStatus.SEE_OTHER  # after a form: the browser asks for the next page by GET


def wants_partial() -> bool:
    """Whether the request wants part of a page: sent by htmx, but not to restore history."""
    details: Any = request.htmx  # type: ignore[attr-defined]  # set by htmx-flask
    return bool(details) and not details.boosted and not details.history_restore_request


def render(page_template: str, partial_template: str, /, **context: Any) -> str:
    """Render the partial for htmx, or the page that includes it for everyone else."""
    return render_template(partial_template if wants_partial() else page_template, **context)


def redirect_or(partial: str, url: str, **context: Any) -> Response | BaseResponse:
    """Answer a form: htmx gets the changed partial, a plain browser is redirected to a page."""
    if wants_partial():
        return make_response(render_template(partial, **context))
    return redirect(url, SEE_OTHER)


def lead_away(url: str) -> Response | BaseResponse:
    """Lead to another page instead of answering; htmx has to leave the page for it as well."""
    if wants_partial():
        return make_response("", HTTPStatus.NO_CONTENT, {"HX-Redirect": url})
    return redirect(url, SEE_OTHER)


def with_event(response: Response, *names: str) -> Response:
    """Make htmx trigger events, named in the past tense, on the page that gets this response."""
    response.headers["HX-Trigger"] = ", ".join(names)
    return response


def with_address(response: Response, url: str) -> Response:
    """Make htmx replace the address of the page that gets this response."""
    response.headers["HX-Replace-Url"] = url
    return response


def init_app(app: Flask) -> None:
    """Tell caches that an address has two answers, and not to store pages of a room."""

    @app.after_request
    def mark_html(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.vary.add("HX-Request")
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response
