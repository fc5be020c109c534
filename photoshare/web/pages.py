"""What every template may use: filters for numbers and times, the addresses of pictures."""

from __future__ import annotations

from flask import Flask, url_for

from photoshare.models import Photo
from photoshare.services.photos import Album
from photoshare.storage import MB
from photoshare.web.photos import picture_digest
from photoshare.web.site import site_of

# No page is kept in the phone's storage, nothing is evaluated, an error never wipes what asked.
HTMX_CONFIG = {
    "historyCacheSize": 0,
    "refreshOnHistoryMiss": True,
    "allowEval": False,
    "includeIndicatorStyles": False,
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "[23]..", "swap": True},
        {"code": "422", "swap": True},
        {
            "code": "...",
            "swap": True,
            "error": True,
            "target": "#alerts",
            "swapOverride": "innerHTML",
        },
    ],
}


def duration(seconds: float) -> str:
    """Say a waiting time in words: rounded, as an estimate deserves."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 55:
        return f"about {round(seconds / 10) * 10} seconds"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {minutes} minute{'s' if minutes > 1 else ''}"
    hours = round(seconds / 3600)
    return f"about {hours} hour{'s' if hours > 1 else ''}"


def file_size(size_bytes: int) -> str:
    """Say a size as phones and disks do: 1 MB is a million bytes."""
    if size_bytes < 1_000_000:
        return f"{max(round(size_bytes / 1000), 1)} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"


def count(number: int, word: str, plural: str | None = None) -> str:
    """Say a number with its noun: ``1 photo``, ``2 photos``, ``1 person``, ``2 people``."""
    return f"{number:,} {word if number == 1 else plural or word + 's'}"


def picture_url(photo: Photo, variant: str) -> str:
    """Address of the ``thumb`` or ``view`` of a photo."""
    return url_for(
        "photos.picture", photo_id=photo.id, digest=picture_digest(photo), variant=variant
    )


def original_url(photo: Photo) -> str:
    """Address of the original of a photo."""
    return url_for("photos.original", photo_id=photo.id, digest=picture_digest(photo))


def album_url(album: Album, page: int | None = None) -> str:
    """Address of one page of an album's grid."""
    if album.person_id is not None:
        return url_for("people.show", person_id=album.person_id, page=page)
    endpoint = "photos.without_faces" if album.is_without_faces else "photos.index"
    return url_for(endpoint, page=page)


def init_app(app: Flask) -> None:
    """Give the templates their filters and functions."""
    app.jinja_env.filters |= {"duration": duration, "file_size": file_size, "count": count}
    app.jinja_env.globals |= {
        "HTMX_CONFIG": HTMX_CONFIG,
        "PIECE_BYTES": site_of(app).settings.piece_mb * MB,
        "album_url": album_url,
        "original_url": original_url,
        "picture_url": picture_url,
    }
