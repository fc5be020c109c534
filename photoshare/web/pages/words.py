"""Format numbers, sizes, times and dates in the guest's language and region."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from babel.dates import (
    format_date,
    format_interval,
    format_skeleton,
    format_time,
    format_timedelta,
)
from babel.lists import format_list
from babel.numbers import format_decimal
from babel.units import format_unit
from flask_babel import gettext, ngettext
from markupsafe import Markup

from photoshare.config import GB, KB, MB
from photoshare.errors import InvalidInputError, PhotoshareError
from photoshare.models import Face, Person, Photo
from photoshare.web.pages.languages import page_direction, page_language, page_locale

# Around text whose direction differs from the page's; being characters, they work in attributes,
# too. The first strong letter between them decides (Unicode Standard Annex 9, FSI and PDI).
ISOLATE, END_OF_ISOLATE = "\u2068", "\u2069"
RIGHT_TO_LEFT = ("R", "AL")  # bidirectional classes of letters

SPAN_UNITS = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}  # in seconds

# What the pages count: each noun is here once, so that every language can inflect it.
COUNTED: dict[str, Callable[[int, str], str]] = {
    "photo": lambda n, number: ngettext("%(number)s photo", "%(number)s photos", n, number=number),
    "face": lambda n, number: ngettext("%(number)s face", "%(number)s faces", n, number=number),
    "person": lambda n, number: ngettext(
        "%(number)s person", "%(number)s people", n, number=number
    ),
    "file": lambda n, number: ngettext("%(number)s file", "%(number)s files", n, number=number),
    "question": lambda n, number: ngettext(
        "%(number)s question", "%(number)s questions", n, number=number
    ),
    "guest": lambda n, number: ngettext("%(number)s guest", "%(number)s guests", n, number=number),
}


def count(number: int, noun: str) -> str:
    """Format a number with its noun, one of `COUNTED`: ``1 photo``, ``2 photos``, ``2 people``."""
    return _count(number, noun, page_language())


@lru_cache(maxsize=4096)  # a grid of people has sixty of them
def _count(number: int, noun: str, _language: str) -> str:
    return COUNTED[noun](number, format_decimal(number, locale=page_locale()))


# Sentences that a script completes with a number, so that it needs all plural forms of each.
SCRIPT_SENTENCES: dict[str, Callable[[int, str], str]] = {
    "photos_added": lambda n, number: ngettext(
        "%(number)s photo added", "%(number)s photos added", n, number=number
    ),
    "photos_waiting": lambda n, number: ngettext(
        "%(number)s photo is waiting for the host",
        "%(number)s photos are waiting for the host",
        n,
        number=number,
    ),
    "photos_known": lambda n, number: ngettext(
        "%(number)s was here already", "%(number)s were here already", n, number=number
    ),
}
PLURAL_EXAMPLES = (*range(201), 1_000_000)  # every plural form of CLDR has one of these


def plural_forms(sentence: str) -> dict[str, str]:
    """Return one of `SCRIPT_SENTENCES` by plural category, with ``{number}`` in its place.

    The categories are those of ``Intl.PluralRules`` in a browser: ``one``, ``few``, ``other``, ...
    """
    return _plural_forms(sentence, page_language())


@lru_cache(maxsize=64)  # every page of a room has some
def _plural_forms(sentence: str, _language: str) -> dict[str, str]:
    category_of = page_locale().plural_form
    examples = {category_of(number): number for number in reversed(PLURAL_EXAMPLES)}
    say = SCRIPT_SENTENCES[sentence]
    return {category: say(number, "{number}") for category, number in examples.items()}


def date_range(first: date, last: date) -> str:
    """Format the days of an event, from the first to the last, or the only one."""
    if first == last:
        return day(first)
    return format_interval(first, last, skeleton="yMMMd", locale=page_locale())


def duration(seconds: float) -> str:
    """Format a waiting time in words, rounded as suits an estimate."""
    if seconds < 10:
        return str(gettext("a few seconds"))
    if seconds < 55:
        rounded = timedelta(seconds=round(seconds / 10) * 10)
    elif round(seconds / 60) < 60:
        rounded = timedelta(minutes=round(seconds / 60))
    else:
        rounded = timedelta(hours=round(seconds / 3600))
    words = format_timedelta(rounded, threshold=1, locale=page_locale())
    return str(gettext("about %(time)s", time=words))


def time_span(seconds: int) -> str:
    """Format by how much a clock is wrong, in words and without its sign: "1 hr, 4 min"."""
    left, parts = abs(seconds), []
    for unit, size in SPAN_UNITS.items():
        number, left = divmod(left, size)
        if number:
            parts.append(format_unit(number, f"duration-{unit}", "short", locale=page_locale()))
    return format_list(parts, style="unit-short", locale=page_locale())


def file_size(size_bytes: int) -> str:
    """Format a size as phones and disks do: 1 MB is a million bytes."""
    if size_bytes >= GB:
        return str(gettext("%(number)s GB", number=_decimal(size_bytes / GB, "#,##0.0")))
    if size_bytes >= MB:
        return str(gettext("%(number)s MB", number=_decimal(size_bytes / MB, "#,##0.0")))
    return str(gettext("%(number)s kB", number=_decimal(max(size_bytes / KB, 1), "#,##0")))


def _decimal(number: float, pattern: str) -> str:
    return format_decimal(number, format=pattern, locale=page_locale())


def number(value: float, decimals: int = 0) -> str:
    """Format a number with this many decimals."""
    return _decimal(value, "#,##0" + ("." + "0" * decimals if decimals else ""))


def day(date_: date) -> str:
    """Format a date with the name of its month."""
    return format_date(date_, format="long", locale=page_locale())


def weekday(date_: date) -> str:
    """Format a date with its weekday, for headings: "Saturday, July 4, 2026"."""
    return format_date(date_, format="full", locale=page_locale())


def times(first: datetime, last: datetime) -> str:
    """Format from when to when something was, within a day: "2:05 PM to 4:30 PM"."""
    begin, end = (format_time(time, format="short", locale=page_locale()) for time in (first, last))
    return begin if begin == end else f"{begin}\u2009\N{EN DASH}\u2009{end}"


def moment(time: datetime) -> Markup:
    """Format a date and time of day as an element that static/times.js puts into the reader's zone.

    Until then, and without a script, in UTC and marked so: the server does not know the zone.
    """
    locale = page_locale()
    words = gettext(
        "%(day)s, %(time)s UTC",
        day=format_date(time, format="medium", locale=locale),
        time=format_time(time, format="short", locale=locale),
    )
    return Markup('<time datetime="{}" data-moment>{}</time>').format(time.isoformat(), words)


def capture_time(time: datetime) -> str:
    """Format when a photo was taken, as the clock there showed it: no zone has to be known."""
    locale = page_locale()
    day = format_skeleton("yMMMEd", time, locale=locale)
    pattern = str(locale.datetime_formats["medium"])
    return pattern.replace("'", "").format(format_time(time, "short", locale=locale), day)


def isolated(text: str | None) -> str:
    """Isolate a name that someone typed, so that it and the words around it keep their order.

    Without this, the full stop of ``O'Neill Jr.`` comes before the name on an Arabic page. Nothing
    is added if everything is written from left to right.
    """
    if not text:
        return ""
    is_mixed = page_direction() == "rtl" or any(
        unicodedata.bidirectional(letter) in RIGHT_TO_LEFT for letter in text
    )
    return f"{ISOLATE}{text}{END_OF_ISOLATE}" if is_mixed else text


def together_words(people: Sequence[Person]) -> str:
    """Say who is together in photos: "With Lea and Tom", or how many if some have no name."""
    names = [isolated(person.name) for person in people if person.name]
    if len(names) < len(people):
        names = [count(len(people), "person")]
    return str(gettext("With %(people)s", people=format_list(names, locale=page_locale())))


def translate_error(error: PhotoshareError) -> str:
    """Return the error's sentence in the guest's language."""
    values = {
        name: number(value) if isinstance(value, int) else isolated(value)
        for name, value in error.values.items()
    }
    return str(gettext(error.sentence, **values))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a form is shown again: beside which field, and the sentence in the guest's language."""

    field: str | None
    sentence: str


def refusal(error: PhotoshareError, field: str | None = None) -> Refusal:
    """Say an error of a form beside its field: the one it names, or else the given one."""
    named = error.field if isinstance(error, InvalidInputError) else None
    return Refusal(named or field, translate_error(error))


def translate_stored(sentence: str) -> str:
    """Translate a sentence stored in English; one that contains values stays English."""
    return str(gettext(sentence))


def photo_words(photo: Photo, faces: Iterable[Face]) -> str:
    """Describe a photo for those who cannot see it: the named people in it, else its file name.

    Parameters
    ----------
    photo : Photo
    faces : iterable of Face
        The ones this browser may see, with their people loaded.
    """
    names = sorted(
        {isolated(face.person.name) for face in faces if face.person and face.person.name}
    )
    if names:
        people = format_list(names, locale=page_locale())
        if photo.duration_ms is not None:
            return str(gettext("Video with %(people)s", people=people))
        return str(gettext("Photo with %(people)s", people=people))
    file_name = isolated(photo.file_name)
    if photo.duration_ms is not None:
        return str(gettext("Video %(file_name)s", file_name=file_name))
    return str(gettext("Photo %(file_name)s", file_name=file_name))
