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
    OfGuest,
    OfPeople,
    OfPerson,
    WithoutFaces,
    open_album,
)
from photoshare.services.photos.close_ups import get_tile
from photoshare.services.photos.deleting import (
    delete_photo,
    may_delete,
)
from photoshare.services.photos.event_days import find_event_days
from photoshare.services.photos.listing import (
    count_photos,
    cursor_of,
    find_neighbours,
    find_position,
    get_photo,
    list_newest,
    list_photos,
)
from photoshare.services.photos.lost_photos import (
    check_originals,
    list_lost,
    note_faults,
)
from photoshare.services.photos.pictures import (
    delete_pictures_of_no_faces,
    find_face_picture,
    find_picture,
)
from photoshare.services.photos.room_cover import choose_cover, find_cover

__all__ = [
    "Album",
    "Chosen",
    "OfGuest",
    "OfPeople",
    "OfPerson",
    "WithoutFaces",
    "add_photo",
    "check_originals",
    "choose_cover",
    "clean_file_name",
    "count_photos",
    "cursor_of",
    "delete_photo",
    "delete_pictures_of_no_faces",
    "find_cover",
    "find_event_days",
    "find_face_picture",
    "find_known",
    "find_neighbours",
    "find_picture",
    "find_position",
    "get_photo",
    "get_tile",
    "list_lost",
    "list_newest",
    "list_photos",
    "may_delete",
    "note_faults",
    "open_album",
]
