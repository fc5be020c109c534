"""Read from an address which page of an album's grid it asks for; describe the album to scripts."""

from __future__ import annotations

from datetime import date, datetime, time

from flask import Flask, request

from photoshare.services.photos import listing
from photoshare.services.photos.albums import Album, Order
from photoshare.services.photos.listing import PAGE_SIZE, PhotoPage, cursor_at
from photoshare.services.photos.moments import Moment
from photoshare.web.answers import wants_partial
from photoshare.web.requests import site_of

LAST_ID = 10**listing.MAX_ID_DIGITS - 1  # behind every photo of the same time


def photo_page(album: Album) -> PhotoPage:
    """List the page of an album that the request's address asks for.

    The script asks for exactly the photos in front of those it has; a plain page with only a few
    photos in front of a cursor becomes the first page instead.
    """
    after, before, at = (request.args.get(name) for name in ("after", "before", "at"))
    page = listing.list_photos(album, after=after, before=before, at=at or _cursor_of_day(album))
    is_scrap = bool(before) and len(page.photos) < PAGE_SIZE
    return listing.list_photos(album) if is_scrap and not wants_partial() else page


def _cursor_of_day(album: Album) -> str | None:
    """Return where the photos of the day in the address begin, in an album ordered by time."""
    try:
        day = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return None
    if album.order is Order.HEARTS:
        return None
    if album.order is Order.NEWEST:
        return cursor_at(datetime.combine(day, time.max), LAST_ID)
    return cursor_at(datetime.combine(day, time.min), 0)


def days_of(page: PhotoPage, album: Album) -> dict[date, int]:
    """Count the photos of every day of the album, in its order."""
    days: dict[date, int] = {}
    for moment in page.moments:
        days[moment.day] = days.get(moment.day, 0) + moment.count
    return dict(sorted(days.items(), reverse=album.order is Order.NEWEST))


def moments_for_script(page: PhotoPage, album: Album) -> list[tuple[str, str, int]]:
    """List from when to when each moment was and how many photos it has, in the album's order."""
    is_newest_first = album.order is Order.NEWEST

    def told(moment: Moment) -> tuple[str, str, int]:
        first, last = moment.first.isoformat(), moment.last.isoformat()
        return (last, first, moment.count) if is_newest_first else (first, last, moment.count)

    return [told(one) for one in (page.moments[::-1] if is_newest_first else page.moments)]


def init_app(app: Flask) -> None:
    """Register the functions of the templates."""
    app.jinja_env.globals |= {"days_of": days_of, "moments_for_script": moments_for_script}
    app.jinja_env.globals["bin_days"] = site_of(app).settings.bin_days
