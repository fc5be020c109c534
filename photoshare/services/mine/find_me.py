"""Find a guest by a picture of themselves, which nothing keeps.

The picture is decoded in memory and compared with the room's faces. Neither it nor its encodings
are written to a file, the database or the log, and nobody is named by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photoshare.config import Settings
from photoshare.errors import InvalidInputError
from photoshare.faces.analysis import analyse_decoded
from photoshare.faces.likeness import Likeness, rank_by_face
from photoshare.faces.types import AnalysedFace, FaceEngine, FaceSet
from photoshare.models import NO_PERSON, Face, db, number_of
from photoshare.pictures.decoder_pool import DecoderPool
from photoshare.pictures.decoding import DecodedPhoto
from photoshare.services.corrections.verbs import move_faces
from photoshare.services.people.grouping import GroupingRule
from photoshare.services.people.people import PersonCard
from photoshare.services.people.room_faces import load_room_faces
from photoshare.services.people.room_people import load_room_people
from photoshare.services.people.selves import choose_self
from photoshare.services.rooms.entering import Access, Author

# Smaller faces of a picture of oneself are those of others, far behind.
SMALLEST_PERCENT = 5.0  # of the picture's longer side
MOST_FACES = 8  # of a picture with others, to say which of them one is
MOST_SHOWN = 6  # people and faces who may be one of them
# Beyond this multiple of eps it is hardly ever the same person (docs/evaluation.md, find me).
FAR = 1.3


@dataclass(frozen=True, slots=True)
class Candidate:
    """Someone whom the picture may show: a person, or a single face."""

    person: PersonCard | None  # None: the face, which has no person or was put there by mistake
    face_id: int  # the single face, or that of the person that is most similar
    owner_id: int  # whose the face is now; NO_PERSON if nobody's
    is_likely: bool


@dataclass(frozen=True, slots=True)
class PicturedFace:
    """A face in the picture, and who of the room it may be.

    Attributes
    ----------
    close_up : bytes
        The face, as JPEG.
    candidates : list of Candidate
        Most similar first.
    """

    close_up: bytes
    candidates: list[Candidate]

    @property
    def is_likely(self) -> bool:
        """Whether anyone of the room looks like it."""
        return any(candidate.is_likely for candidate in self.candidates)


def find_by_picture(
    access: Access,
    picture: bytes,
    *,
    engine: FaceEngine,
    rule: GroupingRule,
    decoders: DecoderPool,
    settings: Settings,
) -> list[PicturedFace]:
    """Find who of a room a picture shows, without keeping anything of it.

    Parameters
    ----------
    access : Access
        Guests do not find hidden people.
    picture : bytes
        A file, as it came.

    Returns
    -------
    list of PicturedFace
        The largest face first; at least one.

    Raises
    ------
    RejectedPhotoError
        If it is not a readable picture, or is over a limit.
    InvalidInputError
        If no face is found in it.
    """

    def decode(longer_side_px: int) -> DecodedPhoto:
        return decoders.decode(picture, settings, at_least_px=longer_side_px)

    found = analyse_decoded(decode, engine, smallest_face_percent=SMALLEST_PERCENT)
    if not found.faces:
        raise InvalidInputError(
            "There's no face to be found in this picture. Please try one that shows your face "
            "from the front, large and in good light."
        )
    largest = sorted(found.faces, key=_area, reverse=True)[:MOST_FACES]
    cards = load_room_people(access).cards(for_host=access.is_host)
    room = load_room_faces(access.room.id, rule.engine_name)
    is_shown = np.isin(room.faces.person_ids, [NO_PERSON, *cards])
    ids, faces = room.ids[is_shown], room.faces.subset(is_shown)

    def candidates(face: AnalysedFace) -> list[Candidate]:
        ranked = rank_by_face(faces, face.encoding, eps=rule.eps, limit=MOST_SHOWN)
        found = [_candidate(one, ids, faces, cards, rule) for one in ranked]
        # People are worth asking about whoever it is; a single face only if it is near.
        return [one for one in found if one.person or one.is_likely]

    return [PicturedFace(found.cover_of(face), candidates(face)) for face in largest]


def choose_face(access: Access, face_id: int, person_id: int) -> int:
    """Record that a guest is a single face, which gets an album by that; return the person.

    Whoever has found themselves by a picture may do so, even where guests correct nothing: the
    face is nobody's, or was put with someone else by mistake, and the host can undo it.

    Parameters
    ----------
    access : Access
    face_id : int
    person_id : int
        Whose the face was when the guest was asked; NO_PERSON if nobody's. If it has found another
        person since, the guest is that one.

    Raises
    ------
    NotFoundError
        If the face is gone, or its person is hidden.
    """
    face = db.session.get(Face, face_id)
    if face is None or number_of(face.person_id) in (NO_PERSON, person_id):
        author = Author(access.room.id, access.guest.id, is_host=False, may_correct_all=True)
        move_faces(author, [face_id], None)
        face = db.session.get_one(Face, face_id, populate_existing=True)
    chosen = number_of(face.person_id)
    choose_self(access, chosen)
    return chosen


def _area(face: AnalysedFace) -> int:
    top, right, bottom, left = face.location
    return (bottom - top) * (right - left)


def _candidate(
    one: Likeness,
    ids: NDArray[np.int64],
    faces: FaceSet,
    cards: Mapping[int, PersonCard],
    rule: GroupingRule,
) -> Candidate:
    return Candidate(
        cards.get(one.person_id),
        int(ids[one.row]),
        int(faces.person_ids[one.row]),
        one.distance <= FAR * rule.eps,
    )
