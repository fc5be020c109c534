"""The documentation agrees with the code."""

from __future__ import annotations

import importlib
import re

import pytest
from flask import Flask

from photoshare.config import settings_table
from photoshare.web.guards.rates import Limit
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()


def test_the_readme_shows_every_setting_as_it_is() -> None:
    table = README.split("<!-- settings")[1].split("<!-- end")[0]
    rows = [
        f"| `{variable}` | {default or '(empty)'} | {unit} | {help_text} |"
        for variable, default, unit, help_text in settings_table()
    ]

    assert [line for line in table.splitlines() if line.startswith("| `")] == rows


def value_of(name: str) -> list[float]:
    """Return the numbers of a constant, or of the default of a setting."""
    if name.startswith("PHOTOSHARE_"):
        return [float(dict(row[:2] for row in settings_table())[name])]
    module, _, constant = name.rpartition(".")
    value = getattr(importlib.import_module(module), constant)
    limits = value if isinstance(value, tuple) else (value,)
    return [float(limit.most if isinstance(limit, Limit) else limit) for limit in limits]


def test_the_limits_in_the_security_document_are_those_of_the_code() -> None:
    table = (ROOT / "docs/security.md").read_text().split("<!-- limits")[1].split("<!-- end")[0]
    rows = re.findall(r"^\| .* \| ([^|]+) \| (`[^|]+`) \|$", table, re.M)

    assert len(rows) > 25
    for limit, names in rows:
        said = [float(number.replace(",", "")) for number in re.findall(r"\d[\d,.]*\b", limit)]
        assert said == [n for name in re.findall(r"`([^`]+)`", names) for n in value_of(name)], (
            names
        )


def test_every_route_is_documented(app: Flask) -> None:
    documented = set(
        re.findall(r"^\| (GET|POST) \| `([^`]+)`", (ROOT / "docs/routes.md").read_text(), re.M)
    )
    routes = {
        (method, re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", r"<\1>", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & {"GET", "POST"}
        if not rule.endpoint.endswith("static")
    }

    assert documented == routes


def test_every_command_is_documented(app: Flask) -> None:
    text = (ROOT / "docs/command-line.md").read_text()
    commands = [f"rooms {name}" for name in app.cli.commands["rooms"].commands]

    for command in [*commands, "backup", "doctor"]:
        assert f"## `{command}" in text


def test_every_decision_is_numbered_and_every_link_leads_somewhere() -> None:
    decisions = sorted(path.name for path in (ROOT / "docs/adr").iterdir())

    assert [int(name[:4]) for name in decisions] == list(range(1, len(decisions) + 1))
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("listing", ["requirements.in", "requirements-dev.in"])
def test_every_direct_package_has_its_reason(listing: str) -> None:
    text = (ROOT / "docs/dependencies.md").read_text()
    names = re.findall(r"^([a-z][\w-]*)", (ROOT / listing).read_text(), re.M)

    assert names
    for name in names:
        assert re.search(rf"\b{name}\b", text), name
