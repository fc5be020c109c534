"""Render the grid of people once for everyone who requests it, until a face changes."""

from __future__ import annotations

from collections.abc import Sequence

from flask import render_template, request
from markupsafe import Markup

from photoshare.services.paging import page_of
from photoshare.services.people.finding import PeopleQuery, find_people
from photoshare.services.people.room_people import RoomPeople
from photoshare.services.rooms.entering import Access
from photoshare.services.shelf import Shelf
from photoshare.services.visibility.sight import sees_only_self
from photoshare.web.pages.languages import page_language

KEPT_CHARACTERS = 20_000_000  # a page of 60 people has 30,000
EVERYONE = PeopleQuery()
_drawn: Shelf[Markup] = Shelf(KEPT_CHARACTERS, len)


def draw_people(
    access: Access,
    template: str,
    found: RoomPeople,
    number: int,
    query: PeopleQuery = EVERYONE,
    chosen: Sequence[int] = (),
) -> Markup:
    """Render one page of a room's people, or reuse what was rendered for another request.

    Parameters
    ----------
    access : Access
    template : str
        Its variables are ``access``, of which it may only use what the cache key below contains,
        ``found``, ``query``, ``chosen``, and ``page``, a `ListPage` of cards.
    found : RoomPeople
    number : int
        Of the page.
    query : PeopleQuery
    chosen : sequence of int
        Ids of people who are chosen already; their cards are in ``chosen``, not in ``page``.
    """
    # Everything the result depends on besides the people: who may see what, the language, and the
    # parts of the address that links repeat.
    address = (request.script_root, (request.view_args or {})["room_code"])
    rights = (access.is_host, access.room.guests_may_correct)
    shown = (query.order, query.is_nameless)
    kind = (template, max(1, number), rights, page_language(), address, shown)

    def draw() -> Markup:
        others = [card for card in found.people if card.id not in chosen]
        html = render_template(
            template,
            access=access,
            found=found,
            query=query,
            chosen=[card for card in found.people if card.id in chosen],
            page=page_of(find_people(others, query), number),
        )
        return Markup(html)  # noqa: S704  # a template escapes

    # One guest's own: nobody else asks for the same.
    if query.words or chosen or sees_only_self(access):
        return draw()
    return _drawn.load(access.room.id, found.revision, draw, *kind)
