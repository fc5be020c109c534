"""Requests: who asks, for what, how often they may, and of which site.

Views import from here; the modules tell how each check is made.
"""

from __future__ import annotations

from photoshare.web.requests.arguments import (
    BEHIND,
    album_argument,
    as_asked,
    changed_at_of_form,
    day_of_form,
    days_of_form,
    end_date_of_form,
    moment_of_form,
    number_argument,
    number_list_argument,
    numbers_of_form,
    page_argument,
    people_argument,
)
from photoshare.web.requests.attempts import guessing, limit_searches, limit_uploads
from photoshare.web.requests.covering import (
    cover_for_all,
    covering_mark,
    current_covering,
    is_at_present_address,
)
from photoshare.web.requests.invitation import enter, wanted_page
from photoshare.web.requests.owner import (
    check_may_open_rooms,
    check_opens_room,
    is_owner,
    log_in,
    log_out,
    may_open_rooms,
    needs_owner_password,
    was_owner,
)
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
    "BEHIND",
    "READ",
    "album_argument",
    "as_asked",
    "changed_at_of_form",
    "check_may_open_rooms",
    "check_opens_room",
    "cover_for_all",
    "covering_mark",
    "current_access",
    "current_covering",
    "current_site",
    "current_token",
    "day_of_form",
    "days_of_form",
    "end_date_of_form",
    "enter",
    "forget_room",
    "guessing",
    "host_only",
    "is_api_request",
    "is_at_present_address",
    "is_owner",
    "limit_searches",
    "limit_uploads",
    "log_in",
    "log_out",
    "match_page",
    "may_open_rooms",
    "may_upload",
    "moment_of_form",
    "needs",
    "needs_owner_password",
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
    "was_owner",
]
