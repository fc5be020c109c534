"""Links that guests make: to themselves, for another device, and to their album, for a friend.

A secret is made of the app's key and the link's nonce, like that of a host link, so that guests can
be shown their link again although the database has only its hash. Both kinds end when the guest
leaves or is removed.
"""

from __future__ import annotations

import secrets

from sqlalchemy import delete, select

from photoshare.errors import NotFoundError
from photoshare.models import ApiToken, Guest, GuestSession, LinkKind, OwnLink, Room, db
from photoshare.services.rooms.entering import Access, find_any_room, find_room
from photoshare.services.rooms.host_links import MAX_SECRET, SECRET_BYTES, make_secret
from photoshare.services.rooms.sessions import hash_token


def find_own_link(access: Access, kind: LinkKind) -> OwnLink | None:
    """Find the link that this guest has made; None if they have none."""
    of_guest = select(OwnLink).where(OwnLink.guest_id == access.guest.id)
    return db.session.scalar(of_guest.where(OwnLink.kind == kind))


def make_own_link(access: Access, kind: LinkKind) -> OwnLink:
    """Make a link of a guest; the former one of this kind is worth nothing.

    By a new personal link, all other browsers of the guest are out: one of them may be a stranger's
    who got hold of the old link. So are a host's tokens, of which that browser may have made some.
    The caller opens another session for this one.
    """
    _remove(access.guest.id, kind)
    nonce = secrets.token_urlsafe(SECRET_BYTES)
    link = OwnLink(guest_id=access.guest.id, kind=kind, nonce=nonce)
    link.secret_hash = hash_token(make_secret(nonce, purpose=_purpose(kind)))
    db.session.add(link)
    if kind is LinkKind.GUEST:
        others = delete(GuestSession).where(GuestSession.guest_id == access.guest.id)
        db.session.execute(others.where(GuestSession.id != access.session_id))
        db.session.execute(delete(ApiToken).where(ApiToken.guest_id == access.guest.id))
    db.session.commit()
    return link


def remove_own_link(access: Access, kind: LinkKind) -> None:
    """Take a link back: it is worth nothing from now on."""
    _remove(access.guest.id, kind)
    db.session.commit()


def secret_of_own(link: OwnLink) -> str | None:
    """Return the secret of a link; None where the app's key has changed since."""
    secret = make_secret(link.nonce, purpose=_purpose(link.kind))
    return secret if hash_token(secret) == link.secret_hash else None


def find_by_secret(kind: LinkKind, secret: str) -> tuple[OwnLink, Guest, Room]:
    """Find a link by its secret, with whose it is and in which room.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    query = (
        select(OwnLink, Guest, Room)
        .join(Guest, Guest.id == OwnLink.guest_id)
        .join(Room, Room.id == Guest.room_id)
        .where(OwnLink.kind == kind, OwnLink.secret_hash == hash_token(secret[:MAX_SECRET]))
    )
    found = db.session.execute(query).first()
    if found is None:
        raise NotFoundError("This link isn't valid. Perhaps it was taken back.")
    link, guest, room = found
    return link, guest, room


def find_guest_of_link(code: str, secret: str) -> tuple[OwnLink, Guest, Room]:
    """Find who a personal link makes of a browser, by the room's present code or a former one.

    After the end of the room as well: guests who are in may still look then, and no one new comes
    in. A browser that comes in by it entered when the link was made: the link of a guest who has
    not given the room's new password does not give it either.

    Raises
    ------
    NotFoundError
        If the room has no such link.
    RoomEndedError
        If the room is in the bin, or the code is a former one and the secret wrong.
    """
    asked = find_any_room(code)
    try:
        link, guest, room = find_by_secret(LinkKind.GUEST, secret)
        if room.id != asked.id:
            raise NotFoundError("This link isn't valid. Perhaps it was taken back.")
    except NotFoundError:
        find_room(code)
        raise
    find_room(room.code)  # which is not open to anyone in the bin
    return link, guest, room


def _remove(guest_id: int, kind: LinkKind) -> None:
    of_guest = delete(OwnLink).where(OwnLink.guest_id == guest_id)
    db.session.execute(of_guest.where(OwnLink.kind == kind))


def _purpose(kind: str) -> str:
    return f"{kind}'s own link"
