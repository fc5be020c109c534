"""Requests: who asks, for what, how often they may, and of which site.

Views import from here; the modules tell how each check is made.
"""

from __future__ import annotations

from photoshare.web.requests.arguments import (
    album_argument,
    number_argument,
    number_list_argument,
    numbers_of_form,
    page_argument,
    people_argument,
)
from photoshare.web.requests.attempts import (
    guessing,
    limit_new_rooms,
    limit_searches,
    limit_uploads,
)
from photoshare.web.requests.invitation import enter, wanted_page
from photoshare.web.requests.room_pages import match_page
from photoshare.web.requests.security import (
    current_access,
    forget_room,
    host_only,
    is_api_request,
    may_upload,
    of_binned_room,
    open_to_readers,
    open_to_strangers,
    remember_guest,
    room_tokens,
)
from photoshare.web.requests.tokens import ADD, READ, current_token, needs, rights_of
from photoshare.web.site import current_site, site_of

__all__ = [
    "ADD",
    "READ",
    "album_argument",
    "current_access",
    "current_site",
    "current_token",
    "enter",
    "forget_room",
    "guessing",
    "host_only",
    "is_api_request",
    "limit_new_rooms",
    "limit_searches",
    "limit_uploads",
    "match_page",
    "may_upload",
    "needs",
    "number_argument",
    "number_list_argument",
    "numbers_of_form",
    "of_binned_room",
    "open_to_readers",
    "open_to_strangers",
    "page_argument",
    "people_argument",
    "remember_guest",
    "rights_of",
    "room_tokens",
    "site_of",
    "wanted_page",
]
