"""Languages: which one a page speaks, where its words come from, the form that chooses another.

Translations lie as text in ``photoshare/translations/<language>/LC_MESSAGES/messages.po`` and are
read when the first page needs them: nothing is compiled beforehand.
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
from flask import Flask, request, url_for
from flask_babel import Babel, Domain, get_locale

from photoshare.config import PACKAGE

CATALOGUES = PACKAGE / "translations"
SOURCE_LANGUAGE = "en"  # the language of the templates
COOKIE = "photoshare_language"  # a choice; without it the browser's own languages count
MAX_TAGS = 20  # of the browser's list that are looked at
MAX_SUBTAGS = 4  # language, script, region, variant: more of a tag says nothing that we know
# Which Portuguese and which Chinese. All who read the language get them, unless a browser asks for
# the other script and lists another language that is there.
VARIETIES = {"pt": "pt_BR", "zh": "zh_Hans"}


def catalogue_path(language: str) -> Path:
    """Return where the words of a language lie."""
    return CATALOGUES / language / "LC_MESSAGES" / "messages.po"


def _languages() -> dict[str, str]:
    """List the languages that there are: code and own name, by code."""
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
    """Read the words of a language; once in the life of the server."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    with catalogue_path(language).open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


class _Domain(Domain):  # type: ignore[misc]  # flask_babel has no types
    """The words of the current request's language."""

    def get_translations(self) -> NullTranslations:
        return _catalogue(page_catalogue())


class _Babel(Babel):  # type: ignore[misc]
    """Flask-Babel with catalogues that need no compiling."""

    domain_instance = _Domain()


def _wished() -> Iterator[str]:
    """List language tags, the wish of the guest first: ``de-AT``, ``en``."""
    tags = [tag for tag, quality in request.accept_languages if quality > 0][:MAX_TAGS]
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        yield from (tag for tag in tags if tag.split("-")[0].lower() == chosen)
        yield chosen
    yield from tags


def _lookup(tag: str) -> Locale | None:
    """Find what is known of a language tag, shortened from its end until it is: RFC 4647, 3.4.

    ``de-US`` is known as ``de``, ``ar-EG-u-nu-arab`` as ``ar-EG``.
    """
    parts = tag.split("-")
    for length in range(min(len(parts), MAX_SUBTAGS), 0, -1):
        try:
            return Locale.parse("-".join(parts[:length]), sep="-")
        except (ValueError, UnknownLocaleError):
            continue  # whatever a browser may send
    return None


def _select_locale() -> str:
    """Choose the language that is there, and the region's way to write dates and numbers.

    A language in another script than ours, as Chinese in traditional characters, comes after
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
    """Return the locale of the page that is being made."""
    return get_locale() or Locale.parse(SOURCE_LANGUAGE)


def page_catalogue() -> str:
    """Return the code of the language of the page, a key of `LANGUAGES`."""
    return str(page_locale().language)


def page_language() -> str:
    """Return the language of the page as HTML names it: ``de``, ``en-GB``."""
    return str(page_locale()).replace("_", "-")


def page_direction() -> str:
    """Return ``rtl`` where the language is written from right to left, else ``ltr``."""
    return page_locale().text_direction


def own_address() -> str:
    """Return the path of this page, to come back to; the start page's after a form."""
    if request.method not in ("GET", "HEAD"):
        return url_for("rooms.index")
    return request.script_root + request.full_path.removesuffix("?")


def init_app(app: Flask) -> None:
    """Give the app its languages and the templates what they say of them."""
    _Babel(app, default_locale=SOURCE_LANGUAGE, locale_selector=_select_locale)
    app.jinja_env.globals |= {
        "LANGUAGES": LANGUAGES,
        "own_address": own_address,
        "page_catalogue": page_catalogue,
        "page_direction": page_direction,
        "page_language": page_language,
    }
