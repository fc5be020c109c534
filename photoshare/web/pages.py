"""What every template may use: settings of htmx, filters of `words`, addresses of pictures."""

from __future__ import annotations

from flask import Flask, url_for

from photoshare.models import Photo
from photoshare.services.photos import Album
from photoshare.web.photos import picture_digest
from photoshare.web.words import count, day, duration, file_size, photo_words

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
    if album.guest_id is not None:
        return url_for("me.show", page=page)
    endpoint = "photos.without_faces" if album.is_without_faces else "photos.index"
    return url_for(endpoint, page=page)


def init_app(app: Flask) -> None:
    """Give the templates their filters and functions."""
    app.jinja_env.filters |= {
        "count": count,
        "day": day,
        "duration": duration,
        "file_size": file_size,
    }
    app.jinja_env.globals |= {
        "HTMX_CONFIG": HTMX_CONFIG,
        "album_url": album_url,
        "original_url": original_url,
        "photo_words": photo_words,
        "picture_url": picture_url,
    }
