"""Smaller pictures of photos, pictures of faces, and tiles for a close look.

Other packages import from here.
"""

from __future__ import annotations

from photoshare.services.pictures.close_ups import get_tile
from photoshare.services.pictures.covered import (
    blurred_face,
    cover_maker,
    delete_old_covers,
    face_of_copy,
    find_covered_picture,
)
from photoshare.services.pictures.smaller import (
    delete_pictures_of_no_faces,
    find_face_picture,
    find_picture,
    read_face_picture,
)

__all__ = [
    "blurred_face",
    "cover_maker",
    "delete_old_covers",
    "delete_pictures_of_no_faces",
    "face_of_copy",
    "find_covered_picture",
    "find_face_picture",
    "find_picture",
    "get_tile",
    "read_face_picture",
]
