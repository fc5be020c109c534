"""Store which person a guest says they are; nobody else is told.

The reference follows the person through merges, and returns when a merge is undone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from sqlalchemy import delete, or_, select, update

from photoshare.errors import NotAllowedError, NotFoundError
from photoshare.models import NO_PERSON, Guest, LinkKind, OwnLink, Person, db
from photoshare.services.people.people import PersonCard, find_card
from photoshare.services.rooms.entering import Access
from photoshare.services.visibility.sight import may_be_person, own_person_id, sees_only_self


def choose_self(access: Access, person_id: int, *, is_proven: bool = False) -> None:
    """Record which person a guest is.

    Parameters
    ----------
    access : Access
    person_id : int
        Someone whom they see or, where they see only themselves, whom they look like.
    is_proven : bool
        Whether a picture of themselves shows it (services/mine/find_me.py).

    Raises
    ------
    NotFoundError
        If the room has no such person for this browser.
    NotAllowedError
        If choosing from a list proves nothing in this room.
    """
    if sees_only_self(access) and not is_proven:
        raise NotAllowedError("In this room, you find yourself with a selfie.")
    person = db.session.get(Person, person_id)
    if person is None or not may_be_person(access, person, is_proven=is_proven):
        raise NotFoundError("This person no longer exists.")
    _write(access, person.id, is_proven=is_proven)


def forget_self(access: Access) -> None:
    """Forget who a guest said they are."""
    _write(access, None, is_proven=False)


def find_own_card(access: Access) -> PersonCard | None:
    """Load the card of the person that a guest is.

    Returns
    -------
    PersonCard or None
        None if they have not said, or the person is gone or hidden from them.
    """
    person_id = own_person_id(access)
    return None if person_id is None else find_card(access, person_id)


def count_new(access: Access, own: PersonCard) -> int:
    """Count the photos that came into a guest's own album since they last opened it."""
    seen = access.guest.own_seen_count
    return 0 if seen is None else max(0, own.photo_count - seen)


def has_lost(access: Access, own: PersonCard) -> bool:
    """Whether photos are gone from a guest's own album since they last opened it.

    Someone else moved them to another person, or they were deleted.
    """
    seen = access.guest.own_seen_count
    return seen is not None and (access.guest.has_lost or own.photo_count < seen)


def note_losses(person_ids: Collection[int], by_guest_id: int | None) -> None:
    """Let guests know that a correction took faces of theirs away; the caller commits.

    Parameters
    ----------
    person_ids : collection of int
        Who has fewer faces.
    by_guest_id : int or None
        The guest who corrected it, who knows.
    """
    theirs = Guest.person_id.in_(person_ids) & Guest.own_seen_count.is_not(None)
    others = update(Guest).where(theirs, Guest.id != (by_guest_id or 0), ~Guest.has_lost)
    db.session.execute(others.values(has_lost=True))


def remember_seen(access: Access, card: PersonCard) -> None:
    """Remember that a guest has opened their own album; nothing is written for another one."""
    guest = access.guest
    is_known = card.photo_count == guest.own_seen_count and not guest.has_lost
    if card.id != guest.person_id or is_known:
        return
    query = update(Guest).where(Guest.id == guest.id)
    db.session.execute(query.values(own_seen_count=card.photo_count, has_lost=False))
    db.session.commit()


def follow_merged(
    before: Mapping[int, int], after: Mapping[int, int], *, for_good: bool = False
) -> None:
    """Move guests to whoever now has more than half of their person's faces; the caller commits.

    Parameters
    ----------
    before, after : mapping of face id to person id
        Whose the faces were and are; NO_PERSON for unsorted ones. Only guests whose person has no
        face left are moved.
    for_good : bool
        True: no correction caused this, so it cannot be undone.
    """
    gone = set(before.values()) - set(after.values()) - {NO_PERSON}
    heirs: dict[int, Counter[int]] = {}
    for face, person in before.items():
        if person in gone:
            heirs.setdefault(person, Counter())[after.get(face, NO_PERSON)] += 1
    for person, counts in heirs.items():
        (heir, count), *_ = counts.most_common(1)
        if heir == NO_PERSON or 2 * count <= counts.total():
            continue  # split up, not merged: the guest is asked again
        values = {"person_id": heir} | ({"said_person_id": heir} if for_good else {})
        db.session.execute(update(Guest).where(Guest.person_id == person).values(values))


def follow_returned(room_id: int, returned: Collection[int], left: Collection[int]) -> None:
    """Return guests to the person they chose once that person is back; the caller commits.

    It is unknown which of the people the other guests are: they are asked again.

    Parameters
    ----------
    returned : collection of int
        People who have their faces again because a merge was undone.
    left : collection of int
        People who had these faces in between.
    """
    said = select(Person.id).where(Person.id == Guest.said_person_id).scalar_subquery()
    is_moved = Guest.person_id.in_(left) & (Guest.person_id != Guest.said_person_id)
    is_lost = Guest.person_id.is_(None) & Guest.said_person_id.in_(returned)
    query = update(Guest).where(Guest.room_id == room_id, or_(is_moved, is_lost))
    db.session.execute(query.values(person_id=said))


def _write(access: Access, person_id: int | None, *, is_proven: bool) -> None:
    """Write who a guest is; a link to the album of someone else never becomes one to theirs."""
    if person_id != access.guest.person_id:
        of_guest = delete(OwnLink).where(OwnLink.guest_id == access.guest.id)
        db.session.execute(of_guest.where(OwnLink.kind == LinkKind.ALBUM))
    db.session.execute(
        update(Guest)
        .where(Guest.id == access.guest.id)
        .values(
            person_id=person_id,
            said_person_id=person_id,
            is_proven=is_proven,
            own_seen_count=None,
            has_lost=False,
        )
    )
    db.session.commit()
