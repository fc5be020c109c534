"""Define the tables, with their columns and constraints; no behaviour."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from photoshare.db import Base, UtcDateTime

# With the tables go the session that reads them, and the clock of their moments.
from photoshare.db import db as db
from photoshare.db import utc_now as utc_now

# And what stands for None where rows become numbers, and encodings for bytes.
from photoshare.faces.types import ENCODING_DTYPE as ENCODING_DTYPE
from photoshare.faces.types import NO_COLLAGE, NOBODY
from photoshare.faces.types import NO_PERSON as NO_PERSON
from photoshare.faces.types import encoding_to_bytes as encoding_to_bytes
from photoshare.faces.types import encodings_from_bytes as encodings_from_bytes
from photoshare.geometry import FaceLocation
from photoshare.models.activity import LogEntry as LogEntry
from photoshare.models.clocks import ClockDismissal as ClockDismissal
from photoshare.models.clocks import ClockShift as ClockShift
from photoshare.models.clocks import ClockSuggestion as ClockSuggestion
from photoshare.models.file_facts import Behind as Behind
from photoshare.models.file_facts import FileFacts
from photoshare.models.moderation import WaitingPhoto as WaitingPhoto
from photoshare.models.owner import Owner as Owner
from photoshare.models.owner import OwnerSession as OwnerSession
from photoshare.models.rooms import NEVER_REUSE_IDS
from photoshare.models.rooms import ROOMS_IN_BIN as ROOMS_IN_BIN
from photoshare.models.rooms import ROOMS_WITHOUT_FACES as ROOMS_WITHOUT_FACES
from photoshare.models.rooms import AlsoAdded as AlsoAdded
from photoshare.models.rooms import ApiToken as ApiToken
from photoshare.models.rooms import Audience as Audience
from photoshare.models.rooms import FacesFor as FacesFor
from photoshare.models.rooms import FormerCode as FormerCode
from photoshare.models.rooms import Guest as Guest
from photoshare.models.rooms import GuestSession as GuestSession
from photoshare.models.rooms import HostLink as HostLink
from photoshare.models.rooms import LinkKind as LinkKind
from photoshare.models.rooms import OwnLink as OwnLink
from photoshare.models.rooms import Room as Room
from photoshare.models.versions import LookBand as LookBand
from photoshare.models.versions import Stands as Stands

PHOTO_WAITING, PHOTO_ANALYSING = "waiting", "analysing"
PHOTO_ANALYSED, PHOTO_FAILED = "analysed", "failed"
JOB_QUEUED, JOB_RUNNING, JOB_DONE, JOB_FAILED = "queued", "running", "done", "failed"


class Upload(Base):
    """An unfinished upload in pieces; the length of its file is how much has arrived."""

    __tablename__ = "upload"
    __table_args__ = (UniqueConstraint("guest_id", "fingerprint"), NEVER_REUSE_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"), index=True)
    guest_id: Mapped[int] = mapped_column(ForeignKey("guest.id", ondelete="CASCADE"))
    fingerprint: Mapped[str]  # by which the guest's browser finds it again
    file_name: Mapped[str]  # as on the guest's device; never a path of ours
    size_bytes: Mapped[int]  # of the whole file, as declared
    sha256: Mapped[str | None]  # of the whole file, as declared; None: the browser cannot hash
    changed_at: Mapped[datetime | None] = mapped_column(DateTime)  # by the guest's clock
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


BY_TIME, BY_HEARTS = ("room_id", "moment"), ("room_id", "heart_count", "moment")


class Photo(FileFacts, Base):
    """An uploaded picture or clip; its bytes are stored under `sha256`."""

    __tablename__ = "photo"
    __table_args__ = (
        UniqueConstraint("room_id", "sha256"),
        # How far the search is, and how many faces it found.
        Index("ix_photo_room_id_state_faces", "room_id", "state", "face_count"),
        Index("ix_photo_room_id_moment", *BY_TIME),  # the grids, in their order
        Index("ix_photo_guest_id_moment", "guest_id", "moment"),
        Index("ix_photo_uploads", "room_id", "guest_id", "size_bytes"),  # how much, and by whom
        Index(
            *("ix_photo_waiting", "engine", "room_id", "attempts"),
            sqlite_where=text("state = 'waiting'"),
        ),  # what the job thread asks for, small when all is done
        # What a zip cannot contain: hardly any photos, so every page can ask for them.
        Index("ix_photo_lost", *BY_TIME, sqlite_where=text("is_lost = 1")),
        Index("ix_photo_unmeasured", *BY_TIME, sqlite_where=text("crc32 IS NULL")),
        Index("ix_photo_without_faces", *BY_TIME, sqlite_where=text("is_without_faces = 1")),
        Index("ix_photo_front_id", "front_id", sqlite_where=text("front_id IS NOT NULL")),
        # What is shown as one: hardly any photos, so every list can leave some of them out.
        Index(
            *("ix_photo_behind", "room_id", "front_id"),
            sqlite_where=text("front_id IS NOT NULL"),
        ),
        Index("ix_photo_unpaired", "room_id", sqlite_where=text("paired_by IS NULL")),
        Index(
            *("ix_photo_content_id", "room_id", "content_id"),
            sqlite_where=text("content_id IS NOT NULL"),
        ),
        Index("ix_photo_moving", *BY_TIME, sqlite_where=text("moving_bytes IS NOT NULL")),
        Index("ix_photo_for_all", *BY_TIME, sqlite_where=text("is_for_all = 1")),
        Index("ix_photo_favourites", *BY_TIME, sqlite_where=text("heart_count > 0")),
        # The most first. In part, though of all photos: other queries would choose it as well.
        Index("ix_photo_room_id_hearts", *BY_HEARTS, sqlite_where=text("heart_count >= 0")),
        CheckConstraint("state IN ('waiting', 'analysing', 'analysed', 'failed')", name="state"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"))
    guest_id: Mapped[int | None] = mapped_column(
        ForeignKey("guest.id", ondelete="SET NULL")
    )  # who uploaded it; None: the command line
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    # When it was taken, else when it was uploaded; with the id, this orders the photos.
    moment: Mapped[datetime] = mapped_column(
        DateTime, Computed("coalesce(captured_at, created_at)")
    )
    state: Mapped[str] = mapped_column(default=PHOTO_WAITING)
    attempts: Mapped[int] = mapped_column(
        default=0
    )  # analyses begun; at 3 without a result: failed
    # Name of the engine whose faces it has; None: never searched. If it has a name and waits, it is
    # to be searched again.
    engine: Mapped[str | None]
    # The number of real faces. Database triggers count them (migration 0014), so that finding
    # photos without a face does not take a scan of all faces of the room.
    face_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    is_without_faces: Mapped[bool] = mapped_column(
        Computed("face_count = 0 AND engine IS NOT NULL AND state != 'failed'")
    )  # searched, and no face was found
    # The number of hearts. Database triggers count them (migration 0019).
    heart_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    # The photo behind which it is shown; None: shown by itself.
    front_id: Mapped[int | None] = mapped_column(ForeignKey("photo.id", ondelete="SET NULL"))
    behind_as: Mapped[str | None]  # a models.file_facts.Behind, whenever it has a front
    # The rules by which it was compared with others (services/versions); None: not yet.
    paired_by: Mapped[int | None]
    stands: Mapped[str | None]  # a models.versions.Stands, if someone chose; None: by the rules
    # By which `captured_at` differs from what the file says, as a host put a camera's clock right.
    shifted_s: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    is_for_all: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # by a host: guests see it where they see only themselves
    is_lost: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # the original is missing or damaged (services/photos/lost_photos.py)

    @property
    def is_searched(self) -> bool:
        """Whether it has the faces of some engine, even if it is to be searched again."""
        return self.engine is not None and self.state != PHOTO_FAILED

    guest: Mapped[Guest | None] = relationship()
    faces: Mapped[list[Face]] = relationship(
        primaryjoin="and_(Photo.id == Face.photo_id, Face.is_face)",
        order_by="[Face.left, Face.id]",
        viewonly=True,
    )


class Heart(Base):
    """A guest likes a photo."""

    __tablename__ = "heart"

    photo_id: Mapped[int] = mapped_column(
        ForeignKey("photo.id", ondelete="CASCADE"), primary_key=True
    )
    guest_id: Mapped[int] = mapped_column(
        ForeignKey("guest.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Deletion(Base):
    """Photos that were deleted together, for as long as they are in the bin."""

    __tablename__ = "deletion"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"), index=True)
    guest_id: Mapped[int | None] = mapped_column(
        ForeignKey("guest.id", ondelete="SET NULL"), index=True
    )  # who deleted them
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    photo_count: Mapped[int]
    # The name of the person whose album it was, perhaps empty; None: not the album of one person.
    album: Mapped[str | None]
    rows: Mapped[str]  # of the photos and their faces, as JSON (services/photos/restoring.py)


class DeletedPhoto(Base):
    """The files of a deleted photo, which stay for as long as it is in the bin."""

    __tablename__ = "deleted_photo"

    deletion_id: Mapped[int] = mapped_column(
        ForeignKey("deletion.id", ondelete="CASCADE"), primary_key=True
    )
    sha256: Mapped[str] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"), index=True)


class Person(Base):
    """Someone in a room; lasting, nameable, never renumbered by clustering."""

    __tablename__ = "person"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"), index=True)
    name: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    # The outcome of the corrections, kept here for the pages; corrections.verbs writes it.
    is_hidden: Mapped[bool] = mapped_column(
        default=False
    )  # from all but hosts and, if they have asked for it, themselves
    has_asked: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # not to be shown, and not a host hid them
    is_corrected: Mapped[bool] = mapped_column(default=False)  # clustering takes no face away
    cover_face_id: Mapped[int | None]  # chosen by hand; None, or someone else's: the next one
    clear_face_id: Mapped[
        int | None
    ]  # kept by photoshare.services.people.covers; None: not chosen yet


_OF_A_PERSON = text("person_id IS NOT NULL")


class Face(Base):
    """A face in a photo; without a person it is unsorted."""

    __tablename__ = "face"
    __table_args__ = (
        CheckConstraint("length(encoding) > 0 AND length(encoding) % 4 = 0", name="encoding_size"),
        # Each answers its question without reading the rows, and never starts from the unsorted
        # faces of all rooms: those of one room are found by its photos.
        Index("ix_face_photo_id", "photo_id", "is_face", "person_id"),
        Index("ix_face_person_photos", "person_id", "photo_id", sqlite_where=_OF_A_PERSON),
        Index(
            "ix_face_person_clearest",
            "person_id",
            "quality",
            "area",
            sqlite_where=_OF_A_PERSON,
        ),  # read backwards: `photoshare.services.people.covers.CLEAREST_FIRST`
        NEVER_REUSE_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    photo_id: Mapped[int] = mapped_column(ForeignKey("photo.id", ondelete="CASCADE"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    top: Mapped[int]  # the location in pixels of the upright original
    right: Mapped[int]
    bottom: Mapped[int]
    left: Mapped[int]
    area: Mapped[int] = mapped_column(
        Computed('(bottom - top) * ("right" - "left")')
    )  # square pixels
    score: Mapped[float]  # of the detector
    # The panel, if the photo is a collage; 0: an ordinary photo (photoshare.faces.panels).
    panel: Mapped[int] = mapped_column(default=NO_COLLAGE, server_default=text("0"))
    is_face: Mapped[bool] = mapped_column(default=True)  # False: marked as not a face
    # Corrections make faces with the same link one person; None: no correction. Not a row's id.
    bond_id: Mapped[int | None]
    # Numbers of ENCODING_DTYPE, as many as the photo's engine produces. None: that engine did not
    # find the face; a correction keeps it with its person, and it is compared to no other face.
    encoding: Mapped[bytes | None]
    quality: Mapped[float | None]  # photoshare.faces.quality.face_quality; None: unknown
    at_ms: Mapped[int | None]  # in a clip: from its start to the frame with the face; else None
    is_forgotten: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # as its person asked: it has no encoding, and no search makes one

    photo: Mapped[Photo] = relationship()
    person: Mapped[Person | None] = relationship()

    @property
    def location(self) -> FaceLocation:
        """(top, right, bottom, left) in pixels of the upright original."""
        return self.top, self.right, self.bottom, self.left


class ApartLinks(Base):
    """Two links of a room (`Face.bond_id`) that are different people, by a correction."""

    __tablename__ = "apart_links"

    room_id: Mapped[int] = mapped_column(
        ForeignKey("room.id", ondelete="CASCADE"), primary_key=True
    )
    bond_id: Mapped[int] = mapped_column(primary_key=True)  # the smaller one
    other_id: Mapped[int] = mapped_column(primary_key=True)


class Correction(Base):
    """A correction of faces or people; it lasts until it is undone."""

    __tablename__ = "correction"
    __table_args__ = (Index("ix_correction_room_id", "room_id", "id"), NEVER_REUSE_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"))
    guest_id: Mapped[int | None] = mapped_column(
        ForeignKey("guest.id", ondelete="SET NULL"), index=True
    )  # who said it; None: the command line
    kind: Mapped[str]  # a photoshare.services.corrections.verbs.CorrectionKind
    name: Mapped[str | None]  # that was given, by naming or merging
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("guest.id", ondelete="SET NULL"))

    guest: Mapped[Guest | None] = relationship(foreign_keys=guest_id)
    faces: Mapped[list[CorrectionFace]] = relationship(passive_deletes=True)

    @property
    def is_undone(self) -> bool:
        """Whether it was taken back."""
        return self.undone_at is not None


class CorrectionFace(Base):
    """A face that a correction is about."""

    __tablename__ = "correction_face"

    correction_id: Mapped[int] = mapped_column(
        ForeignKey("correction.id", ondelete="CASCADE"), primary_key=True
    )
    face_id: Mapped[int] = mapped_column(
        ForeignKey("face.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    side: Mapped[int]  # as in photoshare.faces.grouping.constraints.Constraint
    # With its person because of an earlier correction: if that is undone, this row is deleted.
    is_carried: Mapped[bool] = mapped_column(default=False)
    person_before: Mapped[int | None]  # whose the face was at that time; perhaps gone since
    person_after: Mapped[int | None]


class Job(Base):
    """A piece of background work; this table, not the executor, is the queue."""

    __tablename__ = "job"
    __table_args__ = (
        Index(
            "uq_job_active",
            "room_id",
            "kind",
            unique=True,
            sqlite_where=text("state IN ('queued', 'running')"),
        ),
        Index("ix_job_room_id_kind", "room_id", "kind"),
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="state"),
        NEVER_REUSE_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"))
    kind: Mapped[str]  # key of photoshare.jobs.tasks.TASKS
    state: Mapped[str] = mapped_column(default=JOB_QUEUED)
    worker: Mapped[int | None]  # databases.processes: who runs it; None: the only process
    photos_done: Mapped[int] = mapped_column(default=0)  # since started_at
    error: Mapped[str | None]  # one sentence for people
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def number_of(reference: int | None) -> int:
    """Turn a reference of a row into a number of an array: None into NOBODY."""
    return NOBODY if reference is None else reference


def reference_of(number: int) -> int | None:
    """Turn a number of an array into a reference of a row: NOBODY into None."""
    return None if number == NOBODY else number
