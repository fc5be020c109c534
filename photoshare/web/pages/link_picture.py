"""Draw the picture that messengers show beside a link: never a photo of anybody."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image, ImageDraw

WIDTH_PX, HEIGHT_PX = 1200, 630  # what Open Graph's readers crop least: 1.91 to 1
FINER = 2  # drawn this many times larger, then scaled down for smooth edges
CARD_PX = (270, 345)
EDGE_PX = 18  # of white around the picture of a card; below it four times as much
SHADOW_PERCENT = 30  # of black, below each card
BRAND_FROM, BRAND_TO = (194, 68, 29), (156, 34, 88)  # of static/styles/tokens.css
# Where the middle of each card is, how it leans in degrees, its sky, and who is in it.
CARDS = (
    (262, 330, 9, (255, 201, 173), (156, 34, 88)),
    (938, 330, -9, (246, 222, 150), (28, 106, 58)),
    (600, 305, -2, (196, 222, 240), (194, 68, 29)),
)


@cache
def link_picture() -> bytes:
    """Draw the picture as a PNG of `WIDTH_PX` by `HEIGHT_PX`: three cards, a face on each."""
    size = (WIDTH_PX * FINER, HEIGHT_PX * FINER)
    share = Image.linear_gradient("L").rotate(90).resize(size)
    picture = Image.composite(
        Image.new("RGB", size, BRAND_TO), Image.new("RGB", size, BRAND_FROM), share
    )
    for x, y, degrees, sky, colour in CARDS:
        card = _card(sky, colour).rotate(degrees, Image.Resampling.BICUBIC, expand=True)
        corner = (x * FINER - card.width // 2, y * FINER - card.height // 2)
        shadow = card.getchannel("A").point(lambda alpha: alpha * SHADOW_PERCENT // 100)
        picture.paste("black", (corner[0], corner[1] + EDGE_PX), shadow)
        picture.paste(card, corner, card)
    buffer = io.BytesIO()
    small = picture.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.LANCZOS)
    small.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _card(sky: tuple[int, int, int], colour: tuple[int, int, int]) -> Image.Image:
    """Draw a photo in a white frame: head and shoulders of someone, as in the app's icon."""
    width, height = (side * FINER for side in CARD_PX)
    edge = EDGE_PX * FINER
    card = Image.new("RGBA", (width, height), "white")
    inside = Image.new("RGB", (width - 2 * edge, height - 5 * edge), sky)
    draw = ImageDraw.Draw(inside)
    middle, head, shoulders = inside.width // 2, inside.width // 5, inside.width // 3
    draw.circle((middle, inside.height + shoulders // 3), shoulders, fill=colour)
    draw.circle((middle, inside.height // 2 - head // 4), head, fill=colour)
    card.paste(inside, (edge, edge))
    return card
