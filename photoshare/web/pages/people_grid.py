"""Render the grid of people once for everyone who requests it, until a face changes."""

from __future__ import annotations

from flask import render_template, request
from markupsafe import Markup

from photoshare.services.people.room_people import RoomPeople
from photoshare.services.rooms.entering import Access
from photoshare.services.shelf import Shelf
from photoshare.web.pages.languages import page_language

KEPT_CHARACTERS = 20_000_000  # a page of 60 people has 30,000
_drawn: Shelf[Markup] = Shelf(KEPT_CHARACTERS, len)


def draw_people(access: Access, template: str, found: RoomPeople, number: int) -> Markup:
    """Render one page of a room's people, or reuse what was rendered for another request.

    Parameters
    ----------
    access : Access
    template : str
        Its variables are ``access``, of which it may only use what the cache key below contains,
        ``found``, and ``page``, a `ListPage` of cards.
    found : RoomPeople
    number : int
        Of the page.
    """
    page = found.page(number)
    # Everything the result depends on besides the people: who may see what, the language, and the
    # parts of the address that links repeat.
    address = (request.script_root, (request.view_args or {})["room_code"])
    kind = (template, page.number, access.is_host, page_language(), address)

    def draw() -> Markup:
        return Markup(render_template(template, access=access, found=found, page=page))  # noqa: S704  # a template escapes

    return _drawn.load(access.room.id, found.revision, draw, *kind)
