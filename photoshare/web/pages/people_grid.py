"""The grid of people: drawn once for everybody who asks for it, until a face changes."""

from __future__ import annotations

from flask import render_template, request
from markupsafe import Markup

from photoshare.services.paging import page_of
from photoshare.services.people.room_people import RoomPeople
from photoshare.services.rooms.entering import Access
from photoshare.services.shelf import Shelf
from photoshare.web.pages.languages import page_language

KEPT_CHARACTERS = 20_000_000  # a page of 60 people has 30,000
_drawn: Shelf[Markup] = Shelf(KEPT_CHARACTERS, len)


def draw_people(access: Access, template: str, found: RoomPeople, number: int) -> Markup:
    """Draw one page of a room's people, or take what was drawn for somebody else.

    Parameters
    ----------
    access : Access
    template : str
        Its variables are ``access``, of which it may use what is kept apart here, ``found`` and
        ``page``, a `ListPage` of cards.
    found : RoomPeople
    number : int
        Of the page.
    """
    page = page_of(found.people, number)
    # All that a drawing depends on besides the people: who may see what, the language, the address
    # as far as links repeat it.
    address = (request.script_root, (request.view_args or {})["room_code"])
    kind = (template, page.number, access.is_host, page_language(), address)

    def draw() -> Markup:
        return Markup(render_template(template, access=access, found=found, page=page))  # noqa: S704  # a template escapes

    return _drawn.load(access.room.id, found.revision, draw, *kind)
