"""Tell pages which files can be added, so that no others are offered or sent."""

from __future__ import annotations

from typing import Any

from photoshare.config import Settings
from photoshare.pictures.formats import OTHER_RAWS, Kind, endings_of, types_of
from photoshare.pictures.raw.previews import MIN_PREVIEW_PX

# What the file input offers. With HEIC in it, iPhones hand their photos over as they are. No other
# endings: one that Android doesn't know costs its users the photo picker; static/upload.js adds
# them where there is a mouse.
ACCEPT = ",".join(
    (
        *("image/*", "video/*", "image/heic", *types_of(Kind.PICTURE), *types_of(Kind.RAW)),
        *(".heic", ".heif", ".avif"),
    )
)


def accepted_files(settings: Settings) -> dict[str, Any]:
    """Tell what the file input offers, and the upload queue which files the server takes."""
    kinds = [
        {
            "kind": kind,
            "endings": endings_of(kind),
            "types": types_of(kind),
            "most_mb": settings.max_clip_mb if kind is Kind.CLIP else settings.max_photo_mb,
        }
        for kind in Kind
    ]
    told = {"kinds": kinds, "other_raws": OTHER_RAWS, "least_preview_px": MIN_PREVIEW_PX}
    return {"ACCEPTED_FILES": told, "ACCEPT": ACCEPT}
