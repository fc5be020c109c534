"""What a file says of itself: the columns that a photo has, whether it waits for a yes or not."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Mapped


class Behind(StrEnum):
    """As what a photo stands behind another, which is shown for both."""

    MOVIE = "movie"  # of a Live Photo
    RAW = "raw"  # of the JPEG that the camera made of it
    VERSION = "version"  # a messenger's copy, one of a burst, the same pixels saved again


class FileFacts:
    """The columns of a file, as it was when it came in."""

    sha256: Mapped[str]  # of the original, 64 hexadecimal digits
    file_name: Mapped[str]  # as uploaded, or the relative path of an import; never a path of ours
    image_format: Mapped[str]  # a key of photoshare.pictures.formats.FORMATS
    size_bytes: Mapped[int]
    width: Mapped[int]  # pixels, upright
    height: Mapped[int]  # pixels, upright
    duration_ms: Mapped[int | None]  # of a clip; None: a picture
    video_codec: Mapped[str | None]  # of a clip: h264, hevc, vp9, av1, ... as FFmpeg names them
    movie_start: Mapped[int | None]  # where the movie of a motion photo begins, in bytes
    content_id: Mapped[str | None]  # by which Apple names the two files of one Live Photo
    camera: Mapped[str | None]  # maker and model as the file says, without its serial number
    # A perceptual hash, by which near duplicates are found; None: not computed.
    look: Mapped[bytes | None]
    captured_at: Mapped[
        datetime | None
    ]  # as a local clock showed it, without a zone (docs/uploads.md)
    captured_by: Mapped[str | None]  # photoshare.pictures.best_time.TimeSource; None: not known
    captured_offset_min: Mapped[int | None]  # of that clock ahead of UTC; None: not known
    # By which the camera's clock was ahead of UTC, as the time of satellites in the file shows.
    clock_ahead_s: Mapped[int | None]
    placeholder: Mapped[bytes | None]  # WebP of 20 pixels, under 400 bytes, to show blurred
    # For downloads, computed when a photo is added (services/downloads); None: not yet.
    crc32: Mapped[int | None]  # of the original
    clean_crc32: Mapped[int | None]  # of what guests get: without locations, names, serial numbers
    clean_bytes: Mapped[int | None]  # of the original, patched
    clean_copy_bytes: Mapped[int | None]  # of a copy that guests get instead; None: no copy
    moving_crc32: Mapped[int | None]  # of a motion photo, cleaned and with its movie
    moving_bytes: Mapped[int | None]  # of the same; None: it has none that can be saved with it
    cleaning_rules: Mapped[int | None]  # photoshare.metadata.clean.CLEANING_RULES at that time
