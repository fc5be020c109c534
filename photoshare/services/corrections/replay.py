"""Apply corrections given as plain data by the command line (docs/command-line.md).

A face is given by its photo's file name and a location, and is the face of that photo with the
largest overlap: a list made in one room, or by hand, works in another room.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sqlalchemy import select

from photoshare.errors import InvalidInputError, PhotoshareError
from photoshare.geometry import overlap_matrix
from photoshare.models import Face, Photo, db
from photoshare.services.corrections import verbs
from photoshare.services.rooms.entering import Author

LEAST_OVERLAP = 0.3  # intersection over union of a given location and a found face
EDGES = ("top", "right", "bottom", "left")

Entry = Mapping[str, Any]


def replay(room_id: int, entries: Any) -> int:
    """Apply corrections in order; return how many.

    Parameters
    ----------
    room_id : int
    entries : list of dict
        As docs/command-line.md describes them.

    Raises
    ------
    InvalidInputError
        At the first entry that cannot be applied, with its number; earlier entries stay applied.
    """
    if not isinstance(entries, list):
        raise InvalidInputError("The corrections must be a JSON list.")
    for number, entry in enumerate(entries, 1):
        try:
            _apply(room_id, entry)
        except KeyError as error:
            raise InvalidInputError(f"Correction {number} is missing {error.args[0]!r}.") from error
        except (TypeError, ValueError) as error:
            raise InvalidInputError(f"Correction {number} can't be read: {error}.") from error
        except PhotoshareError as error:
            raise InvalidInputError(f"Correction {number}: {error}") from error
    return len(entries)


def _apply(room_id: int, entry: Entry) -> None:
    kind = entry["correction"]
    if kind not in _APPLY:
        raise InvalidInputError(f"{kind!r} isn't one of {', '.join(_APPLY)}.")
    _APPLY[kind](Author(room_id), entry)


def _name(author: Author, entry: Entry) -> None:
    person = _person(author, entry["person"])
    verbs.name_person(author, person, str(entry["name"] or ""), is_another=True)


def _merge(author: Author, entry: Entry) -> None:
    people = _person(author, entry["person"]), _person(author, entry["into"])
    verbs.merge_people(author, *people, is_sure=_is_sure(entry))


def _move(author: Author, entry: Entry) -> None:
    into = None if entry.get("into") is None else _person(author, entry["into"])
    verbs.move_faces(author, _faces(author, entry), into, is_sure=_is_sure(entry))


def _reject(author: Author, entry: Entry) -> None:
    faces = _faces(author, entry)
    verbs.reject_faces(author, _person_of(faces[0]), faces)


def _not_a_face(author: Author, entry: Entry) -> None:
    verbs.mark_not_faces(author, _faces(author, entry))


def _hide(author: Author, entry: Entry) -> None:
    verbs.hide_person(author, _person(author, entry["person"]))


def _show(author: Author, entry: Entry) -> None:
    verbs.show_person(author, _person(author, entry["person"]))


def _cover(author: Author, entry: Entry) -> None:
    verbs.choose_cover(author, _face(author, entry["face"]))


def _different(author: Author, entry: Entry) -> None:
    faces, others = [_face(author, entry["face"])], [_face(author, entry["other"])]
    verbs.mark_different(author, faces, others)


_APPLY: dict[str, Callable[[Author, Entry], None]] = {
    "name": _name,
    "merge": _merge,
    "move": _move,
    "not_this_person": _reject,
    "not_a_face": _not_a_face,
    "hide": _hide,
    "show": _show,
    "cover": _cover,
    "different": _different,
}


def _is_sure(entry: Entry) -> bool:
    """Whether the person may be in one photo twice, for example in a mirror."""
    return entry.get("sure") is True


def _faces(author: Author, entry: Entry) -> list[int]:
    faces = [_face(author, one) for one in entry["faces"]]
    if not faces:
        raise InvalidInputError("It doesn't list any faces.")
    return faces


def _person(author: Author, place: Entry) -> int:
    """Find the person of the given face."""
    return _person_of(_face(author, place))


def _person_of(face_id: int) -> int:
    person_id = db.session.scalar(select(Face.person_id).where(Face.id == face_id))
    if person_id is None:
        raise InvalidInputError("This face doesn't belong to anyone yet.")
    return person_id


def _face(author: Author, place: Entry) -> int:
    """Find the face of a photo that overlaps the given location most; in a clip, at its time."""
    rows = db.session.scalars(
        select(Face)
        .join(Photo)
        .where(Photo.room_id == author.room_id, Photo.file_name == place["file"], Face.is_face)
        .order_by(Face.id)
    ).all()
    if place.get("at_ms") is not None:
        rows = [row for row in rows if row.at_ms == place["at_ms"]]
    wanted = np.array([[int(place[edge]) for edge in EDGES]], dtype=np.int64)
    locations = np.array([row.location for row in rows], dtype=np.int64).reshape(-1, 4)
    overlaps = overlap_matrix(wanted, locations)[0]
    if not len(overlaps) or overlaps.max() < LEAST_OVERLAP:
        raise InvalidInputError(f"There's no face at this location in {place['file']}.")
    return rows[int(overlaps.argmax())].id
