"""The web: thin views over the services, one blueprint for each kind of thing."""

from __future__ import annotations

from flask import Flask

from photoshare.web import numbers
from photoshare.web.answers import errorhandlers, htmx, same_photo, toasts
from photoshare.web.guards import security
from photoshare.web.pages import languages, template_helpers
from photoshare.web.views import (
    albums,
    corrections,
    jobs,
    me,
    people,
    phone_app,
    photos,
    rooms,
    sharing,
    suggestions,
    uploads,
    wall,
)


def init_app(app: Flask) -> None:
    """Give the app its checks, its error pages and its views."""
    for part in (
        numbers,
        security,
        errorhandlers,
        same_photo,
        htmx,
        languages,
        template_helpers,
        toasts,
    ):
        part.init_app(app)
    room_views = (rooms, photos, uploads, people, corrections, suggestions, albums, jobs)
    for views in (*room_views, me, sharing, wall, phone_app, languages):
        app.register_blueprint(views.blueprint)
