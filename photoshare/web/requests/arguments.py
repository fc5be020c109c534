"""What addresses and forms ask for: numbers that a database row can have, pages, albums."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from flask import Flask, request
from werkzeug.datastructures import MultiDict
from werkzeug.routing import IntegerConverter, Map

from photoshare.errors import InvalidInputError
from photoshare.services.people.finding import MAX_WORDS, PeopleOrder, PeopleQuery
from photoshare.services.photos import Album, Order, open_album
from photoshare.services.photos.albums import with_behind
from photoshare.web.requests.security import current_access

BEHIND = "behind"  # in the address of a download: movies of Live Photos, RAW files, versions
LARGEST_NUMBER = 2**63 - 1  # SQLite's
LARGEST_PAGE = 10**9  # its first row has a number that SQLite can still count to
ROW_NUMBER = re.compile("[0-9]{1,18}")  # what fits into SQLite's whole numbers


class _RowNumber(IntegerConverter):
    """``<int:...>`` in an address; a larger number than the database holds is not found."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=LARGEST_NUMBER)


def number_argument(name: str, args: MultiDict[str, str] | None = None) -> int | None:
    """Read a whole number behind the question mark; None where there is none that fits.

    Parameters
    ----------
    name : str
    args : MultiDict, optional
        Of an address other than the request's.
    """
    number = (request.args if args is None else args).get(name, type=int)
    return number if number is not None and abs(number) <= LARGEST_NUMBER else None


def number_list_argument(name: str, args: MultiDict[str, str] | None = None) -> tuple[int, ...]:
    """Read row numbers behind the question mark, as a form sends them or with commas between.

    Parameters
    ----------
    name : str
    args : MultiDict, optional
        Of an address other than the request's.

    Raises
    ------
    InvalidInputError
        If one of them is no number. How many may be chosen, the services know.
    """
    texts = (request.args if args is None else args).getlist(name)
    words = [word for text in texts for word in text.split(",") if word]
    if not all(ROW_NUMBER.fullmatch(word) for word in words):
        raise InvalidInputError("This selection can't be read. Please select again.")
    return tuple(dict.fromkeys(int(word) for word in words))


def numbers_of_form(name: str) -> list[int]:
    """Read the whole numbers of a form field that may be there several times."""
    numbers = request.form.getlist(name, type=int)
    return [number for number in numbers if abs(number) <= LARGEST_NUMBER]


def end_date_of_form() -> date | None:
    """Read the last day of a room from a form; None if there is to be none.

    Raises
    ------
    InvalidInputError
        If it can't be read as a date.
    """
    return _read_day(
        "ends_on",
        InvalidInputError("Please enter the end date like this: 2026-12-31.", field="ends_on"),
    )


def day_of_form(name: str) -> date | None:
    """Read a day from a field of a form; None if it is empty or not there.

    Raises
    ------
    InvalidInputError
        If it can't be read as a date.
    """
    refused = InvalidInputError("Please enter the day like this: 2026-12-31.", field=name)
    return _read_day(name, refused)


def _read_day(name: str, refused: InvalidInputError) -> date | None:
    text = request.form.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise refused from None


def moment_of_form(name: str) -> datetime | None:
    """Read a day and time from a field of a form; None if it is empty or not there.

    The field beside it, with ``_behind_utc`` in its name, says how many minutes the browser's clock
    is behind UTC; static/typed-times.js fills it in. Without it, the time is taken as UTC.

    Raises
    ------
    InvalidInputError
        If it can't be read.
    """
    text = request.form.get(name, "")
    behind = request.form.get(f"{name}_behind_utc") or "0"
    try:
        moment = datetime.fromisoformat(text) if text else None
        if moment is None or moment.tzinfo is not None:
            return moment and moment.astimezone(UTC)
        return (moment + timedelta(minutes=int(behind))).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidInputError(
            "Please enter the day and time like this: 2026-12-31 20:00.", field=name
        ) from None


def changed_at_of_form() -> datetime | None:
    """Read when a file was last changed, as the guest's clock showed it; None if nobody says."""
    try:
        moment = datetime.fromisoformat(request.form.get("changed_at", ""))
    except ValueError:
        return None
    return moment.replace(tzinfo=None)


def days_of_form(otherwise: int | None) -> int | None:
    """Read how many days after its end a room is to be deleted; never, if that was chosen.

    What is no number is 0, which the service refuses.
    """
    text = request.form.get("deletes_after_days")
    if text is None:
        return otherwise
    return int(text) if text.isdecimal() and len(text) < 10 else 0 if text else None


def page_argument(args: MultiDict[str, str] | None = None) -> int:
    """Read the number of a page, by default 1; an absurd one is a page that nothing has.

    Parameters
    ----------
    args : MultiDict, optional
        Of an address other than the request's.
    """
    args = request.args if args is None else args
    return max(0, min(args.get("page", 1, type=int), LARGEST_PAGE))


def people_argument() -> PeopleQuery:
    """Read which people of a list are wanted, as `template_helpers.people_arguments` writes it."""
    args = request.args
    return PeopleQuery(
        words=args.get("find", "").strip()[:MAX_WORDS],
        order=args.get("sort", PeopleOrder.GIVEN, type=PeopleOrder),
        is_nameless="nameless" in args,
    )


def album_argument(
    args: MultiDict[str, str] | None = None,
    *,
    photo_ids: tuple[int, ...] = (),
    takes_behind: bool = False,
) -> Album:
    """Open the album given by the arguments that `template_helpers.album_arguments` writes.

    Parameters
    ----------
    args : MultiDict, optional
        Of an address other than the request's.
    photo_ids : tuple of int
        The selected photos, if the address accepts any; ignored if people are given.
    takes_behind : bool
        Whether the address may ask for what stands behind the photos: those of downloads.

    Raises
    ------
    NotFoundError, InvalidInputError
        As `open_album`.
    """
    args = request.args if args is None else args
    album = open_album(
        current_access(),
        person_id=number_argument("person", args),
        people=number_list_argument("people", args),
        is_together=args.get("match") == "all",
        guest_id=number_argument("guest", args),
        photo_ids=photo_ids,
        uploader_id=number_argument("by", args),
        together=number_list_argument("with", args),
        is_without_faces="without_faces" in args,
        is_favourite="favourites" in args,
        order=args.get("order", type=Order),
    )
    return as_asked(album, args) if takes_behind else album


def as_asked(album: Album, args: MultiDict[str, str] | None = None) -> Album:
    """Add what stands behind the photos of an album, if the address asks for that as well."""
    return with_behind(album) if BEHIND in (request.args if args is None else args) else album


def init_app(app: Flask) -> None:
    """Make ``<int:...>`` mean a row number; before any address is registered."""
    app.url_map.converters["int"] = _RowNumber
