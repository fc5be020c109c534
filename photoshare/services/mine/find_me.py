"""Find a guest by a picture of themselves, which nothing keeps.

The picture is decoded in memory and compared with the room's faces. Neither it nor its encodings
are written to a file, the database or the log, and nobody is named by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from photoshare.config import Settings
from photoshare.errors import InvalidInputError, NotAllowedError
from photoshare.faces.analysis import analyse_decoded
from photoshare.faces.likeness import Likeness, proofs, rank_by_face
from photoshare.faces.types import AnalysedFace, FaceEngine, FaceSet
from photoshare.models import NO_PERSON, Audience, Face, FacesFor, db, number_of
from photoshare.pictures.decoder_pool import DecoderPool
from photoshare.pictures.decoding import DecodedPhoto
from photoshare.services.corrections.verbs import move_faces
from photoshare.services.people.grouping import GroupingRule
from photoshare.services.people.people import PersonCard
from photoshare.services.people.room_faces import load_room_faces
from photoshare.services.people.room_people import load_everybody
from photoshare.services.people.selves import choose_self
from photoshare.services.rooms.entering import Access, Author
from photoshare.services.visibility.sight import may_find_self, sees_only_self

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
class Offer:
    """Who a guest may say they are, because their picture looks like it.

    Attributes
    ----------
    face_id : int
        The most similar face.
    owner_id : int
        Whose it was; NO_PERSON if nobody's.
    is_person : bool
        Whether the guest may be the owner, or only the face.
    """

    face_id: int
    owner_id: int
    is_person: bool


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
        Guests do not find hidden people. Who sees only themselves finds who surely looks like them,
        and no face that was put with someone else by mistake.
    picture : bytes
        A file, as it came.

    Returns
    -------
    list of PicturedFace
        The largest face first; at least one.

    Raises
    ------
    NotAllowedError
        If nobody can find themselves in this room.
    RejectedPhotoError
        If it is not a readable picture, or is over a limit.
    InvalidInputError
        If no face is found in it.
    """
    check_may_find(access)

    def decode(longer_side_px: int) -> DecodedPhoto:
        return decoders.decode(picture, settings, at_least_px=longer_side_px)

    found = analyse_decoded(decode, engine, smallest_face_percent=SMALLEST_PERCENT)
    if not found.faces:
        raise InvalidInputError(
            "There's no face to be found in this picture. Please try one that shows your face "
            "from the front, large and in good light."
        )
    largest = sorted(found.faces, key=_area, reverse=True)[:MOST_FACES]
    cards = load_everybody(access.room.id).cards(for_host=access.is_host)
    is_strict = sees_only_self(access)
    room = load_room_faces(access.room.id, rule.engine_name)
    is_shown = np.isin(room.faces.person_ids, [NO_PERSON, *cards])
    ids, faces = room.ids[is_shown], room.faces.subset(is_shown)

    def candidates(face: AnalysedFace) -> list[Candidate]:
        ranked = rank_by_face(faces, face.encoding, eps=rule.eps, limit=MOST_SHOWN)
        if is_strict:  # whoever is offered is shown to a stranger to them
            ranked = proofs(ranked, rule.eps)
        found = [_candidate(one, ids, faces, cards, rule) for one in ranked]
        return [one for one in found if one.person or _is_free(one, is_strict=is_strict)]

    return [PicturedFace(found.cover_of(face), candidates(face)) for face in largest]


def _is_free(face: Candidate, *, is_strict: bool) -> bool:
    """Whether a single face is worth asking about: it is near, or nobody's where a picture proves.

    People are worth it whoever they are.
    """
    return face.owner_id == NO_PERSON if is_strict else face.is_likely


def check_may_find(access: Access) -> None:
    """Refuse a search where nobody can find themselves, and say why.

    Raises
    ------
    NotAllowedError
    """
    if may_find_self(access):
        return
    if access.room.faces_for == FacesFor.NOBODY:
        raise NotAllowedError("No faces are searched in this room.")
    if access.room.audience == Audience.LATER:
        raise NotAllowedError("You can look for yourself once the photos are shown to everybody.")
    raise NotAllowedError("Only the host sees the photos of this room.")


def choose_offered(access: Access, offer: Offer) -> int:
    """Record that a guest is who a picture of themselves looks like; return the person.

    A single face gets an album by that. Whoever has found themselves by a picture may do so, even
    where guests correct nothing: the face is nobody's, or was put with someone else by mistake, and
    the host can undo it. If it has found another person since, the guest is that one.

    Raises
    ------
    NotAllowedError
        If nobody can find themselves in this room by now.
    NotFoundError
        If the face or the person is gone, or hidden.
    """
    check_may_find(access)
    chosen = offer.owner_id if offer.is_person else _person_of_face(access, offer)
    choose_self(access, chosen, is_proven=True)
    return chosen


def _person_of_face(access: Access, offer: Offer) -> int:
    face = db.session.get(Face, offer.face_id)
    if face is None or number_of(face.person_id) in (NO_PERSON, offer.owner_id):
        author = Author(access.room.id, access.guest.id, is_host=False, may_correct_all=True)
        move_faces(replace(author, is_read_only=access.is_read_only), [offer.face_id], None)
        face = db.session.get_one(Face, offer.face_id, populate_existing=True)
    return number_of(face.person_id)


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
