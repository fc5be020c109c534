"""The still picture of any file: of a photo, or the poster of a clip."""

from __future__ import annotations

from pathlib import Path

from photoshare.clips.checking import poster_of
from photoshare.clips.opening import is_clip_file
from photoshare.pictures import decoding


def decode_still(path: Path, *, at_least_px: int, max_megapixels: int) -> decoding.DecodedPhoto:
    """Decode a photo upright, or the poster of a clip; see `decoding.decode_upright`.

    Raises
    ------
    RejectedPhotoError
        If it is neither, is damaged, or is too large.
    """
    if is_clip_file(path):
        return poster_of(path, at_least_px=at_least_px)
    return decoding.decode_upright(path, at_least_px=at_least_px, max_megapixels=max_megapixels)
