"""Host links: make their secrets, find a link by its secret, renew and remove it.

A secret is made of the app's key and the link's nonce, so that hosts can be shown their link again
although the database has only its hash. Where the key has changed, or the link is from before that,
the old link goes on working, but nobody can be shown it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from sqlalchemy import delete, select, update

from photoshare.db import of_app
from photoshare.errors import NotFoundError
from photoshare.models import (
    ApiToken,
    Guest,
    GuestSession,
    HostLink,
    LinkKind,
    OwnLink,
    Room,
    db,
    utc_now,
)
from photoshare.services.rooms import activity
from photoshare.services.rooms.activity import ActivityKind
from photoshare.services.rooms.hashing import hash_secret, is_right

EXTENSION = "host_links"  # key in app.extensions, of the key that secrets are made with
SECRET_BYTES = 20  # 160 bits: nobody finds one by trying, and its QR code stays small
MAX_SECRET = 100  # characters; ours have 27


def add_link(room_id: int, name: str = "") -> HostLink:
    """Add a host link to a room; the caller commits.

    Parameters
    ----------
    room_id : int
    name : str
        Of the co-host; empty for the room's first link.
    """
    link = HostLink(room_id=room_id, name=name)
    _give_secret(link)
    db.session.add(link)
    return link


def find_link(room: Room, secret: str) -> HostLink:
    """Find the link of a room that has this secret.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    if len(secret) <= MAX_SECRET:
        for link in list_links(room.id):
            if is_right(link.secret_hash, secret):
                return link
    raise NotFoundError("This host link isn't valid.")


def list_links(room_id: int) -> list[HostLink]:
    """List the host links of a room, the first one first."""
    query = select(HostLink).where(HostLink.room_id == room_id)
    return list(db.session.scalars(query.order_by(HostLink.name != "", HostLink.id)))


def secret_of(link: HostLink) -> str | None:
    """Return the secret of a link; None where it cannot be made again."""
    secret = make_secret(link.nonce)
    return secret if link.nonce and is_right(link.secret_hash, secret) else None


def renew_link(link: HostLink, *, staying_id: int | None = None) -> str:
    """Give a link a new secret, which is returned: the old one is worth nothing.

    Parameters
    ----------
    link : HostLink
    staying_id : int, optional
        The guest who remains host; everyone else who came by the link is out. Their browser needs
        another session.
    """
    _end_hosts(link, staying_id)
    secret = _give_secret(link)
    db.session.commit()
    return secret


def renew_first_link(room: Room) -> str:
    """Give a room a new first host link, for whoever runs the server; all by the old are out."""
    activity.note(room.id, ActivityKind.RENEWED_HOST_LINK)
    return renew_link(list_links(room.id)[0])


def remove_link(link: HostLink) -> None:
    """Remove a link; everyone who came by it is out, and a host no more."""
    _end_hosts(link, None)
    db.session.execute(delete(HostLink).where(HostLink.id == link.id))
    db.session.commit()


def _end_hosts(link: HostLink, staying_id: int | None) -> None:
    """End the browsers of all who came by a link; who stays is let in again by the caller.

    Their personal links end as well: each would make any browser the same host. So do their
    tokens, those of who stays as well: a copy of their cookie may have made some.
    """
    ids = list(db.session.scalars(select(Guest.id).where(Guest.host_link_id == link.id)))
    db.session.execute(delete(ApiToken).where(ApiToken.guest_id.in_(ids)))
    db.session.execute(delete(GuestSession).where(GuestSession.guest_id.in_(ids)))
    is_personal = OwnLink.kind == LinkKind.GUEST
    db.session.execute(delete(OwnLink).where(OwnLink.guest_id.in_(ids), is_personal))
    gone = update(Guest).where(Guest.id.in_(ids), Guest.id != (staying_id or 0))
    db.session.execute(gone.values(is_host=False, host_link_id=None))


def _give_secret(link: HostLink) -> str:
    link.nonce = secrets.token_urlsafe(SECRET_BYTES)
    link.created_at = utc_now()
    secret = make_secret(link.nonce)
    link.secret_hash = hash_secret(secret)
    return secret


def make_secret(nonce: str, *, purpose: str = "host link") -> str:
    """Make the secret of a link from its nonce and the key of this app.

    Parameters
    ----------
    nonce : str
    purpose : str
        What the link opens: the secret of one kind is worth nothing for another.
    """
    key: str = of_app(EXTENSION)
    digest = hmac.digest(key.encode(), f"{purpose} {nonce}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:SECRET_BYTES]).rstrip(b"=").decode()
