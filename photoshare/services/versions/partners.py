"""Which photos may be shown as one with another, by what is written of them: plain functions.

The files of one Live Photo have one content id. Otherwise, and for a RAW file and its JPEG, the
name and the time tell. What only looks alike is for `pairing` to compare, by pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from posixpath import basename, splitext

from photoshare.looks.comparing import BURST_BITS, COPY_BITS, LEAST_SIDE_PX, have_one_shape
from photoshare.pictures.best_time import TimeSource
from photoshare.pictures.formats import FORMATS, Kind

SAME_TIME = timedelta(seconds=2)  # what clocks of files and the shots of a burst are apart
MOVIE_TIME = timedelta(seconds=5)  # a Live Photo's movie begins before the photo, and ends after it
LONGEST_MOVIE_MS = 4000  # of a Live Photo: 3 seconds
NEAR_ARRIVAL = timedelta(minutes=30)  # of two files of one photo, where one has no time of its own


class Look(StrEnum):
    """What pixels have to say before two photos are shown as one."""

    COPY = "copy"
    BURST = "burst"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A photo, with what tells whether it is one with another."""

    id: int
    guest_id: int | None
    sha256: str
    file_name: str
    image_format: str
    width: int
    height: int
    duration_ms: int | None
    content_id: str | None
    camera: str | None
    look: bytes | None
    captured_at: datetime | None
    captured_by: str | None
    shifted_s: int
    created_at: datetime
    front_id: int | None
    stands: str | None

    @property
    def kind(self) -> Kind:
        """How it is decoded."""
        return FORMATS[self.image_format].kind

    @property
    def base_name(self) -> str:
        """The name as the camera gave it, without its ending."""
        return splitext(basename(self.file_name.replace("\\", "/")))[0].casefold()

    @property
    def camera_time(self) -> datetime | None:
        """When it was taken, as its own file says, before a host put the clock right."""
        if self.captured_at is None or self.captured_by != TimeSource.CAMERA:
            return None
        return self.captured_at - timedelta(seconds=self.shifted_s)

    @property
    def is_comparable(self) -> bool:
        """Whether it is a picture with enough pixels to be compared with others."""
        is_clip = self.kind is Kind.CLIP
        return not is_clip and min(self.width, self.height) >= LEAST_SIDE_PX


def belong_together(one: Candidate, other: Candidate) -> bool:
    """Whether two are the files of one photo, whatever they look like."""
    kinds = {one.kind, other.kind}
    if kinds == {Kind.PICTURE, Kind.CLIP}:
        return _are_live(one, other)
    return kinds == {Kind.PICTURE, Kind.RAW} and _have_one_name(one, other, SAME_TIME)


def _are_live(one: Candidate, other: Candidate) -> bool:
    """Whether a still and a clip are one Live Photo."""
    if one.content_id and other.content_id:
        return one.content_id == other.content_id
    clip = one if one.kind is Kind.CLIP else other
    is_short = clip.duration_ms is not None and clip.duration_ms <= LONGEST_MOVIE_MS
    return clip.image_format == "MOV" and is_short and _have_one_name(one, other, MOVIE_TIME)


def _have_one_name(one: Candidate, other: Candidate, apart: timedelta) -> bool:
    """Whether one guest added both, with one name and time."""
    if one.guest_id != other.guest_id or one.base_name != other.base_name:
        return False
    if one.camera and other.camera and one.camera != other.camera:
        return False
    times = one.camera_time, other.camera_time
    if times[0] is not None and times[1] is not None:
        return abs(times[0] - times[1]) <= apart
    return abs(one.created_at - other.created_at) <= NEAR_ARRIVAL


def look_needed(one: Candidate, other: Candidate, bits: int) -> Look | None:
    """Return what the pixels of two photos have to say; None: they are two, whatever those say.

    Parameters
    ----------
    one, other : Candidate
    bits : int
        In how many bits their looks differ.
    """
    if not (one.is_comparable and other.is_comparable):
        return None
    if not have_one_shape((one.width, one.height), (other.width, other.height)):
        return None
    if are_two_shots(one, other):
        return None
    is_timed = one.camera_time is not None and other.camera_time is not None
    if is_timed and bits <= BURST_BITS and one.camera and one.camera == other.camera:
        return Look.BURST
    return Look.COPY if bits <= COPY_BITS else None


def are_two_shots(one: Candidate, other: Candidate) -> bool:
    """Whether cameras took two photos at different times, however alike they look."""
    times = one.camera_time, other.camera_time
    return None not in times and abs(times[0] - times[1]) > SAME_TIME  # type: ignore[operator]
