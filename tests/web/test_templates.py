"""The folders of templates, and the line width of templates, styles and scripts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

MAX_LINE = 120  # as in the formatters: pyproject.toml and .oxfmtrc.json
TEMPLATES = {
    str(path.relative_to(ROOT / "templates")): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "templates").rglob("*.html"))
}
FRONT_END = [
    *sorted((ROOT / "templates").rglob("*.html")),
    *sorted(
        path for path in (ROOT / "static").rglob("*") if path.suffix in (".css", ".js", ".svg")
    ),
]
WEB = sorted((ROOT / "photoshare" / "web").rglob("*.py"))
# A template that uses another one, or one of several.
NAMED = re.compile(r"\{%-?\s*(?:extends|include|from)\s+([^%]+)")


def templates_of(path: Path) -> set[str]:
    """List the templates named in a module."""
    return {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.endswith(".html")
    }


def blueprints() -> Iterator[tuple[str, Path]]:
    """Find every view module with the name of its blueprint."""
    for path in WEB:
        found = re.search(r'^blueprint = Blueprint\(\s*"(\w+)"', path.read_text("utf-8"), re.M)
        if found:
            yield found[1], path


def is_part(template: str) -> bool:
    return Path(template).name.startswith("_")


@pytest.mark.parametrize(("blueprint", "path"), list(blueprints()))
def test_a_page_lies_in_the_folder_of_its_blueprint(blueprint: str, path: Path) -> None:
    """A partial may be another's: tiles of photos are used in albums of every kind."""
    pages = {template for template in templates_of(path) if not is_part(template)}

    assert {template for template in pages if not template.startswith(f"{blueprint}/")} == set()


def test_every_folder_of_templates_is_a_blueprint() -> None:
    folders = {path.name for path in (ROOT / "templates").iterdir() if path.is_dir()}

    assert folders <= {name for name, _ in blueprints()}


def test_every_template_is_used_and_every_one_that_is_named_exists() -> None:
    named = set().union(*(templates_of(path) for path in WEB))
    for text in TEMPLATES.values():
        for names in NAMED.findall(text):
            named |= set(re.findall(r'"([\w/]+\.html)"', names))

    assert named == set(TEMPLATES)


@pytest.mark.parametrize("path", FRONT_END, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_line_is_wider_than_a_window(path: Path) -> None:
    """The formatters enforce it for code; comments, drawing paths and texts are up to us."""
    lines = path.read_text(encoding="utf-8").splitlines()

    assert [number for number, line in enumerate(lines, 1) if len(line) > MAX_LINE] == []
