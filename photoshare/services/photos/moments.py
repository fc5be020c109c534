"""Moments of an album, what was photographed without a pause on one day; the days of an event."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlalchemy import func

from photoshare.databases.expressions import hour_of
from photoshare.models import Photo, db
from photoshare.services.photos.albums import Album

# A pause this long ends a moment: the ceremony, the dinner. At least an hour, since the photos are
# counted by the hour below.
PAUSE = timedelta(hours=2)
# A day with fewer photos stays whole: a row of its own for every two of them is hard to look at.
LEAST_DIVIDED = 20

OUTSIDE = 20  # one photo of so many at either end may have a wrong clock, or be of another day


@dataclass(frozen=True, slots=True)
class Moment:
    """Photos of one day without a pause between them, or all of a day that has few."""

    first: datetime
    last: datetime
    count: int

    @property
    def day(self) -> date:
        """The day on which it was, by the clock of the cameras."""
        return self.first.date()


@dataclass(frozen=True, slots=True)
class Section:
    """The photos of one page that belong to one moment, under one heading."""

    moment: Moment
    photos: Sequence[Photo]
    day_count: int  # photos of the album on that day
    has_times: bool  # whether the day has other moments, to be told apart by their times
    begins_day: bool  # whether nothing of that day comes before it in the album
    is_continued: bool  # whether the page before this one ended in the same moment
    is_complete: bool  # whether the moment ends on this page


def list_moments(album: Album) -> list[Moment]:
    """List the moments of an album, the earliest first.

    One query. Counting by hours finds every pause: one of two hours leaves an hour without a photo.
    """
    hour = hour_of(Photo.moment)
    # Every photo is after the first year: said, so that SQLite takes the index of the moments.
    query = album.select().order_by(None).where(Photo.moment >= datetime.min)
    hours = query.with_only_columns(
        func.min(Photo.moment), func.max(Photo.moment), func.count()
    ).group_by(hour)
    moments: list[Moment] = []
    for first, last, count in db.session.execute(hours.order_by(hour)):
        before = moments[-1] if moments else None
        if before and before.day == first.date() and first - before.last < PAUSE:
            moments[-1] = Moment(before.first, last, before.count + count)
        else:
            moments.append(Moment(first, last, count))
    by_day = groupby(moments, key=lambda moment: moment.day)
    return [moment for _, day in by_day for moment in _worth_dividing(list(day))]


def _worth_dividing(day: list[Moment]) -> list[Moment]:
    """Return the moments of a day, or the day as one if it has few photos."""
    count = sum(moment.count for moment in day)
    return day if count >= LEAST_DIVIDED else [Moment(day[0].first, day[-1].last, count)]


def divide(
    photos: Sequence[Photo],
    moments: Sequence[Moment],
    neighbours: tuple[Photo | None, Photo | None],
) -> list[Section]:
    """Divide the photos of one page into sections.

    Parameters
    ----------
    photos : sequence of Photo
        In the order of their album.
    moments : sequence of Moment
        All of the album, the earliest first.
    neighbours : pair of Photo or None
        The photos of the album before and after those of the page.
    """
    firsts = [moment.first for moment in moments]
    of_day = Counter[date]()
    for moment in moments:
        of_day[moment.day] += moment.count
    per_day = Counter(moment.day for moment in moments)

    def find(photo: Photo) -> Moment:
        # A photo that was added since the moments were read joins the one before it.
        return moments[max(0, bisect_right(firsts, photo.moment) - 1)]

    found: list[tuple[Moment, list[Photo]]] = []
    for photo in photos:
        moment = find(photo)
        if not found or found[-1][0] is not moment:
            found.append((moment, []))
        found[-1][1].append(photo)
    before, after = (find(photo) if photo else None for photo in neighbours)
    fronts = [before, *(moment for moment, _ in found)]
    backs = [*(moment for moment, _ in found[1:]), after]
    return [
        Section(
            moment,
            some,
            day_count=of_day[moment.day],
            has_times=per_day[moment.day] > 1,
            begins_day=previous is None or previous.day != moment.day,
            is_continued=previous is moment,
            is_complete=following is not moment,
        )
        for (moment, some), previous, following in zip(found, fronts, backs, strict=False)
    ]


@dataclass(frozen=True, slots=True)
class EventDays:
    """The first and the last day on which most photos of a room were taken."""

    first: date
    last: date


def find_event_days(album: Album, photo_count: int) -> EventDays | None:
    """Find the days of an event from the album of its room; None while that has no photo.

    Parameters
    ----------
    album : Album
    photo_count : int
        Of the album. A twentieth of the photos at either end is left out: screenshots, older photos
        and cameras whose clock is wrong.
    """
    outside = photo_count // OUTSIDE
    moments = album.select().with_only_columns(Photo.moment).order_by(None)
    moments = moments.offset(outside).limit(1)
    first = db.session.scalar(moments.order_by(Photo.moment))
    last = db.session.scalar(moments.order_by(Photo.moment.desc()))  # counted from its own end
    return EventDays(first.date(), last.date()) if first and last else None
