"""Drawn party guests, as SVG: each has a look of their own, and can smile, laugh, tilt and turn.

A head is about 104 wide and 132 high around (0, 0); the shoulders are 260 wide; y grows downwards.
"""

from __future__ import annotations

from dataclasses import dataclass

from shapes import cloud, ellipse, path, shade

FACE_BOX = (-78.0, 74.0, 80.0, -74.0)  # top, right, bottom, left of a face around (0, 0)


@dataclass(frozen=True)
class Look:
    """What makes a guest recognisable."""

    skin: str
    hair: str  # colour
    style: str  # a key of HAIR
    top: str  # colour of what they wear
    beard: str = ""  # colour
    glasses: bool = False
    earrings: bool = False
    freckles: bool = False
    lines: bool = False  # of age
    size: float = 1.0  # children are smaller
    lips: str = "#b4524e"
    eye: str = "#3d2a20"
    collar: str = "round"  # round, shirt, stripes or dots


CAST = {
    "Maya": Look("#b9794f", "#2a1a16", "wavy", "#e8604c", earrings=True, lips="#9c3b3f"),
    "Tom": Look(
        "#f0c4a3", "#8a4a24", "short", "#2f7f86", beard="#94522b", collar="shirt", eye="#4a6b7c"
    ),
    "Ruth": Look(
        "#f3cfb6",
        "#d9d6d4",
        "bun",
        "#9a7fb8",
        glasses=True,
        lines=True,
        earrings=True,
        eye="#5a7590",
    ),
    "Amina": Look("#8a5636", "#d9a12f", "hijab", "#d9a12f", lips="#8d3b3c"),
    "Kofi": Look(
        "#5b3826", "#17110f", "crop", "#f3efe6", collar="shirt", lips="#a8524c", eye="#20140f"
    ),
    "Lin": Look(
        "#efc7a0", "#15151b", "bob", "#4e9a62", earrings=True, lips="#c2565a", eye="#241a17"
    ),
    "Leo": Look(
        "#d9a27a", "#5a3620", "curls", "#f2b93b", size=0.8, collar="stripes", eye="#4b3423"
    ),
    "Arjun": Look(
        "#a66b43", "#1b2f66", "turban", "#c9c3b4", beard="#1d1512", glasses=True, collar="shirt"
    ),
    "Ines": Look(
        "#f5d2bd",
        "#b8482a",
        "curly",
        "#27406e",
        freckles=True,
        lips="#bf4a4c",
        eye="#4d7a5a",
        collar="dots",
    ),
}


HEAD = "M-51,-22 C-54,-84 54,-84 51,-22 C52,22 36,62 0,66 C-36,62 -52,22 -51,-22Z"


def _hair(look: Look) -> tuple[str, str]:
    """Draw the hair behind the head, and the hair in front of it."""
    c, dark, light = look.hair, shade(look.hair, 0.75), shade(look.hair, 1.14)
    cap = "M-56,-8 C-66,-104 66,-104 56,-8 C52,-30 44,-44 30,-50 C6,-44 -30,-44 -42,-34 C-50,-26 -54,-16 -56,-8Z"
    if look.style == "wavy":
        back = path(
            "M-62,-20 C-76,-110 76,-110 62,-20 C60,20 88,50 76,104 C84,140 50,160 40,130 L-40,130 C-50,160 -86,140 -76,104 C-88,50 -60,20 -62,-20Z",
            c,
        )
        back += path(
            "M-66,10 C-78,50 -58,70 -68,118 M66,10 C78,50 58,70 68,118",
            stroke=light,
            width=4,
            more='opacity=".5"',
        )
        front = path(
            "M-57,8 C-70,-104 68,-108 57,8 C56,-30 40,-52 8,-66 C-14,-42 -46,-36 -57,8Z", c
        )
        return back, front + path(
            "M6,-68 C-14,-46 -40,-38 -52,-6", stroke=light, width=3, more='opacity=".6"'
        )
    if look.style == "short":
        front = path(
            "M-55,-6 C-66,-86 -30,-108 12,-98 C54,-100 64,-60 55,-6 C52,-30 46,-44 40,-50 C10,-40 -16,-44 -34,-58 C-46,-44 -52,-26 -55,-6Z",
            c,
        )
        return "", front + path(
            "M-30,-62 C-4,-50 20,-52 42,-62 M-20,-80 C4,-72 26,-76 40,-82",
            stroke=light,
            width=3,
            more='opacity=".5"',
        )
    if look.style == "bun":
        back = ellipse(0, -92, 32, 27, c) + path(
            "M-24,-92 C-8,-78 12,-78 24,-92", stroke=dark, width=3
        )
        front = path(
            "M-56,2 C-70,-100 70,-100 56,2 C54,-30 36,-54 0,-58 C-36,-54 -54,-30 -56,2Z", c
        )
        return back, front + path(
            "M-44,-46 C-24,-74 -8,-80 0,-82 M44,-46 C24,-74 8,-80 0,-82",
            stroke=dark,
            width=2.5,
            more='opacity=".6"',
        )
    if look.style == "hijab":
        back = path(
            "M-70,-10 C-82,-114 82,-114 70,-10 C76,50 96,90 104,140 L-104,140 C-96,90 -76,50 -70,-10Z",
            c,
        )
        front = path(
            "M-66,-8 C-78,-106 78,-106 66,-8 C70,40 52,84 0,92 C-52,84 -70,40 -66,-8Z M-45,-16 C-44,26 -30,60 0,64 C30,60 44,26 45,-16 C44,-66 -44,-66 -45,-16Z",
            c,
            more='fill-rule="evenodd"',
        )
        front += path(
            "M-60,66 C-30,104 40,104 84,60 C96,100 84,140 60,150 L-66,150 C-86,120 -80,90 -60,66Z",
            shade(c, 0.92),
        )
        front += path(
            "M-54,78 C-20,112 40,112 76,78 M-40,104 C-10,124 30,124 60,108",
            stroke=shade(c, 0.78),
            width=3,
        )
        return back, front
    if look.style == "crop":
        front = path(
            "M-53,-18 C-62,-98 62,-98 53,-18 C50,-44 40,-56 0,-58 C-40,-56 -50,-44 -53,-18Z", c
        )
        return "", front + cloud(c, (0, -64), (38, 16), 16, 10)
    if look.style == "bob":
        back = path(
            "M-64,-14 C-76,-112 76,-112 64,-14 C68,20 70,50 62,66 L-62,66 C-70,50 -68,20 -64,-14Z",
            c,
        )
        front = path(
            "M-57,30 C-72,-104 72,-104 57,30 C54,10 52,-16 48,-32 C20,-24 -20,-24 -48,-32 C-52,-16 -54,10 -57,30Z",
            c,
        )
        return back, front + path(
            "M-34,-72 C-10,-86 16,-86 36,-72", stroke="#5a5a70", width=5, more='opacity=".5"'
        )
    if look.style == "curls":
        return cloud(c, (0, -44), (52, 40), 16, 19), cloud(c, (0, -62), (40, 14), 13, 15) + cloud(
            c, (0, -72), (24, 12), 8, 15
        )
    if look.style == "curly":
        back = cloud(c, (0, 4), (70, 84), 22, 26) + ellipse(0, 0, 66, 80, c)
        return back, cloud(c, (0, -66), (44, 12), 14, 15) + ellipse(-52, -34, 13, 20, c) + ellipse(
            52, -34, 13, 20, c
        )
    if look.style == "turban":
        front = path(
            "M-60,-26 C-86,-120 86,-120 60,-26 C40,-48 14,-56 0,-64 C-14,-56 -40,-48 -60,-26Z", c
        )
        front += path(
            "M0,-64 C-30,-70 -56,-60 -66,-42 M0,-64 C30,-72 58,-64 68,-46 M-58,-74 C-30,-92 10,-84 0,-64 M58,-78 C30,-98 -6,-92 -34,-88",
            stroke=light,
            width=3.5,
            more='opacity=".75"',
        )
        return "", front
    return "", path(cap, c)


def _beard(look: Look) -> str:
    if not look.beard:
        return ""
    d = "M-51,-6 C-50,20 -46,80 0,88 C46,80 50,20 51,-6 C46,14 38,22 24,20 C12,14 -12,14 -24,20 C-38,22 -46,14 -51,-6Z"
    return path(d, look.beard) + path(
        "M-20,23 C-8,15 8,15 20,23", stroke=shade(look.beard, 0.8), width=5
    )


def _eyes(look: Look, mood: str, turn: float) -> str:
    drawn = []
    brow = shade(look.beard or ("#3a2418" if look.style in ("hijab", "turban") else look.hair), 0.8)
    for side in (-1, 1):
        x = side * 21 + turn * 7
        if mood == "laugh" or (mood == "wink" and side == 1):
            drawn.append(path(f"M{x - 10},-6 Q{x},-18 {x + 10},-6", stroke="#2b1a15", width=4.2))
        else:
            drawn.append(ellipse(x, -9, 10, 8, "#fffaf5"))
            drawn.append(
                ellipse(x + turn * 2.5, -9, 6.2, 6.6, look.eye)
                + ellipse(x + turn * 2.5, -9, 3, 3.2, "#120c0a")
            )
            drawn.append(ellipse(x + turn * 2.5 + 2, -11.5, 1.8, 1.8, "#fff"))
            drawn.append(path(f"M{x - 11},-9 Q{x},-21 {x + 11},-9", stroke="#2b1a15", width=3.2))
        lift = 4 if mood in ("laugh", "wow") else 0
        drawn.append(
            path(
                f"M{x - 12},{-27 - lift} Q{x + side},{-34 - lift} {x + 12},{-27 - lift}",
                stroke=brow,
                width=4.6,
                more='opacity=".9"',
            )
        )
        if look.lines:
            drawn.append(
                path(
                    f"M{x + side * 14},-4 l{side * 7},3 M{x + side * 14},-9 l{side * 7},-2",
                    stroke=shade(look.skin, 0.78),
                    width=1.8,
                )
            )
    return "".join(drawn)


def _mouth(look: Look, mood: str, turn: float) -> str:
    x = turn * 6
    if mood in ("laugh", "wow"):
        width = 22 if mood == "laugh" else 12
        mouth = f"M{x - width},26 Q{x},32 {x + width},26 Q{x + width * 0.8},54 {x},54 Q{x - width * 0.8},54 {x - width},26Z"
        teeth = f"M{x - width + 3},28 Q{x},33 {x + width - 3},28 L{x + width - 6},35 Q{x},39 {x - width + 6},35Z"
        return (
            path(mouth, "#6d1f26", look.lips, 2.5)
            + ellipse(x, 48, width * 0.5, 5, "#d9686a")
            + path(teeth, "#fffdf8")
        )
    if mood == "grin" or mood == "wink":
        mouth = f"M{x - 21},27 Q{x},34 {x + 21},27 Q{x},50 {x - 21},27Z"
        return path(mouth, "#fffdf8", look.lips, 3.4)
    return path(f"M{x - 17},31 Q{x},45 {x + 17},31", stroke=look.lips, width=4.6) + path(
        f"M{x - 7},45 Q{x},49 {x + 7},45", stroke=shade(look.skin, 0.82), width=2.2
    )


def _face(look: Look, mood: str, turn: float) -> str:
    skin, dark = look.skin, shade(look.skin, 0.82)
    parts = []
    if look.style != "hijab":
        parts += [ellipse(side * 52, 2, 10, 15, shade(skin, 0.93)) for side in (-1, 1)]
        if look.earrings:
            parts += [ellipse(side * 53, 22, 4.5, 4.5, "#f2cf6b") for side in (-1, 1)]
    parts.append(path(HEAD, skin))
    parts.append(
        path(
            "M18,-70 C62,-60 54,-10 50,0 C48,32 30,62 0,66 C30,40 34,-10 18,-70Z",
            dark,
            more='opacity=".28"',
        )
    )
    blush = "#e2574c" if int(skin[1:3], 16) > 0xC0 else "#c4452f"
    parts += [
        ellipse(
            side * 31 + turn * 5,
            17,
            12,
            8,
            blush,
            f'opacity="{0.22 if int(skin[1:3], 16) > 0x70 else 0.12}"',
        )
        for side in (-1, 1)
    ]
    if look.freckles:
        parts += [
            ellipse(dx + turn * 5, dy, 1.5, 1.5, "#b5673f")
            for dx, dy in (
                (-34, 8),
                (-27, 13),
                (-20, 8),
                (20, 8),
                (27, 13),
                (34, 8),
                (-30, 4),
                (30, 4),
            )
        ]
    parts.append(_beard(look))
    if look.lines:
        parts.append(
            path("M-26,18 Q-31,28 -26,38 M26,18 Q31,28 26,38", stroke=shade(skin, 0.8), width=2.2)
        )
    parts.append(_eyes(look, mood, turn))
    parts.append(
        path(
            f"M{turn * 9 - 1},-6 Q{turn * 12 + 9},14 {turn * 9 - 2},17",
            stroke=shade(skin, 0.68),
            width=3.2,
        )
    )
    parts.append(_mouth(look, mood, turn))
    if look.glasses:
        x = turn * 7
        parts += [
            f'<circle cx="{x + side * 21}" cy="-8" r="17" fill="#ffffff" fill-opacity=".14" stroke="#3a2e38" stroke-width="3.4"/>'
            for side in (-1, 1)
        ]
        parts.append(path(f"M{x - 4},-10 Q{x},-14 {x + 4},-10", stroke="#3a2e38", width=3.4))
    return "".join(parts)


def _body(look: Look) -> str:
    top, dark = look.top, shade(look.top, 0.84)
    d = "M-132,1200 L-132,470 C-142,250 -138,146 -84,124 C-50,112 -34,108 -30,100 L30,100 C34,108 50,112 84,124 C138,146 142,250 132,470 L132,1200Z"
    neck = path("M-25,40 L-28,112 Q0,140 28,112 L25,40Z", shade(look.skin, 0.86))
    body = path(d, top) + path(
        "M84,124 C138,146 142,250 132,470 L132,1200 L70,1200 L70,470 C84,330 96,220 84,124Z",
        dark,
        more='opacity=".55"',
    )
    if look.collar == "shirt":
        body += path(
            "M-34,100 L0,150 L34,100 L48,116 L14,168 L0,152 L-14,168 L-48,116Z", shade(top, 1.35)
        ) + path("M0,152 L0,470", stroke=dark, width=3)
        body += path("M-30,100 L0,148 L30,100Z", shade(look.skin, 0.9))
    else:
        body += path("M-36,104 Q0,166 36,104 L28,98 L-28,98Z", shade(look.skin, 0.93))
        if look.collar == "stripes":
            body += "".join(
                path(
                    f"M-{w},{y} Q0,{y + 22} {w},{y}",
                    stroke="#fff3d0",
                    width=14,
                    more='opacity=".8" stroke-linecap="butt"',
                )
                for y, w in ((180, 122), (230, 126), (280, 126), (330, 126), (380, 124))
            )
        if look.collar == "dots":
            body += "".join(
                ellipse(x, y, 5, 5, "#e9eef8", 'opacity=".85"')
                for y in range(170, 460, 44)
                for x in range(-100 + (y // 44 % 2) * 22, 110, 44)
            )
    return neck + body


def _arm(look: Look, side: int, hold: str) -> str:
    """An arm that is raised at the side, with something in the hand."""
    sleeve = path(f"M{side * 96},190 Q{side * 168},200 {side * 158},88", stroke=look.top, width=50)
    arm = path(f"M{side * 160},110 L{side * 152},40", stroke=look.skin, width=32) + ellipse(
        side * 151, 22, 21, 23, look.skin
    )
    things = {
        "glass": '<path d="M-17,-70 L17,-70 Q15,-22 0,-18 Q-15,-22 -17,-70Z" fill="#fff" fill-opacity=".45"/><path d="M-15,-50 L15,-50 Q12,-23 0,-20 Q-12,-23 -15,-50Z" fill="#f7c548"/><path d="M0,-18 L0,26 M-13,28 L13,28" stroke="#fff" stroke-opacity=".8" stroke-width="4"/>',
        "balloon": '<path d="M0,10 Q12,-60 0,-120" stroke="#fff" stroke-width="2.5" fill="none"/><ellipse cx="0" cy="-186" rx="56" ry="68" fill="#e8604c"/><ellipse cx="-20" cy="-212" rx="12" ry="20" fill="#fff" opacity=".4"/>',
        "": "",
    }
    return sleeve + f'<g transform="translate({side * 151},10)">{things[hold]}</g>' + arm


def person(
    name: str,
    x: float,
    y: float,
    scale: float,
    *,
    mood: str = "smile",
    tilt: float = 0,
    turn: float = 0,
    hold: tuple[int, str] | None = None,
    hat: str = "",
) -> str:
    """Draw a guest with the middle of the face at (x, y); `tilt` in degrees, `turn` from -1 to 1."""
    look = CAST[name]
    scale *= look.size
    behind, front = _hair(look)
    party_hat = (
        path("M-38,-70 L0,-164 L38,-70 Q0,-58 -38,-70Z", hat)
        + path(
            "M-28,-94 Q0,-84 27,-98 M-17,-122 Q0,-116 15,-126",
            stroke="#fff",
            width=7,
            more='opacity=".75"',
        )
        + ellipse(0, -166, 12, 12, "#fff3c9")
        if hat
        else ""
    )
    arm = _arm(look, *hold) if hold else ""
    head = f'<g transform="rotate({tilt})">{_face(look, mood, turn)}{front}{party_hat}</g>'
    return f'<g transform="translate({x},{y}) scale({scale})"><g transform="rotate({tilt * 0.8})">{behind}</g><g transform="translate(0,-36)">{_body(look)}</g>{head}<g transform="translate(0,-36)">{arm}</g></g>'
