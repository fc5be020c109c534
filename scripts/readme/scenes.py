"""Drawn photos of a birthday party in a garden: what stands behind the guests, and who is where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sin
from random import Random

from people import CAST, FACE_BOX, person


@dataclass(frozen=True)
class Guest:
    """A guest in a photo; the middle of the face is at (x, y)."""

    name: str
    x: float
    y: float
    scale: float
    mood: str = "smile"
    tilt: float = 0
    turn: float = 0
    hold: tuple[int, str] | None = None
    hat: str = ""

    @property
    def face_box(self) -> tuple[int, int, int, int]:
        """The face location: (top, right, bottom, left)."""
        middle = (self.y, self.x, self.y, self.x)
        scale = self.scale * CAST[self.name].size
        top, right, bottom, left = (
            round(at + edge * scale) for at, edge in zip(middle, FACE_BOX, strict=True)
        )
        return top, right, bottom, left


@dataclass(frozen=True)
class Scene:
    """A photo: its size in pixels, a background, guests from back to front, what is before them."""

    name: str
    place: str
    guests: Sequence[Guest] = ()
    before: str = ""
    size: tuple[int, int] = (1600, 1200)
    taken: str = "2026:06:20 19:00:00"

    def svg(self) -> str:
        """Draw it."""
        width, height = self.size
        guests = "".join(
            f'<g filter="url(#cast)">{person(g.name, g.x, g.y, g.scale, mood=g.mood, tilt=g.tilt, turn=g.turn, hold=g.hold, hat=g.hat)}</g>'
            for g in self.guests
        )
        light = LIGHT[self.place]
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
            f"{FILTERS}{BACKGROUNDS[self.place](width, height)}{guests}{BEFORE.get(self.before, '')}"
            f'<rect width="100%" height="100%" fill="{light}" opacity=".4" style="mix-blend-mode:soft-light"/>'
            '<rect width="100%" height="100%" fill="url(#vignette)"/>'
            '<rect width="100%" height="100%" filter="url(#grain)" opacity=".10" style="mix-blend-mode:overlay"/></svg>'
        )


FILTERS = """<defs>
<filter id="far"><feGaussianBlur stdDeviation="9"/></filter>
<filter id="near"><feGaussianBlur stdDeviation="3"/></filter>
<filter id="glow" x="-100%" y="-100%" width="300%" height="300%"><feGaussianBlur stdDeviation="14"/></filter>
<filter id="cast" x="-30%" y="-30%" width="160%" height="160%"><feDropShadow dx="10" dy="14" stdDeviation="16" flood-color="#1a1020" flood-opacity=".35"/></filter>
<filter id="grain"><feTurbulence type="fractalNoise" baseFrequency=".8" numOctaves="2"/><feColorMatrix type="saturate" values="0"/></filter>
<radialGradient id="vignette" cx=".5" cy=".45" r=".8"><stop offset=".55" stop-color="#000" stop-opacity="0"/><stop offset="1" stop-color="#120818" stop-opacity=".42"/></radialGradient>
<linearGradient id="dusk" x2="0" y2="1"><stop offset="0" stop-color="#3b3a78"/><stop offset=".45" stop-color="#b8638a"/><stop offset=".75" stop-color="#f7a968"/></linearGradient>
<linearGradient id="day" x2="0" y2="1"><stop offset="0" stop-color="#7fc4e8"/><stop offset="1" stop-color="#e9f3dc"/></linearGradient>
<linearGradient id="night" x2="0" y2="1"><stop offset="0" stop-color="#1a1440"/><stop offset="1" stop-color="#5a2a66"/></linearGradient>
<linearGradient id="lake" x2="0" y2="1"><stop offset="0" stop-color="#f5a56b"/><stop offset="1" stop-color="#57497f"/></linearGradient>
</defs>"""
LIGHT = {
    "garden": "#ffcf8a",
    "night": "#c46bd8",
    "day": "#fff3cf",
    "lake": "#ff9a5a",
    "table": "#ffd7a0",
}


def _trees(width: int, y: float, colours: Sequence[str], seed: int) -> str:
    random = Random(seed)
    return "".join(
        f'<ellipse cx="{random.uniform(-60, width + 60):.0f}" cy="{y + random.uniform(-90, 70):.0f}" rx="{random.uniform(120, 230):.0f}" ry="{random.uniform(110, 210):.0f}" fill="{random.choice(colours)}"/>'
        for _ in range(22)
    )


def _lights(width: int, y: float, sag: float, colours: Sequence[str]) -> str:
    """A string of lamps that hangs across the picture, each with its glow."""
    points = [(x, y + sag * sin(3.1416 * (x % 800) / 800)) for x in range(0, width + 1, 100)]
    line = " ".join(f"{x},{at:.0f}" for x, at in points)
    lamps = "".join(
        f'<circle cx="{x}" cy="{at + 22:.0f}" r="34" fill="{colours[n % len(colours)]}" filter="url(#glow)" opacity=".9"/><circle cx="{x}" cy="{at + 22:.0f}" r="13" fill="#fff6da"/>'
        for n, (x, at) in enumerate(points)
    )
    return f'<polyline points="{line}" fill="none" stroke="#2a2038" stroke-width="5"/>{lamps}'


def _bokeh(width: int, height: int, colours: Sequence[str], seed: int, count: int = 40) -> str:
    random = Random(seed)
    return "".join(
        f'<circle cx="{random.uniform(0, width):.0f}" cy="{random.uniform(0, height):.0f}" r="{random.uniform(14, 62):.0f}" fill="{random.choice(colours)}" opacity="{random.uniform(0.12, 0.45):.2f}"/>'
        for _ in range(count)
    )


def _garden(width: int, height: int) -> str:
    lamps = _lights(width, height * 0.1, 70, ("#ffd27a",)) + _lights(
        width, height * 0.24, 50, ("#ffc160",)
    )
    return (
        '<rect width="100%" height="100%" fill="url(#dusk)"/>'
        f'<g filter="url(#far)">{_trees(width, height * 0.62, ("#3c5a44", "#2e4a3c", "#4d6b45", "#5a7046"), 4)}'
        f'<rect y="{height * 0.74}" width="100%" height="30%" fill="#4f6a3e"/>{_bokeh(width, height // 2, ("#ffe2a0", "#ffb870"), 2, 20)}</g>{lamps}'
    )


def _night(width: int, height: int) -> str:
    beams = "".join(
        f'<path d="M{x},-20 L{x + d - 190},{height} L{x + d + 190},{height}Z" fill="{colour}" opacity=".16"/>'
        for x, d, colour in ((300, 260, "#ff5aa8"), (800, -200, "#5ac8ff"), (1250, -380, "#ffd257"))
    )
    lights = _bokeh(width, height, ("#ff5aa8", "#5ac8ff", "#ffd257", "#9a6bff"), 7, 60)
    return (
        f'<rect width="100%" height="100%" fill="url(#night)"/><g filter="url(#near)">{lights}</g>{beams}'
        + _lights(width, height * 0.06, 60, ("#ff7ab8", "#7ad0ff", "#ffd97a"))
    )


def _day(width: int, height: int) -> str:
    flags = "".join(
        f'<path d="M{x},{90 + 50 * sin(3.1416 * (x % 640) / 640):.0f} l80,6 l-38,86Z" fill="{("#e8604c", "#f2b93b", "#4e9a62", "#4c78c9", "#9a5fb0")[x // 90 % 5]}"/>'
        for x in range(0, width, 90)
    )
    return (
        '<rect width="100%" height="100%" fill="url(#day)"/>'
        f'<g filter="url(#far)">{_trees(width, height * 0.55, ("#7fae6a", "#94bd74", "#6a9c62", "#a8c97e"), 9)}<rect y="{height * 0.68}" width="100%" height="40%" fill="#93bd6b"/></g>{flags}'
    )


def _lake(width: int, height: int) -> str:
    ripples = "".join(
        f'<rect x="{width * 0.62 - w / 2}" y="{height * 0.58 + n * 34}" width="{w}" height="9" rx="4" fill="#ffe0a8" opacity=".6"/>'
        for n, w in enumerate((300, 240, 280, 190, 220, 140, 160, 90))
    )
    return (
        '<rect width="100%" height="100%" fill="url(#dusk)"/>'
        f'<circle cx="{width * 0.62}" cy="{height * 0.5}" r="170" fill="#ffcf7a" filter="url(#glow)"/><circle cx="{width * 0.62}" cy="{height * 0.5}" r="105" fill="#fff0c2"/>'
        f'<path d="M0,{height * 0.52} Q{width * 0.25},{height * 0.4} {width * 0.5},{height * 0.53} T{width},{height * 0.5} L{width},{height * 0.6} L0,{height * 0.6}Z" fill="#5b4470" filter="url(#near)"/>'
        f'<rect y="{height * 0.56}" width="100%" height="50%" fill="url(#lake)"/><g filter="url(#near)">{ripples}</g>'
    )


def _table(width: int, height: int) -> str:
    return (
        f'<rect width="100%" height="100%" fill="#4b2f4f"/><g filter="url(#far)">{_bokeh(width, int(height * 0.6), ("#ffd27a", "#ff9a6a", "#ffe9b8"), 11, 46)}</g>'
        f'<rect y="{height * 0.66}" width="100%" height="40%" fill="#c98f5e"/><rect y="{height * 0.66}" width="100%" height="14" fill="#e2b184"/>'
    )


BACKGROUNDS = {"garden": _garden, "night": _night, "day": _day, "lake": _lake, "table": _table}


def _cake(x: float, y: float, scale: float) -> str:
    candles = "".join(
        f'<rect x="{cx - 6}" y="-150" width="12" height="62" rx="4" fill="{colour}"/><ellipse cx="{cx}" cy="-172" rx="26" ry="34" fill="#ffd27a" opacity=".55" filter="url(#glow)"/><path d="M{cx},-196 q17,24 0,44 q-17,-20 0,-44Z" fill="#ffb02e"/><path d="M{cx},-178 q8,14 0,24 q-8,-10 0,-24Z" fill="#fff2c2"/>'
        for cx, colour in (
            (-120, "#4c78c9"),
            (-60, "#e8604c"),
            (0, "#4e9a62"),
            (60, "#9a5fb0"),
            (120, "#2f9aa6"),
        )
    )
    icing = "M-190,-60 Q-190,-96 -150,-96 L150,-96 Q190,-96 190,-60 L190,-10 Q172,34 150,-6 Q126,52 100,-2 Q74,30 50,-4 Q24,60 0,-2 Q-26,36 -50,-4 Q-76,54 -100,-2 Q-126,28 -150,-6 Q-172,36 -190,-10Z"
    berries = "".join(
        f'<circle cx="{bx}" cy="-92" r="19" fill="#c8324a"/><circle cx="{bx - 6}" cy="-98" r="5" fill="#fff" opacity=".6"/>'
        for bx in (-160, -92, -30, 30, 92, 160)
    )
    return f'<g transform="translate({x},{y}) scale({scale})"><ellipse cx="0" cy="160" rx="270" ry="34" fill="#fff8ee"/><rect x="-190" y="-60" width="380" height="215" rx="22" fill="#e6b277"/><rect x="-190" y="40" width="380" height="24" fill="#fff3df"/><path d="{icing}" fill="#fff6f0"/>{candles}{berries}</g>'


def _confetti(seed: int) -> str:
    random = Random(seed)
    return "".join(
        f'<rect x="{random.uniform(0, 1600):.0f}" y="{random.uniform(0, 1200):.0f}" width="{random.uniform(10, 24):.0f}" height="{random.uniform(8, 14):.0f}" rx="3" fill="{random.choice(("#f2b93b", "#e8604c", "#4c78c9", "#58b36f", "#d86bb0", "#fff"))}" transform="rotate({random.uniform(-40, 40):.0f} 800 600)"/>'
        for _ in range(130)
    )


def _flowers() -> str:
    """Flowers in a jar on the table, and glasses beside them."""
    random = Random(3)
    stems = ""
    for _ in range(17):
        x, y = 800 + random.uniform(-290, 290), 420 + random.uniform(-190, 130)
        colour = random.choice(("#e8604c", "#f2b93b", "#d86bb0", "#fff3e0", "#9a7fe0"))
        petals = "".join(
            f'<ellipse cx="{x:.0f}" cy="{y - 34:.0f}" rx="20" ry="34" fill="{colour}" transform="rotate({60 * n} {x:.0f} {y:.0f})"/>'
            for n in range(6)
        )
        stems += f'<path d="M800,800 Q{(x + 800) / 2:.0f},{y + 190:.0f} {x:.0f},{y:.0f}" stroke="#4f7a4a" stroke-width="8" fill="none"/>{petals}<circle cx="{x:.0f}" cy="{y:.0f}" r="18" fill="#8a5a1e"/>'
    jar = '<path d="M690,700 L910,700 L930,760 L920,990 Q800,1020 680,990 L670,760Z" fill="#cfe8ee" opacity=".55"/><path d="M676,830 L924,830 L920,990 Q800,1020 680,990Z" fill="#8fc4d6" opacity=".5"/>'
    glass = '<path d="M-52,-210 L52,-210 Q46,-66 0,-54 Q-46,-66 -52,-210Z" fill="#fff" opacity=".35"/><path d="M-46,-150 L46,-150 Q38,-68 0,-60 Q-38,-68 -46,-150Z" fill="#f7c548" opacity=".9"/><path d="M0,-54 L0,60 M-40,64 L40,64" stroke="#fff" stroke-opacity=".7" stroke-width="9"/>'
    return (
        stems
        + jar
        + "".join(
            f'<g transform="translate({x},{y}) scale(1.3)">{glass}</g>'
            for x, y in ((330, 960), (480, 990), (1230, 970))
        )
    )


BEFORE = {
    "cake": _cake(800, 1010, 1.15),
    "big cake": _cake(800, 760, 2.0),
    "confetti": _confetti(5),
    "flowers": _flowers(),
}

SCENES = (
    Scene(
        "friends",
        "garden",
        (
            Guest("Kofi", 300, 480, 1.35, "laugh", 4, 0.4),
            Guest("Ruth", 800, 430, 1.3, "grin", -2),
            Guest("Arjun", 1290, 470, 1.4, "laugh", -5, -0.4),
            Guest("Lin", 545, 610, 1.6, "grin", 5, 0.2),
            Guest("Maya", 1050, 620, 1.65, "laugh", -4, -0.2),
            Guest("Leo", 800, 800, 1.5, "laugh", 3, hat="#4c78c9"),
        ),
        taken="2026:06:20 19:42:00",
    ),
    Scene(
        "candles",
        "garden",
        (
            Guest("Tom", 420, 500, 1.8, "laugh", 8, 0.6),
            Guest("Ines", 1190, 500, 1.8, "wow", -7, -0.6),
            Guest("Maya", 800, 440, 1.9, "wow", 0),
        ),
        before="cake",
        taken="2026:06:20 20:30:00",
    ),
    Scene(
        "toast",
        "lake",
        (
            Guest("Ines", 400, 560, 1.7, "laugh", 5, 0.4, (-1, "glass")),
            Guest("Lin", 1230, 590, 1.7, "smile", -6, -0.4, (1, "glass")),
            Guest("Kofi", 830, 500, 1.8, "grin", -3),
        ),
        taken="2026:06:20 21:02:00",
    ),
    Scene(
        "selfie",
        "day",
        (
            Guest("Amina", 400, 640, 2.7, "laugh", 9, 0.4),
            Guest("Maya", 850, 800, 3.0, "wink", -9, -0.3),
        ),
        size=(1200, 1600),
        taken="2026:06:20 17:12:00",
    ),
    Scene(
        "grandmother",
        "day",
        (
            Guest("Ruth", 640, 520, 2.3, "smile", 7, 0.3),
            Guest("Leo", 1020, 760, 2.3, "laugh", -8, -0.3),
        ),
        taken="2026:06:20 16:40:00",
    ),
    Scene(
        "dancing",
        "night",
        (
            Guest("Arjun", 470, 530, 2.0, "laugh", -11, 0.3, (-1, "")),
            Guest("Ines", 1120, 560, 2.0, "laugh", 10, -0.4, (1, "")),
        ),
        before="confetti",
        taken="2026:06:20 22:48:00",
    ),
    Scene(
        "birthday",
        "night",
        (Guest("Maya", 600, 660, 3.1, "grin", -4, 0.1, hat="#f2b93b"),),
        before="confetti",
        size=(1200, 1500),
        taken="2026:06:20 22:15:00",
    ),
    Scene(
        "sunset",
        "lake",
        (
            Guest("Tom", 560, 560, 2.1, "smile", 6, 0.5),
            Guest("Maya", 980, 640, 2.1, "smile", -8, -0.5),
        ),
        taken="2026:06:20 21:20:00",
    ),
    Scene("flowers", "table", before="flowers", taken="2026:06:20 16:05:00"),
    Scene("cake", "table", before="big cake", taken="2026:06:20 20:20:00"),
    Scene(
        "balloons",
        "day",
        (
            Guest("Leo", 480, 760, 2.4, "laugh", -5, 0.3, (1, "balloon")),
            Guest("Lin", 1130, 560, 2.1, "grin", 5, -0.4),
        ),
        taken="2026:06:20 16:20:00",
    ),
    Scene(
        "three",
        "garden",
        (
            Guest("Amina", 400, 560, 1.9, "smile", 5, 0.4),
            Guest("Ruth", 1200, 570, 1.9, "grin", -5, -0.4),
            Guest("Maya", 800, 500, 2.0, "grin", 2),
        ),
        taken="2026:06:20 19:05:00",
    ),
    Scene(
        "kofi",
        "garden",
        (Guest("Kofi", 600, 640, 2.9, "laugh", 6, 0.3),),
        size=(1200, 1500),
        taken="2026:06:20 19:20:00",
    ),
    Scene(
        "tom and arjun",
        "night",
        (
            Guest("Tom", 520, 560, 2.1, "wink", 6, 0.3, (-1, "glass")),
            Guest("Arjun", 1080, 580, 2.1, "grin", -6, -0.4),
        ),
        taken="2026:06:20 23:10:00",
    ),
)
