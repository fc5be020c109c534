"""The catalogues: no text beside them, none missing in any language, no placeholder lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from photoshare.web.languages import CATALOGUES, LANGUAGES, SOURCE_LANGUAGE, catalogue_path
from tests.conftest import ROOT

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# Templates whose texts are still to be brought into the catalogues. This list only becomes shorter.
NOT_YET = {
    str(path.relative_to(ROOT / "templates"))
    for folder in ("jobs", "photos")
    for path in (ROOT / "templates" / folder).glob("*.html")
}
# What reads the same in every language.
SAME_EVERYWHERE = {"PhotoShare", "PNG", "SVG", "x", "acde2-fh34-jkmnp"}
WORDS_IN_ATTRIBUTES = re.compile(
    r'\b(?:alt|aria-label|content|data-done|placeholder|title)="([^"]*)"'
)
TRANSLATING = ("_", "gettext", "ngettext", "pgettext", "npgettext")
SETTINGS_OF_PAGES = re.compile(r"<meta[^>]*>|<!doctype html>", re.I)


@cache
def extracted() -> dict[str, Message]:
    """Collect every text of the templates and of the code that is to be translated, by msgid."""
    with (CATALOGUES / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    catalogue = Catalog()
    for _file, _line, message, _comments, context in extract_from_dir(
        str(ROOT), methods, options, directory_filter=is_ours
    ):
        catalogue.add(message, context=context)
    return {key_of(message): message for message in catalogue if message.id}


def is_ours(folder: str) -> bool:
    return Path(folder).name in ("photoshare", "templates") or any(
        parent.name in ("photoshare", "templates") for parent in Path(folder).parents
    )


def key_of(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple) else message.id


def catalogue_of(language: str) -> dict[str, Message]:
    with catalogue_path(language).open("rb") as file:
        return {key_of(message): message for message in read_po(file, language) if message.id}


OTHER_LANGUAGES = sorted(set(LANGUAGES) - {SOURCE_LANGUAGE})


def test_there_are_texts_and_languages() -> None:
    assert len(extracted()) > 100
    assert "de" in OTHER_LANGUAGES


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_no_text_is_missing_and_none_is_left_over(language: str) -> None:
    """After a change of words: scripts/translations.sh, and then the translation."""
    translated = catalogue_of(language)

    assert set(extracted()) - set(translated) == set()
    assert set(translated) - set(extracted()) == set()
    for key, message in translated.items():
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), f"{language}: {key} is not translated"
        assert not message.fuzzy, f"{language}: {key} is a guess"


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_every_translation_keeps_its_placeholders(language: str) -> None:
    placeholder = re.compile(r"%\(\w+\)s|%%|%\w")
    for key, message in catalogue_of(language).items():
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        for string in strings:
            assert set(placeholder.findall(string)) == set(placeholder.findall(key)), key


def loose_words(source: str) -> Iterator[str]:
    """Yield the words of a template that stand in it as they are, in texts and in attributes."""
    tree = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(source)
    html = "\0".join(data.data for data in tree.find_all(nodes.TemplateData))
    attributes = " ".join(WORDS_IN_ATTRIBUTES.findall(SETTINGS_OF_PAGES.sub(" ", html)))
    # A tag may hold expressions, so that it is in several pieces: the NUL between them.
    text = re.sub(r"<[^<>]*>", " ", html)
    text = re.sub(r"&\w+;", " ", text)
    sentences = " ".join(text for text in _constants(tree) if re.search(r"[A-Z]|\w \w", text))
    for word in re.findall(r"[^\W\d_][\w.'-]*", f"{text} {attributes} {sentences}"):
        if word.strip(".-'") not in SAME_EVERYWHERE:
            yield word


def _constants(node: nodes.Node) -> Iterator[str]:
    """Yield the texts in the expressions of a template, but for those that are translated."""
    if isinstance(node, nodes.Call) and getattr(node.node, "name", "") in TRANSLATING:
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    for child in node.iter_child_nodes():
        yield from _constants(child)


@pytest.mark.parametrize(
    "path",
    [path for path in TEMPLATES if str(path.relative_to(ROOT / "templates")) not in NOT_YET],
    ids=lambda path: str(path.relative_to(ROOT / "templates")),
)
def test_a_template_has_no_text_beside_the_catalogues(path: Path) -> None:
    assert list(loose_words(path.read_text(encoding="utf-8"))) == []


def test_a_loose_word_is_found() -> None:
    assert list(loose_words('<p class="a">{{ _("Fine") }} Loose</p>')) == ["Loose"]
    assert list(loose_words('<img alt="Loose {{ name }}" src="x">')) == ["Loose"]
    assert list(loose_words("{{ name or 'Loose' }}")) == ["Loose"]
    assert list(loose_words('<a href="{{ url }}" title="{{ _("Fine") }}">·</a>')) == []
