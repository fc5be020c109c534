"""When a clip was taken, as its metadata says."""

from __future__ import annotations

from photoshare.pictures.capture_time import UNKNOWN_TIME, FileTime, parse_file_time

# By FFmpeg's names, the surest first: Apple's has the zone, that of the container is UTC.
_NAMES = ("com.apple.quicktime.creationdate", "date", "creation_time", "DATE_RECORDED")


def told_time_of(*metadata: dict[str, str]) -> FileTime:
    """Read when a clip was taken, from what its container says, then from what its tracks say."""
    for told in metadata:
        for name in _NAMES:
            found = parse_file_time(told.get(name)) if told.get(name) else None
            if found is not None:
                return found
    return UNKNOWN_TIME
