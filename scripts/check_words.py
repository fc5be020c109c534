"""Refuse the phrases of refused_phrases.txt: print ``file:line: phrase`` of each, and exit with 1.

    scripts/check_words.py [--all] [FOLDER]

Reads the words that people see: the pages, the texts to translate, and the messages in the code.
With ``--all`` it reads whole files, with their comments and docstrings, and the documents.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
PHRASES = Path(__file__).with_name("refused_phrases.txt")
PAGES = ("templates/**/*.html",)
CODE = ("photoshare/**/*.py",)
CATALOGUES = ("photoshare/translations/*/LC_MESSAGES/messages.po",)
SCRIPTS = ("static/**/*.js", "run.sh")
DOCUMENTS = ("*.md", "docs/**/*.md", "static/**/*.css")
# They quote what pages said once, and how not to write.
QUOTING = ("CHANGELOG.md", "STYLE.md")
# A line may end within a phrase: between two string literals, or two lines of a comment.
GAP = r'(?:\s|"\s*\n\s*"|\n\s*(?:#|//|\*))+'
TEMPLATE_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
SCRIPT_COMMENT = re.compile(r"^\s*#.*$|/\*.*?\*/|(?<![:\w])//[^\n]*", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A refused one, and a better one."""

    pattern: re.Pattern[str]
    better: str


def read_phrases(path: Path = PHRASES) -> list[Phrase]:
    """Read the list: on each line a regular expression, two spaces, ``#`` and a better phrase."""
    phrases = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pattern, better = line.split("  # ")
            phrases.append(Phrase(re.compile(pattern.replace(" ", GAP), re.MULTILINE), better))
    return phrases


def texts(root: Path, *, is_all: bool) -> Iterator[tuple[Path, int, str]]:
    """Yield (file, line of its begin, text) of everything that is to be read."""
    if is_all:
        for path in _files(root, *PAGES, *CODE, *SCRIPTS, *DOCUMENTS):
            if path.name not in QUOTING and "versions" not in path.parts:
                yield path, 1, path.read_text(encoding="utf-8")
    else:
        for path in _files(root, *PAGES):
            yield path, 1, TEMPLATE_COMMENT.sub(_lines_only, path.read_text(encoding="utf-8"))
        for path in _files(root, *SCRIPTS):
            yield path, 1, SCRIPT_COMMENT.sub(_lines_only, path.read_text(encoding="utf-8"))
        for path in _files(root, *CODE):
            yield from _strings(path)
    for path in _files(root, *CATALOGUES):
        yield from _texts_to_translate(path)


def _files(root: Path, *patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in root.glob(pattern))


def _lines_only(found: re.Match[str]) -> str:
    return "\n" * found.group().count("\n")


def _strings(path: Path) -> Iterator[tuple[Path, int, str]]:
    """Yield the texts of a module, whole where values stand in them; no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    aside: set[ast.AST] = set()
    for node in ast.walk(tree):  # what is within comes after what it is in
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            aside.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            aside.update(node.values)
            values = (getattr(value, "value", "") for value in node.values)
            yield path, node.lineno, "".join(v if isinstance(v, str) else "{}" for v in values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in aside:
            yield path, node.lineno, node.value


def _texts_to_translate(path: Path) -> Iterator[tuple[Path, int, str]]:
    with path.open("rb") as file:
        for message in read_po(file):
            ids = (message.id,) if isinstance(message.id, str) else message.id
            for text in filter(None, ids):
                yield path, message.lineno or 1, text


def find_refused(root: Path, *, is_all: bool) -> Iterator[str]:
    """Yield one line for every refused phrase below a folder."""
    phrases = read_phrases()
    for path, begin, text in texts(root, is_all=is_all):
        for phrase in phrases:
            for found in phrase.pattern.finditer(text):
                line = begin + text.count("\n", 0, found.start())
                words = " ".join(re.sub(r'"\s+"', "", found.group()).split())
                yield f"{path.relative_to(root)}:{line}: {words} (better: {phrase.better})"


def main() -> int:
    """Print what is refused; return the exit code."""
    parser = argparse.ArgumentParser(description="Refuse the phrases of refused_phrases.txt.")
    parser.add_argument("--all", action="store_true", help="read comments and documents, too")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT)
    options = parser.parse_args()
    refused = list(find_refused(options.folder, is_all=options.all))
    for line in refused:
        print(line)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
