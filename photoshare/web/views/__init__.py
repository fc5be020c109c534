"""The pages: one module a blueprint, named as it; a view never imports a view."""

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
    suggestions,
    uploads,
    wall,
)
from photoshare.web.views.rooms import guests, links, rooms, take_home

BLUEPRINTS = tuple(
    page.blueprint
    for page in (
        *(rooms, photos, uploads, people, corrections, suggestions, albums, jobs),
        *(me, wall, phone_app, languages, guests, links, take_home),
    )
)
