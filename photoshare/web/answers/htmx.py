"""Which answer a request wants, and the headers that htmx reads; the only place that knows them."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

SEE_OTHER = 303  # after a form: the browser asks for the next page by GET


def wants_partial() -> bool:
    """Whether the request asks for a part of a page: sent by htmx, not by the history."""
    details: Any = request.htmx  # type: ignore[attr-defined]  # set by htmx-flask
    return bool(details) and not details.boosted and not details.history_restore_request


def render(page_template: str, partial_template: str, /, **context: Any) -> str:
    """Render the partial for htmx and the page that includes it for everybody else."""
    return render_template(partial_template if wants_partial() else page_template, **context)


def redirect_or(partial: str, url: str, **context: Any) -> Response | BaseResponse:
    """Answer a form: htmx gets the changed partial, a plain browser is sent to a page."""
    if wants_partial():
        return make_response(render_template(partial, **context))
    return redirect(url, SEE_OTHER)


def with_event(response: Response, *names: str) -> Response:
    """Let htmx announce events, in the past tense, on the page that gets this response."""
    response.headers["HX-Trigger"] = ", ".join(names)
    return response


def with_address(response: Response, url: str) -> Response:
    """Let htmx show another address for the page that gets this response, in place of its own."""
    response.headers["HX-Replace-Url"] = url
    return response


def init_app(app: Flask) -> None:
    """Tell caches that one address has two answers, and to keep no page of a room."""

    @app.after_request
    def mark_html(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.vary.add("HX-Request")
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response
