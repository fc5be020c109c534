"""The pages: one module a blueprint, named as it; a view never imports a view."""

from __future__ import annotations

from photoshare.web.views import (
    albums,
    corrections,
    jobs,
    languages,
    moderation,
    owner,
    people,
    phone_app,
    photos,
    suggestions,
    uploads,
    wall,
)
from photoshare.web.views.about import what_is_stored
from photoshare.web.views.api import v1
from photoshare.web.views.mine import find_me, hiding, me, own_links, shared_album
from photoshare.web.views.rooms import (
    activity,
    api_tokens,
    bin,
    clocks,
    ending,
    guests,
    links,
    rooms,
    take_home,
    visibility,
)
from photoshare.web.views.versions import clean_up, versions

BLUEPRINTS = tuple(
    page.blueprint
    for page in (
        *(rooms, photos, uploads, people, corrections, suggestions, albums, jobs),
        *(
            me,
            find_me,
            hiding,
            own_links,
            shared_album,
            wall,
            phone_app,
            languages,
            v1,
            owner,
            take_home,
        ),
        *(guests, links, api_tokens, bin, ending, moderation, activity),
        *(visibility, what_is_stored, clocks, versions, clean_up),
    )
)
