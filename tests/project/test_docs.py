"""The documentation agrees with the code."""

from __future__ import annotations

import importlib
import re
import subprocess
from pathlib import Path

import click
import pytest
from flask import Flask
from packaging.version import Version

import photoshare
from photoshare.config import settings_table
from photoshare.rates import Limit
from tests.conftest import ROOT
from tests.tools import find_tool

README_LINES = 100  # what is read in two minutes


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= README_LINES


def test_the_documentation_shows_every_setting_as_it_is() -> None:
    table = (
        (ROOT / "docs/administration.md").read_text().split("<!-- settings")[1].split("<!-- end")[0]
    )
    rows = [
        f"| `{variable}` | {default or '(empty)'} | {unit} | {help_text} |"
        for variable, default, unit, help_text in settings_table()
    ]

    assert [line for line in table.splitlines() if line.startswith("| `")] == rows


# What looks like a module of ours, and is a file, a key or a package of data.
NO_MODULES = {"photoshare.sqlite", "photoshare.lock", "photoshare.env", "photoshare.body_dropped"}
NO_MODULES |= {
    "photoshare.access",
    "photoshare.shelves",
    "photoshare.static",
    "photoshare.templates",
}
MODULE = re.compile(r"(?<![\w./-])(?:photoshare|measuring)(?:\.\w+)+")
FILE = re.compile(
    r"(?<![\w./-])(?:photoshare|measuring|templates|static|scripts|tests)/[\w./-]++(?!<)"
)


def test_what_documents_and_comments_name_is_there() -> None:
    """Modules move, and the sentences that send a reader to them stay behind."""
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    folders = [(ROOT / name).rglob("*.*") for name in ("photoshare", "measuring", "static")]
    sources = [path for folder in folders for path in folder if path.suffix in (".py", ".css")]
    missing = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (*documents, *sources)
        if path.name != "CHANGELOG.md"
        for text in [path.read_text(encoding="utf-8")]
        for name in {*MODULE.findall(text), *FILE.findall(text)} - NO_MODULES
        if not is_there(name.rstrip("./-"))
    }

    assert missing == set()


def is_there(name: str) -> bool:
    """Whether a file, or a module or what is in it, exists; also without its ending."""
    if "/" in name:
        return any((ROOT / f"{name}{ending}").exists() for ending in ("", ".py"))
    path, names = ROOT, name.split(".")
    while names and (path / names[0]).is_dir():
        path /= names.pop(0)
    if names and (path / f"{names[0]}.py").is_file():
        path /= f"{names.pop(0)}.py"
    else:
        path /= "__init__.py"
    return not names or bool(re.search(rf"\b{names[0]}\b", path.read_text(encoding="utf-8")))


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
    rooms = app.cli.commands["rooms"]
    assert isinstance(rooms, click.Group)
    commands = [f"rooms {name}" for name in rooms.commands]

    for command in [*commands, "backup", "doctor", "migrate-to"]:
        assert f"## `{command}" in text


def test_every_decision_is_numbered_and_every_link_leads_somewhere() -> None:
    decisions = sorted(path.name for path in (ROOT / "docs/adr").iterdir())

    assert [int(name[:4]) for name in decisions] == list(range(1, len(decisions) + 1))
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("listing", [path.name for path in ROOT.glob("requirements*.in")])
def test_every_direct_package_has_its_reason(listing: str) -> None:
    text = (ROOT / "docs/dependencies.md").read_text()
    names = re.findall(r"^([a-z][\w-]*)", (ROOT / listing).read_text(), re.M)

    assert names
    for name in names:
        assert re.search(rf"\b{name}\b", text), name


def test_the_index_leads_to_every_page() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", (ROOT / "docs/README.md").read_text()))

    assert linked == {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}


def test_the_glossary_explains_every_word_once() -> None:
    text = (ROOT / "docs/glossary.md").read_text()
    rows = re.findall(r"^\| (?!word|-)([^|]+) \| ([^|]+) \| ([^|]+) \|$", text, re.M)
    words = [word for row in rows for word in row[0].split(", ")]

    assert len(words) > 60
    assert len(words) == len(set(words))


def test_the_changelog_knows_the_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    released = [Version(number) for number in re.findall(r"^## (\d\S+) - \d{4}-", text, re.M)]
    version = Version(photoshare.__version__)

    assert released == sorted(released, reverse=True)
    if version.is_devrelease:
        assert "## Unreleased" in text
        assert version > released[0]
    else:
        assert version == released[0]


UNIT = ROOT / "deploy" / "photoshare.service"
MOST_EXPOSED = 2.0  # of 10, as systemd-analyze security counts


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    analyze = find_tool("systemd-analyze", "systemd")
    file = tmp_path / "photoshare.service"
    file.write_text(UNIT.read_text().replace("/opt/photoshare/run.sh", str(ROOT / "run.sh")))

    # What it does not know is a line on standard error, and no failure.
    done = subprocess.run(
        [analyze, "verify", str(file)], capture_output=True, text=True, timeout=60, check=False
    )

    assert str(ROOT / "run.sh") in file.read_text()
    assert [line for line in done.stderr.splitlines() if "photoshare.service" in line] == []
    assert done.returncode == 0, done.stderr


def test_the_unit_shuts_the_service_in() -> None:
    analyze = find_tool("systemd-analyze", "systemd")

    done = subprocess.run(
        [analyze, "security", "--offline=true", str(UNIT)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    found = re.search(r"Overall exposure level for photoshare\.service: (\S+)", done.stdout)
    assert found, done.stderr
    assert float(found[1]) <= MOST_EXPOSED
    assert f"says {found[1]} of 10" in " ".join((ROOT / "docs/deployment.md").read_text().split())


def test_the_caddyfile_of_the_container_is_the_recipe() -> None:
    recipe = [
        line.strip().replace("127.0.0.1:8000", "photoshare:8000")
        for block in re.findall(
            r"^```caddyfile\n(.*?)^```$", (ROOT / "docs/deployment.md").read_text(), re.M | re.S
        )
        for line in block.splitlines()
    ]
    file = [line.strip() for line in (ROOT / "deploy" / "Caddyfile").read_text().splitlines()]

    around = {"{", "}", "", "{$PHOTOSHARE_DOMAIN} {"}
    assert [line for line in file if line not in around] == [
        line for line in recipe if line not in around
    ]
