"""Who may correct which faces and people, and undo which corrections."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from sqlalchemy import exists, select

from photoshare.models import NO_PERSON, Correction, CorrectionFace, Face, Guest, Person, Photo, db
from photoshare.services.corrections.events import CorrectionKind
from photoshare.services.rooms.entering import Author


def may_correct_person(author: Author, person_id: int) -> bool:
    """Whether the author may correct a person as a whole: name, merge, hide."""
    if author.may_correct([]):
        return True
    uploaders = select(Photo.guest_id).join(Face).where(Face.person_id == person_id).distinct()
    return author.may_correct(db.session.scalars(uploaders).all())


def may_correct_some(author: Author, person_id: int | None = None) -> bool:
    """Whether the author may correct any face: of this person, or of the room."""
    if author.may_correct([]):
        return True
    if author.sees_only is not None:
        return person_id == author.sees_only and not author.is_read_only
    own = exists().where(Photo.guest_id == author.guest_id)
    if person_id is not None:
        own = own.where(Face.photo_id == Photo.id, Face.person_id == person_id)
    return bool(db.session.scalar(select(own)))


def may_undo(author: Author, correction: Correction) -> bool:
    """Whether the author may undo this correction: the host any, a guest their own of faces."""
    if author.is_host:
        return True
    if correction.kind == CorrectionKind.CLOCK:  # of someone who was a host
        return False
    is_own = author.guest_id is not None and correction.guest_id == author.guest_id
    return is_own and (author.sees_only is None or _is_of_own_album(author, correction))


def _is_of_own_album(author: Author, correction: Correction) -> bool:
    """Whether a correction took faces out of the album of an author who sees only that."""
    of_it = select(CorrectionFace.person_before).where(
        CorrectionFace.correction_id == correction.id
    )
    owners = set(db.session.scalars(of_it))
    return correction.kind == CorrectionKind.NOT_THIS_PERSON and owners == {author.sees_only}


def are_hidden(author: Author, people: AbstractSet[int | None]) -> bool:
    """Whether one of these people is hidden from the author; nobody is who hid themselves."""
    if author.sees_only is not None:
        return not people <= {author.sees_only} - {NO_PERSON}
    is_own = exists().where(Guest.id == author.guest_id, Guest.person_id == Person.id)
    hidden = select(Person.id).where(Person.room_id == author.room_id, Person.is_hidden)
    hidden = hidden.where(~(Person.has_asked & is_own))
    return not author.is_host and not people.isdisjoint(db.session.scalars(hidden))
