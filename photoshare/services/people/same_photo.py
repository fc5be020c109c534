"""Ask for confirmation before two faces in one photo become one person."""

from __future__ import annotations

from collections.abc import Sequence

from photoshare.errors import SamePhotoError
from photoshare.models import NO_PERSON, Photo, db
from photoshare.services.corrections.change import Change


def check_scenes(
    change: Change, faces: Sequence[int], others: Sequence[int], *, is_sure: bool
) -> None:
    """Require confirmation before faces are joined of which two are in the same scene.

    Parameters
    ----------
    change : Change
    faces, others : sequences of int
        Face ids.
    is_sure : bool
        True: someone was asked and confirmed it.

    Raises
    ------
    SamePhotoError
        If two of them are in one scene and are not one person already.
    """
    seen: dict[tuple[int, int], int] = {}
    pairs = []
    for face in (*others, *faces):
        other = seen.setdefault(change.rows[face].scene, face)
        person_id = change.person_of[face]
        if other != face and (person_id == NO_PERSON or person_id != change.person_of[other]):
            pairs.append((other, face))
    if pairs and not is_sure:
        photo = db.session.get_one(Photo, change.rows[pairs[0][0]].photo_id)
        raise SamePhotoError(
            "Both appear in the photo %(file_name)s. Are they really the same person?",
            tuple(pairs),
            file_name=photo.file_name,
        )
