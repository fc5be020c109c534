"""The web: thin views over the services, one blueprint for each kind of thing."""

from __future__ import annotations

from flask import Flask

from photoshare.web import (
    albums,
    corrections,
    errorhandlers,
    htmx,
    jobs,
    languages,
    me,
    numbers,
    pages,
    people,
    phone_app,
    photos,
    rooms,
    same_photo,
    security,
    sharing,
    suggestions,
    toasts,
    uploads,
    wall,
)


def init_app(app: Flask) -> None:
    """Give the app its checks, its error pages and its views."""
    for part in (numbers, security, errorhandlers, same_photo, htmx, languages, pages, toasts):
        part.init_app(app)
    room_views = (rooms, photos, uploads, people, corrections, suggestions, albums, jobs)
    for views in (*room_views, me, sharing, wall, phone_app, languages):
        app.register_blueprint(views.blueprint)
