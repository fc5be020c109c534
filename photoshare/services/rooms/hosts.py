"""The host links of a room, as its hosts manage them.

Who came by the first link manages all, co-hosts their own: a co-host cannot lock out the host who
made them one.
"""

from __future__ import annotations

from photoshare.errors import InvalidInputError, NotAllowedError, NotFoundError
from photoshare.models import HostLink, db
from photoshare.services.rooms import activity, host_links
from photoshare.services.rooms.activity import ActivityKind
from photoshare.services.rooms.entering import Access, checked_name

MAX_LINKS = 20  # of a room: whoever opens one tries the secret of each


def is_first_host(access: Access) -> bool:
    """Whether this browser became host by the room's first link."""
    link = own_link(access)
    return access.is_host and link is not None and not link.name


def check_first_host(access: Access) -> None:
    """Refuse co-hosts, and guests.

    Raises
    ------
    NotAllowedError
    """
    if not is_first_host(access):
        raise NotAllowedError("Only a host who came by the room's first host link can do this.")


def own_link(access: Access) -> HostLink | None:
    """Load the link by which this browser became host."""
    link_id = access.guest.host_link_id
    return None if link_id is None else db.session.get(HostLink, link_id)


def list_co_hosts(access: Access) -> list[HostLink]:
    """List the links of co-hosts; to co-hosts none."""
    if not is_first_host(access):
        return []
    return [link for link in host_links.list_links(access.room.id) if link.name]


def get_link(access: Access, link_id: int) -> HostLink:
    """Load a link that this host may manage.

    Raises
    ------
    NotFoundError
        If the room has no such link.
    NotAllowedError
        If it is not theirs, and they are a co-host.
    """
    link = db.session.get(HostLink, link_id)
    if link is None or link.room_id != access.room.id:
        raise NotFoundError("This host link no longer exists.")
    if link.id != access.guest.host_link_id:
        check_first_host(access)
    return link


def add_co_host(access: Access, name: str) -> HostLink:
    """Make a host link for a co-host.

    Raises
    ------
    NotAllowedError
        If this browser may not.
    InvalidInputError
        If the name is missing or too long, or the room has enough links.
    """
    check_first_host(access)
    name = checked_name(name)
    if not name:
        raise InvalidInputError("Please type who the link is for.", field="name")
    if len(host_links.list_links(access.room.id)) >= MAX_LINKS:
        raise InvalidInputError(
            "A room can have up to %(number)s host links.", field="name", number=MAX_LINKS
        )
    link = host_links.add_link(access.room.id, name)
    activity.note(access.room.id, ActivityKind.ADDED_CO_HOST, access.guest.id, about=name)
    db.session.commit()
    return link


def renew_link(access: Access, link: HostLink) -> None:
    """Give a link a new secret. Who came by the old one is out, except the browser that asks."""
    kind = ActivityKind.RENEWED_HOST_LINK
    activity.note(access.room.id, kind, access.guest.id, about=link.name)
    host_links.renew_link(link, staying_id=access.guest.id)


def remove_link(access: Access, link: HostLink) -> None:
    """Remove the link of a co-host; who came by it is out.

    Raises
    ------
    NotAllowedError
        If this browser may not, or it is the room's first link.
    """
    check_first_host(access)
    if not link.name:
        raise NotAllowedError("A room keeps its first host link; you can make a new one.")
    kind = ActivityKind.REMOVED_CO_HOST
    activity.note(access.room.id, kind, access.guest.id, about=link.name)
    host_links.remove_link(link)
