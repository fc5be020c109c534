"""The photos of a room: added, listed as albums, shown, deleted, lost.

Other packages import from here, except for uploads and the wall, which one view uses each.
"""

from __future__ import annotations

from photoshare.services.photos.adding import (
    add_photo,
    clean_file_name,
    find_known,
)
from photoshare.services.photos.albums import (
    Album,
    Chosen,
    Filtered,
    OfGuest,
    OfPeople,
    OfPerson,
    Order,
    WholeRoom,
    open_album,
    start_ms,
)
from photoshare.services.photos.deleting import (
    DeletedPhotos,
    count_shared,
    delete_album,
    delete_for_good,
    delete_now,
    delete_photos,
    delete_photos_of,
    empty_bin,
    is_over,
    list_deletable,
    may_delete,
)
from photoshare.services.photos.filters import list_filters
from photoshare.services.photos.hearts import find_own_hearts, give_heart
from photoshare.services.photos.listing import (
    count_photos,
    cursor_of,
    find_first,
    find_neighbours,
    find_position,
    get_photo,
    has_behind,
    list_after,
    list_all,
    list_day,
    list_newest,
    list_photos,
    load_photos,
)
from photoshare.services.photos.lost_photos import (
    check_originals,
    list_lost,
    note_faults,
)
from photoshare.services.photos.moments import find_event_days
from photoshare.services.photos.restoring import (
    find_undoable,
    get_binned_photo,
    list_bin,
    restore_photos,
)
from photoshare.services.photos.room_cover import choose_cover, find_cover

__all__ = [
    "Album",
    "Chosen",
    "DeletedPhotos",
    "Filtered",
    "OfGuest",
    "OfPeople",
    "OfPerson",
    "Order",
    "WholeRoom",
    "add_photo",
    "check_originals",
    "choose_cover",
    "clean_file_name",
    "count_photos",
    "count_shared",
    "cursor_of",
    "delete_album",
    "delete_for_good",
    "delete_now",
    "delete_photos",
    "delete_photos_of",
    "empty_bin",
    "find_cover",
    "find_event_days",
    "find_first",
    "find_known",
    "find_neighbours",
    "find_own_hearts",
    "find_position",
    "find_undoable",
    "get_binned_photo",
    "get_photo",
    "give_heart",
    "has_behind",
    "is_over",
    "list_after",
    "list_all",
    "list_bin",
    "list_day",
    "list_deletable",
    "list_filters",
    "list_lost",
    "list_newest",
    "list_photos",
    "load_photos",
    "may_delete",
    "note_faults",
    "open_album",
    "restore_photos",
    "start_ms",
]
