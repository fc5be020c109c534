"""The web: thin views over the services, one blueprint for each kind of thing."""

from __future__ import annotations

from flask import Flask

from photoshare.web import (
    albums,
    corrections,
    errorhandlers,
    htmx,
    jobs,
    numbers,
    pages,
    people,
    photos,
    rooms,
    security,
    suggestions,
    uploads,
)


def init_app(app: Flask) -> None:
    """Give the app its checks, its error pages and its views."""
    for part in (numbers, security, errorhandlers, htmx, pages):
        part.init_app(app)
    for views in (rooms, photos, uploads, people, corrections, suggestions, albums, jobs):
        app.register_blueprint(views.blueprint)
