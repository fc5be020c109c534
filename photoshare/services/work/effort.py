"""How much work the search of a photo is: that of a clip is as much as that of its frames."""

from __future__ import annotations

from sqlalchemy import ColumnElement, case

from photoshare.clips.amounts import LEAST_APART_MS, MOST_FRAMES
from photoshare.models import Photo

_FRAMES = 1 + Photo.duration_ms // LEAST_APART_MS
_IS_LONG = Photo.duration_ms >= LEAST_APART_MS * (MOST_FRAMES - 1)
WORK: ColumnElement[int] = case(
    (Photo.duration_ms.is_(None), 1), (_IS_LONG, MOST_FRAMES), else_=_FRAMES
)


def work_of(duration_ms: int | None) -> int:
    """Return as how many photos a photo or a clip counts."""
    if duration_ms is None:
        return 1
    return min(MOST_FRAMES, 1 + duration_ms // LEAST_APART_MS)
