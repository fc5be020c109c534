"""Choose the language of a page, and load its translations.

Translations are text in ``photoshare/translations/<language>/LC_MESSAGES/messages.po``, read when
the first page needs them: nothing is compiled beforehand.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, request
from flask_babel import Babel, Domain, get_locale

from photoshare.config import PACKAGE

CATALOGUES = PACKAGE / "translations"
SOURCE_LANGUAGE = "en"  # the language of the templates
COOKIE = "photoshare_language"  # the guest's choice; without it the browser's languages count
MAX_TAGS = 20  # how many of the browser's list are read
MAX_SUBTAGS = 4  # language, script, region, variant: we know nothing about further subtags
# Which Portuguese and which Chinese. Everyone who reads the language gets them, unless a browser
# asks for the other script and lists another language that we have.
VARIETIES = {"pt": "pt_BR", "zh": "zh_Hans"}


def catalogue_path(language: str) -> Path:
    """Return the path of a language's catalogue."""
    return CATALOGUES / language / "LC_MESSAGES" / "messages.po"


def _languages() -> dict[str, str]:
    """Return the available languages, each with its own name, by code."""
    codes = {SOURCE_LANGUAGE, *(path.parent.parent.name for path in CATALOGUES.glob("*/*/*.po"))}
    return {
        code: Locale.parse(VARIETIES.get(code, code)).get_display_name() or code
        for code in sorted(codes)
    }


LANGUAGES = _languages()
# The script in which each is written, by Unicode's CLDR: "Latn", "Hans".
SCRIPTS = {code: get_global("likely_subtags")[code].split("_")[1] for code in LANGUAGES}


@cache
def _catalogue(language: str) -> NullTranslations:
    """Read a language's catalogue, once per server process."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    with catalogue_path(language).open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


class _Domain(Domain):  # type: ignore[misc]  # flask_babel has no types
    """The translations for the current request's language."""

    def get_translations(self) -> NullTranslations:
        return _catalogue(page_catalogue())


class _Babel(Babel):  # type: ignore[misc]
    """Flask-Babel with catalogues that need not be compiled."""

    domain_instance = _Domain()


def _wished() -> Iterator[str]:
    """List language tags, the guest's choice first: ``de-AT``, ``en``."""
    tags = [tag for tag, quality in request.accept_languages if quality > 0][:MAX_TAGS]
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        yield from (tag for tag in tags if tag.split("-")[0].lower() == chosen)
        yield chosen
    yield from tags


def _lookup(tag: str) -> Locale | None:
    """Find the locale of a language tag, shortening it from the end until known: RFC 4647, 3.4.

    ``de-US`` becomes ``de``, and ``ar-EG-u-nu-arab`` becomes ``ar-EG``.
    """
    parts = tag.split("-")
    for length in range(min(len(parts), MAX_SUBTAGS), 0, -1):
        try:
            return Locale.parse("-".join(parts[:length]), sep="-")
        except (ValueError, UnknownLocaleError):
            continue  # a browser may send anything
    return None


def _select_locale() -> str:
    """Choose an available language, and the region that decides how dates and numbers look.

    A language in a script other than ours, such as Chinese in traditional characters, comes after
    everything else that the browser lists, but before the language of the templates.
    """
    last_resort = SOURCE_LANGUAGE
    for tag in _wished():
        locale = _lookup(tag)
        if locale is None or locale.language not in LANGUAGES:
            continue
        if locale.script in (None, SCRIPTS[locale.language]):
            return str(locale)
        if last_resort == SOURCE_LANGUAGE:
            last_resort = f"{locale.language}_{SCRIPTS[locale.language]}"
    return last_resort


def page_locale() -> Locale:
    """Return the locale of the current page."""
    return get_locale() or Locale.parse(SOURCE_LANGUAGE)


def page_catalogue() -> str:
    """Return the code of the page's language, a key of `LANGUAGES`."""
    return str(page_locale().language)


def page_language() -> str:
    """Return the page's language as written in HTML: ``de``, ``en-GB``."""
    return str(page_locale()).replace("_", "-")


def page_direction() -> str:
    """Return ``rtl`` if the language is written from right to left, else ``ltr``."""
    return page_locale().text_direction


def init_app(app: Flask) -> None:
    """Set up the languages, and make them available to the templates."""
    _Babel(app, default_locale=SOURCE_LANGUAGE, locale_selector=_select_locale)
    app.jinja_env.globals |= {
        "LANGUAGES": LANGUAGES,
        "page_catalogue": page_catalogue,
        "page_direction": page_direction,
        "page_language": page_language,
    }
