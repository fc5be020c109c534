"""Define the pages: one module per blueprint; a view never imports another view."""

from __future__ import annotations

from photoshare.web.views import (
    albums,
    corrections,
    jobs,
    languages,
    me,
    people,
    phone_app,
    photos,
    rooms,
    suggestions,
    uploads,
    wall,
)

BLUEPRINTS = tuple(
    view.blueprint
    for view in (
        *(rooms, photos, uploads, people, corrections, suggestions, albums, jobs),
        *(me, wall, phone_app, languages),
    )
)
