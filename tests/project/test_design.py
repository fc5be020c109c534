"""The design system: contrast of colours, existing drawings, styles that can be mirrored."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

SHEETS = sorted((ROOT / "static").glob("*.css"))  # what pages ask for
STYLES = sorted((ROOT / "static" / "styles").glob("*.css"))  # what is in them
TOKENS = (ROOT / "static" / "styles" / "tokens.css").read_text(encoding="utf-8")
LAYERS = "@layer tokens, base, components, pages, utilities;"
IMPORT = re.compile(r'@import "styles/([\w-]+)\.css" layer\((\w+)\);')
SCHEMES = ("light", "dark")
TEXT, SHAPE = 4.5, 3.0  # least contrast of WCAG 2.2 AA: 1.4.3 for text, 1.4.11 for non-text

GROUNDS = ("page", "surface", "raised", "sunken")
PAIRS = [
    *[(colour, ground, TEXT) for colour in ("text", "muted", "accent") for ground in GROUNDS],
    *[(colour, ground, TEXT) for colour in ("good", "bad") for ground in GROUNDS],
    *[(colour, ground, SHAPE) for colour in ("edge", "focus") for ground in GROUNDS],
    ("accent-text", "accent", TEXT),
    ("accent", "accent-soft", TEXT),
    ("text", "accent-soft", TEXT),
    ("good", "good-soft", TEXT),
    ("bad", "bad-soft", TEXT),
    ("text", "bad-soft", TEXT),
    ("page", "bad", TEXT),  # a button that deletes
    ("brand-text", "brand-from", TEXT),
    ("brand-text", "brand-to", TEXT),
    ("stage-text", "stage", TEXT),
    ("stage-muted", "stage", TEXT),
    ("muted", "line", TEXT),  # the question mark of the unsorted faces
]


def properties(scheme: str) -> dict[str, str]:
    """Read the custom properties of a scheme: those of the first rule, and dark's on top."""
    light, dark = re.findall(r":root \{(.*?)\n *\}", TOKENS, re.S)[:2]
    found = dict(re.findall(r"--([\w-]+):\s+([^;]+);", light))
    return found | dict(re.findall(r"--([\w-]+):\s+([^;]+);", dark)) if scheme == "dark" else found


def luminance(colour: str) -> float:
    """Compute the relative luminance of ``#rrggbb``, as WCAG 2.2 defines it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("colour", "ground", "least"), PAIRS)
def test_a_colour_can_be_seen_on_its_ground(
    scheme: str, colour: str, ground: str, least: float
) -> None:
    values = properties(scheme)

    assert contrast(values[colour], values[ground]) >= least


def test_the_dark_scheme_changes_colours_that_the_light_one_has() -> None:
    light, dark = properties("light"), properties("dark")

    assert set(light) == set(dark)
    assert light["page"] != dark["page"]


def test_every_property_that_is_used_is_defined() -> None:
    for path in STYLES:
        text = path.read_text(encoding="utf-8")
        used = set(re.findall(r"var\(--([\w-]+)", text))
        assert used <= set(properties("light")), path.name


def test_every_style_is_in_one_layer_of_the_declared_order() -> None:
    """What is in no layer wins over all that is in one."""
    found = {path.stem: IMPORT.findall(path.read_text(encoding="utf-8")) for path in SHEETS}
    names = [name for imports in found.values() for name, _ in imports]
    layers = re.findall(r"\w+", LAYERS.removeprefix("@layer"))

    assert sorted(names) == sorted(path.stem for path in STYLES)
    assert {layer for imports in found.values() for _, layer in imports} == set(layers)
    assert LAYERS in (ROOT / "static" / "app.css").read_text(encoding="utf-8")
    for path in SHEETS:
        rest = IMPORT.sub("", path.read_text(encoding="utf-8")).replace(LAYERS, "")
        assert re.sub(r"/\*.*?\*/", "", rest, flags=re.S).strip() == "", path.name


def test_a_style_has_no_left_and_no_right() -> None:
    """Right-to-left languages mirror a page; edges are start and end."""
    sides = re.compile(r"[{;\s](?:(?:margin|padding|border|inset)-(?:left|right)|left|right)\s*:")
    for path in STYLES:
        assert sides.findall(path.read_text(encoding="utf-8")) == [], path.name
        assert "text-align: left" not in path.read_text(encoding="utf-8"), path.name


def test_motion_follows_the_wish_of_the_guest() -> None:
    """Transitions and animations use the durations --quick and --calm, which become 0."""
    still = r"prefers-reduced-motion: reduce\) \{\s+:root \{\s+--quick: 0ms;\s+--calm: 0ms;\s+\}"
    assert re.search(still, TOKENS)
    for path in STYLES:
        text = path.read_text(encoding="utf-8")
        free = re.sub(
            r"@media \(prefers-reduced-motion: no-preference\) \{.*?\n\}", "", text, flags=re.S
        )
        for rule in re.findall(r"(?:transition|animation): ([^;]+);", free):
            assert rule == "none" or "var(--" in rule or path.name == "wall.css", (
                f"{path.name}: {rule}"
            )


def test_every_icon_that_is_used_is_drawn() -> None:
    drawn = set(re.findall(r'name == "(\w+)"', (ROOT / "templates/_icons.html").read_text()))
    used = set()
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'icon\("(\w+)"', text))
        used |= set(re.findall(r'room_link\("[\w.]+", "(\w+)"', text))
        used |= set(re.findall(r'icon\("(\w+)" if .*? else "(?:\w+)"', text))
        used |= set(re.findall(r'icon\("\w+" if [\w.]+ else "(\w+)"', text))

    assert len(used) > 15
    assert used - drawn == set()
