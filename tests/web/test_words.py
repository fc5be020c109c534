"""Numbers, sizes, times and dates in the guest's language and region."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from flask_babel import force_locale

from photoshare.errors import InvalidInputError
from photoshare.web.pages.words import (
    COUNTED,
    count,
    date_range,
    day,
    duration,
    file_size,
    isolated,
    moment,
    plural_forms,
    translate_error,
)
from tests.conftest import ROOT


@pytest.fixture
def say(app: Flask) -> Callable[..., str]:
    def say(locale: str, function: Callable[..., str], *values: object) -> str:
        with app.test_request_context(), force_locale(locale):
            return function(*values)

    return say


@pytest.mark.parametrize(
    ("locale", "number", "noun", "words"),
    [
        ("en", 0, "photo", "0 photos"),
        ("en", 1, "photo", "1 photo"),
        ("en", 1234567, "photo", "1,234,567 photos"),
        ("en", 1, "person", "1 person"),
        ("en", 2, "person", "2 people"),
        ("de", 1, "guest", "1 Gast"),
        ("de", 12345, "guest", "12.345 Gäste"),
        ("es", 1, "face", "1 cara"),
        ("fr", 0, "photo", "0 photo"),
        ("fr", 12345, "photo", "12\u202f345 photos"),
        ("hi", 1234567, "photo", "12,34,567 फ़ोटो"),
        ("pt", 2, "guest", "2 convidados"),
        ("zh", 2, "person", "2 个人"),
        ("ar", 2, "photo", "صورتان"),
        ("ar", 1, "photo", "صورة واحدة"),
        ("ar", 3, "photo", "3 صور"),
        ("ar", 11, "file", "11 ملفًا"),
        ("ar", 100, "file", "100 ملف"),
        ("de_CH", 12345, "face", "12\u2019345 Gesichter"),
    ],
)
def test_things_are_counted(
    say: Callable[..., str], locale: str, number: int, noun: str, words: str
) -> None:
    assert say(locale, count, number, noun) == words


def test_every_noun_of_the_templates_is_known() -> None:
    used = set()
    for path in (ROOT / "templates").rglob("*.html"):
        used |= set(re.findall(r"\|\s*count\(\s*[\"'](\w+)", path.read_text(encoding="utf-8")))

    assert used
    assert used - set(COUNTED) == set()


@pytest.mark.parametrize(
    ("size", "english", "german"),
    [
        (0, "1 kB", "1 kB"),
        (999_499, "999 kB", "999 kB"),
        (1_000_000, "1.0 MB", "1,0 MB"),
        (12_340_000, "12.3 MB", "12,3 MB"),
        (2_500_000_000, "2.5 GB", "2,5 GB"),
    ],
)
def test_a_size_is_said_in_its_unit(
    say: Callable[..., str], size: int, english: str, german: str
) -> None:
    assert say("en", file_size, size) == english
    assert say("de", file_size, size) == german


@pytest.mark.parametrize(
    ("seconds", "english", "german"),
    [
        (0, "a few seconds", "ein paar Sekunden"),
        (34, "about 30 seconds", "etwa 30 Sekunden"),
        (58, "about 1 minute", "etwa 1 Minute"),
        (200, "about 3 minutes", "etwa 3 Minuten"),
        (3600, "about 1 hour", "etwa 1 Stunde"),
        (20_000, "about 6 hours", "etwa 6 Stunden"),
        (200_000, "about 2 days", "etwa 2 Tage"),
    ],
)
def test_a_time_is_an_estimate(
    say: Callable[..., str], seconds: float, english: str, german: str
) -> None:
    assert say("en", duration, seconds) == english
    assert say("de", duration, seconds) == german


def test_a_day_has_the_name_of_its_month(say: Callable[..., str]) -> None:
    assert say("en", day, date(2026, 12, 3)) == "December 3, 2026"
    assert say("en_GB", day, date(2026, 12, 3)) == "3 December 2026"
    assert say("de", day, date(2026, 12, 3)) == "3. Dezember 2026"


def test_a_moment_is_said_as_the_guest_writes_it(say: Callable[..., str]) -> None:
    evening = datetime(2026, 6, 20, 18, 5, tzinfo=UTC)

    def said_in(language: str) -> str:
        element = say(language, moment, evening)
        begin, end = '<time datetime="2026-06-20T18:05:00+00:00" data-moment>', "</time>"
        assert element.startswith(begin)
        return element.removeprefix(begin).removesuffix(end)

    assert said_in("en") == "Jun 20, 2026, 6:05\u202fPM UTC"
    assert said_in("en_GB") == "20 Jun 2026, 18:05 UTC"
    assert said_in("de") == "20.06.2026, 18:05 UTC"


def test_a_name_is_set_apart_where_directions_may_mix(say: Callable[..., str]) -> None:
    assert say("de", isolated, "O'Neill Jr.") == "O'Neill Jr."
    assert say("ar", isolated, "O'Neill Jr.") == "\u2068O'Neill Jr.\u2069"
    assert say("de", isolated, "ليلى 2") == "\u2068ليلى 2\u2069"
    assert say("de", isolated, "王小明") == "王小明"
    assert say("ar", isolated, None) == ""


def test_an_error_sets_the_name_in_it_apart(say: Callable[..., str]) -> None:
    error = InvalidInputError("There's already a %(name)s. Is this the same person?", name="ليلى 2")

    assert "\u2068ليلى 2\u2069" in say("en", translate_error, error)


@pytest.mark.parametrize(
    ("language", "categories"),
    [
        ("en", {"one", "other"}),
        ("ar", {"zero", "one", "two", "few", "many", "other"}),
        ("zh", {"other"}),
    ],
)
def test_a_script_gets_every_plural_form_of_a_sentence(
    app: Flask, language: str, categories: set[str]
) -> None:
    with app.test_request_context(headers={"Accept-Language": language}):
        forms = plural_forms("photos_added")

    assert set(forms) == categories
    assert "{number}" in forms["other"]


def test_the_days_of_an_event_are_one_day_or_a_range(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "de"}):
        assert date_range(date(2026, 7, 4), date(2026, 7, 4)) == "4. Juli 2026"
        assert re.sub(r"\s", "", date_range(date(2026, 7, 4), date(2026, 7, 6))) == (
            "4.\N{EN DASH}6.Juli2026"
        )
