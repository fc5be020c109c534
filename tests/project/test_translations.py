"""The catalogues: no text outside them, none missing in any language, no placeholder lost."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from photoshare.web.pages.languages import (
    CATALOGUES,
    LANGUAGES,
    SOURCE_LANGUAGE,
    _catalogue,
    catalogue_path,
)
from tests.conftest import ROOT

# The command line, which replays corrections, is in English.
CODE = [
    path
    for folder in ("web", "services", ".")
    for path in sorted((ROOT / "photoshare" / folder).glob("*.py"))
    if folder != "." or path.stem in ("images", "decoders", "decoder_main", "storage")
    if path.name != "replay.py"
]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# Texts that are the same in every language.
# 3GP without its digit, as words are read here.
FORMATS = {
    *("JPEG", "HEIC", "PNG", "WebP", "AVIF", "GIF", "TIFF", "BMP", "RAW", "SVG"),
    *("MP4", "MOV", "WebM", "GP"),
}
SAME_EVERYWHERE = FORMATS | {"PhotoShare", "x", "acde2-fh34-jkmnp"}
WORDS_IN_ATTRIBUTES = re.compile(
    r'\b(?:alt|aria-label|content|data-done|placeholder|title)="([^"]*)"'
)
# Calls whose first argument is translated, besides gettext and its variants.
KEYWORDS = (CATALOGUES / "keywords.txt").read_text(encoding="utf-8").split()
TRANSLATING = ("_", "gettext", "ngettext", "pgettext", "npgettext")
SETTINGS_OF_PAGES = re.compile(r"<meta[^>]*>|<!doctype html>", re.I)


@cache
def extracted() -> dict[str, Message]:
    """Collect every translatable text of the templates and the code, by msgid."""
    with (CATALOGUES / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = DEFAULT_KEYWORDS | parse_keywords(KEYWORDS)
    catalogue = Catalog()
    for _file, _line, message, _comments, context in extract_from_dir(
        str(ROOT), methods, options, keywords, directory_filter=is_ours
    ):
        catalogue.add(message, context=context)
    return {key_of(message): message for message in catalogue if message.id}


def is_ours(folder: str) -> bool:
    return Path(folder).name in ("photoshare", "templates") or any(
        parent.name in ("photoshare", "templates") for parent in Path(folder).parents
    )


def key_of(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def strings_of(message: Message) -> list[str]:
    """List the forms of a translation; a missing one is an empty string."""
    string = message.string or ""
    return [string] if isinstance(string, str) else list(string)


def catalogue_of(language: str) -> dict[str, Message]:
    with catalogue_path(language).open("rb") as file:
        return {key_of(message): message for message in read_po(file, language) if message.id}


OTHER_LANGUAGES = sorted(set(LANGUAGES) - {SOURCE_LANGUAGE})


def test_there_are_texts_and_languages() -> None:
    assert len(extracted()) > 100
    assert "de" in OTHER_LANGUAGES


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_no_text_is_missing_and_none_is_left_over(language: str) -> None:
    """After a change of words, run scripts/translations.sh and translate the new entries."""
    translated = catalogue_of(language)

    assert set(extracted()) - set(translated) == set()
    assert set(translated) - set(extracted()) == set()
    for key, message in translated.items():
        assert all(strings_of(message)), f"{language}: {key} is not translated"
        assert not message.fuzzy, f"{language}: {key} is a guess"


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_every_translation_keeps_its_placeholders(language: str) -> None:
    placeholder = re.compile(r"%\(\w+\)s|%%|%\w|\{\w+\}")
    compiled = _catalogue(language)
    numbers = Counter(compiled.plural(number) for number in range(1000))
    for key, message in catalogue_of(language).items():
        for form, string in enumerate(strings_of(message)):
            wanted = set(placeholder.findall(key))
            if message.pluralizable and numbers[form] == 1:  # "two photos" may be one word
                wanted -= {"%(number)s"} - set(placeholder.findall(string))
            assert set(placeholder.findall(string)) == wanted, key


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_every_counted_text_has_a_form_for_every_number(language: str) -> None:
    """Numbers in the same plural category of Unicode's CLDR have the same form."""
    with catalogue_path(language).open("rb") as file:
        catalogue = read_po(file, language)
    compiled = _catalogue(language)
    category = Locale.parse(language).plural_form
    by_category: dict[str, set[int]] = {}
    for number in range(200):
        form = compiled.plural(number)
        by_category.setdefault(category(number), set()).add(form)

    assert all(len(forms) == 1 for forms in by_category.values()), by_category
    assert set.union(*by_category.values()) == set(range(catalogue.num_plurals))
    for message in catalogue:
        if message.pluralizable:
            assert len(strings_of(message)) == catalogue.num_plurals


def sentences_of(path: Path) -> Iterator[str]:
    """Yield the untranslated sentences in code, except docstrings and logs."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    aside: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            aside.add(node.value)
        if isinstance(node, ast.Call) and (
            _name_of(node.func) in (*TRANSLATING, *KEYWORDS) or _base_of(node.func) == "log"
        ):
            aside |= {constant for argument in node.args[:2] for constant in ast.walk(argument)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) or node in aside or not isinstance(node, ast.Constant):
            continue
        if isinstance(node.value, str) and re.fullmatch(r"[A-Z][^<>]* [^<>]*[.?!]", node.value):
            yield node.value


def _name_of(function: ast.expr) -> str:
    return str(getattr(function, "attr", getattr(function, "id", "")))


def _base_of(function: ast.expr) -> str:
    return _name_of(function.value) if isinstance(function, ast.Attribute) else ""


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.stem)
def test_code_says_no_sentence_beside_the_catalogues(path: Path) -> None:
    assert list(sentences_of(path)) == []


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.stem)
def test_an_error_of_the_pages_has_its_values_beside_its_sentence(path: Path) -> None:
    """A sentence assembled where it is raised is not in any catalogue."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _name_of(node.func) in KEYWORDS and node.args:
            assert not isinstance(node.args[0], ast.JoinedStr), ast.unparse(node)


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.stem)
def test_no_word_is_translated_within_an_f_string(path: Path) -> None:
    """Before Python 3.12 Babel does not find it there, so no catalogue would have it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            calls = [call for call in ast.walk(node) if isinstance(call, ast.Call)]
            assert not any(_name_of(call.func) in TRANSLATING for call in calls), ast.unparse(node)


def test_a_loose_sentence_of_code_is_found(tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text(
        '"""A docstring. Fine."""\n'
        'log.error("Fine in a log.")\n'
        'raise NotFoundError("This is fine.")\n'
        'say("This is loose.")\n'
    )

    assert list(sentences_of(code)) == ["This is loose."]


def loose_words(source: str) -> Iterator[str]:
    """Yield the unmarked words of a template, in texts and in attributes."""
    tree = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(source)
    html = "\0".join(data.data for data in tree.find_all(nodes.TemplateData))
    attributes = " ".join(WORDS_IN_ATTRIBUTES.findall(SETTINGS_OF_PAGES.sub(" ", html)))
    # A tag may contain expressions, and so be in several pieces, separated by NUL.
    text = re.sub(r"<[^<>]*>", " ", html)
    text = re.sub(r"&\w+;", " ", text)
    sentences = " ".join(text for text in _constants(tree) if re.search(r"[A-Z]|\w \w", text))
    for word in re.findall(r"[^\W\d_][\w.'-]*", f"{text} {attributes} {sentences}"):
        if word.strip(".-'") not in SAME_EVERYWHERE:
            yield word


def _constants(node: nodes.Node) -> Iterator[str]:
    """Yield the texts in a template's expressions, except translated ones."""
    if isinstance(node, nodes.Call) and getattr(node.node, "name", "") in TRANSLATING:
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    for child in node.iter_child_nodes():
        yield from _constants(child)


@pytest.mark.parametrize(
    "path",
    TEMPLATES,
    ids=lambda path: str(path.relative_to(ROOT / "templates")),
)
def test_a_template_has_no_text_beside_the_catalogues(path: Path) -> None:
    assert list(loose_words(path.read_text(encoding="utf-8"))) == []


def test_a_loose_word_is_found() -> None:
    assert list(loose_words('<p class="a">{{ _("Fine") }} Loose</p>')) == ["Loose"]
    assert list(loose_words('<img alt="Loose {{ name }}" src="x">')) == ["Loose"]
    assert list(loose_words("{{ name or 'Loose' }}")) == ["Loose"]
    assert list(loose_words('<a href="{{ url }}" title="{{ _("Fine") }}">·</a>')) == []
