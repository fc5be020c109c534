"""The tables of rooms: what leads into one, and which browsers are in."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false, select, text, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from photoshare.db import Base, UtcDateTime, utc_now

# An old cookie, link or cached picture must never refer to a newer row.
NEVER_REUSE_IDS = {"sqlite_autoincrement": True}


class Audience(StrEnum):
    """Which photos of a room its guests see; hosts see all, and everyone what they added."""

    EVERYBODY = "everybody"  # all photos
    SELF = "self"  # photos of themselves, and what a host marked for all
    HOST = "host"  # none: a drop box
    LATER = "later"  # none until `Room.revealed_at`, then all


class FacesFor(StrEnum):
    """For whom the faces of a room are searched."""

    EVERYBODY = "everybody"
    SELF = "self"  # whoever found themselves: no one else's album is shown or named
    NOBODY = "nobody"  # no encoding is made


class Room(Base):
    """The shared space behind a link."""

    __tablename__ = "room"
    __table_args__ = (
        # Asked for by everything that works on all rooms; there are hardly any.
        Index("ix_room_binned", "binned_at", sqlite_where=text("binned_at IS NOT NULL")),
        NEVER_REUSE_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)  # as in the guest link, lower case, hyphens
    title: Mapped[str]
    password_hash: Mapped[str | None]  # werkzeug scrypt; None: no password
    # Guests who gave the former one are asked again; None: nobody is.
    password_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ends_on: Mapped[date | None]  # last day on which guests may enter, by UTC
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # by a host, before `ends_on`
    # So many days after its end it is deleted with everything; None: never.
    deletes_after_days: Mapped[int | None]
    # When it was put into the bin; None: it is in use (services/rooms/bin.py).
    binned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    keeps_metadata: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # guests get originals with locations, names and serial numbers
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    guests_may_correct: Mapped[bool] = mapped_column(default=False)  # any face, not just their own
    # Chosen by the host; None, or a photo that is gone: services/photos/room_cover.py finds one.
    cover_photo_id: Mapped[int | None]
    has_hearts: Mapped[bool] = mapped_column(default=True, server_default=true())
    is_moderated: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # what guests add waits for a host's yes
    # Who sees what (services/visibility).
    audience: Mapped[str] = mapped_column(
        default=Audience.EVERYBODY, server_default=Audience.EVERYBODY.value
    )  # an Audience
    revealed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # for Audience.LATER
    faces_for: Mapped[str] = mapped_column(
        default=FacesFor.EVERYBODY, server_default=FacesFor.EVERYBODY.value
    )  # a FacesFor
    adds_until: Mapped[date | None]  # last day on which guests may add photos, by UTC
    covers_faces: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # those of people who asked not to be shown
    # Counts the changes of what is covered: pictures have it in their address, since browsers keep
    # them for good.
    covering: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    # Counts the changes of faces and people: a decision based on an older state has to be made
    # again. A trigger counts a searched photo that is given up, too.
    revision: Mapped[int] = mapped_column(default=0)
    # Counts what else the status shows: photos added, searched or deleted, jobs that begin or end.
    # Database triggers count it (migration 0006), so that no code can forget to.
    activity: Mapped[int] = mapped_column(default=0, server_default=text("0"))


# No job works on these. Subtracted from all rooms: as a rule, there are none.
ROOMS_IN_BIN = select(Room.id).where(Room.binned_at.is_not(None))
# Their photos wait, and nobody searches them.
ROOMS_WITHOUT_FACES = select(Room.id).where(Room.faces_for == FacesFor.NOBODY)


class FormerCode(Base):
    """A code that a room had before it got a new guest link."""

    __tablename__ = "former_code"

    code: Mapped[str] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"), index=True)


class HostLink(Base):
    """A link that makes browsers hosts: the room's first one, or that of a co-host."""

    __tablename__ = "host_link"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]  # of the co-host; empty: the room's first link
    nonce: Mapped[
        str
    ]  # of which the secret is made (services/rooms/host_links.py); empty: an old one
    secret_hash: Mapped[str]  # werkzeug pbkdf2, or scrypt
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class Guest(Base):
    """One person in one room, by one browser; its session knows its token."""

    __tablename__ = "guest"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]  # shown beside the guest's uploads; may be empty
    is_host: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    # Which person the guest says they are; shown to nobody else (services/people/selves.py).
    person_id: Mapped[int | None] = mapped_column(
        ForeignKey("person.id", ondelete="SET NULL"), index=True
    )
    said_person_id: Mapped[int | None]  # before merges moved it on; perhaps gone since
    # By a picture of themselves: where guests see only themselves, a mere choice is worth nothing.
    is_proven: Mapped[bool] = mapped_column(default=False, server_default=false())
    # How many photos their own album had when they last opened it; None: never opened.
    own_seen_count: Mapped[int | None]
    # Since then someone else corrected faces away from it, however many photos came in turn.
    has_lost: Mapped[bool] = mapped_column(default=False, server_default=false())
    # By which link they became host; None for guests.
    host_link_id: Mapped[int | None] = mapped_column(
        ForeignKey("host_link.id", ondelete="SET NULL"), index=True
    )
    is_upload_stopped: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # by the host


class GuestSession(Base):
    """A browser that is in a room; without its row, its cookie is worth nothing."""

    __tablename__ = "guest_session"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(primary_key=True)
    guest_id: Mapped[int] = mapped_column(ForeignKey("guest.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)  # SHA-256 of what the cookie holds
    created_at: Mapped[datetime] = mapped_column(
        UtcDateTime, default=utc_now
    )  # when the room's password was given, if it had one
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)  # to ten minutes
    device: Mapped[str]  # phone, tablet or computer; empty: not known yet


class ApiToken(Base):
    """A token by which a script uses the API in one room, as the host who made it allows."""

    __tablename__ = "api_token"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"), index=True)
    guest_id: Mapped[int] = mapped_column(
        ForeignKey("guest.id", ondelete="CASCADE"), index=True
    )  # the host who made it
    name: Mapped[str]  # what it is for
    token_hash: Mapped[str] = mapped_column(unique=True)  # SHA-256
    may_read: Mapped[bool]
    may_add: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # to ten minutes; None: never

    guest: Mapped[Guest] = relationship()


class LinkKind(StrEnum):
    """What an own link opens."""

    GUEST = "guest"  # makes another browser the same guest
    ALBUM = "album"  # shows the guest's own album to someone who does not join


class OwnLink(Base):
    """A link that a guest made: to themselves, for another device, or to their album."""

    __tablename__ = "own_link"
    __table_args__ = (UniqueConstraint("guest_id", "kind"), NEVER_REUSE_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    guest_id: Mapped[int] = mapped_column(ForeignKey("guest.id", ondelete="CASCADE"))
    kind: Mapped[str]  # a LinkKind
    nonce: Mapped[str]  # of which the secret is made
    secret_hash: Mapped[str] = mapped_column(unique=True)  # SHA-256: the secret is random
    created_at: Mapped[datetime] = mapped_column(
        UtcDateTime, default=utc_now
    )  # when the guest had given the room's password, if it had one


class AlsoAdded(Base):
    """A guest who added a photo that another had added before, where neither sees the other's."""

    __tablename__ = "also_added"

    photo_id: Mapped[int] = mapped_column(
        ForeignKey("photo.id", ondelete="CASCADE"), primary_key=True
    )
    guest_id: Mapped[int] = mapped_column(
        ForeignKey("guest.id", ondelete="CASCADE"), primary_key=True, index=True
    )
