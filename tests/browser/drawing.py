"""Photos with drawn faces, large enough for a screen."""

from __future__ import annotations

import io

from PIL import ExifTags, Image, ImageDraw, ImageOps

from tests.fakes import STEP_PX

ZOOM = 6  # times the squares of `draw_photo`: as large as a photo on a screen


def draw_shot(colours: tuple[tuple[int, int, int], ...], seed: int) -> bytes:
    """Draw a photo of round faces for `PartyEngine`; every seed gives other bytes."""
    step = STEP_PX * ZOOM
    # From sky to grass, with grey in the middle, which is not a face.
    ground = ImageOps.colorize(
        Image.linear_gradient("L"), (110, 150, 215 - 5 * seed), (95, 130, 60), (128, 128, 128)
    )
    image = ground.resize((step * max(len(colours), 1), step))
    draw = ImageDraw.Draw(image)
    for number, colour in enumerate(colours):
        left = number * step
        draw.ellipse((left + 130, 110, left + 470, 490), colour)
        for x in (220, 380):
            draw.ellipse((left + x - 22, 210, left + x + 22, 254), "white")
            draw.ellipse((left + x - 10, 222, left + x + 10, 242), "black")
        draw.arc((left + 210, 320, left + 390, 420), 10, 170, "black", 12)
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = str(seed)
    image.save(buffer, "JPEG", quality=90, exif=exif)
    return buffer.getvalue()
