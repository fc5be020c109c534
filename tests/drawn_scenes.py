"""Draw scenes with enough in them to be told apart, and what phones and messengers make of them."""

from __future__ import annotations

import io
import struct
from datetime import datetime

import numpy as np
from PIL import ExifTags, Image, ImageEnhance

TAKEN = datetime(2026, 7, 4, 15, 0)


def draw_scene(seed: int, *, width: int = 1200, height: int = 900) -> Image.Image:
    """Draw a picture of soft and hard shapes; each seed gives another one."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", (width, height))
    for cells in (4, 12, 40):
        colours = random.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
        layer = Image.fromarray(colours).resize((width, height), Image.Resampling.BICUBIC)
        image = Image.blend(image, layer, 0.5)
    return image


def as_jpeg(
    image: Image.Image,
    *,
    taken: datetime | None = None,
    quality: int = 92,
    content_id: str = "",
    note: str = "",
) -> bytes:
    """Write a JPEG as a camera does, or without metadata as a messenger does."""
    exif = Image.Exif()
    if taken is not None:
        tags = exif.get_ifd(ExifTags.IFD.Exif)
        tags[ExifTags.Base.DateTimeOriginal] = taken.strftime("%Y:%m:%d %H:%M:%S")
        tags[ExifTags.Base.SubsecTimeOriginal] = f"{taken.microsecond:06}"
        if content_id:
            tags[ExifTags.Base.MakerNote] = apple_note(content_id)
    if note:
        exif[ExifTags.Base.ImageDescription] = note
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, exif=exif)
    return buffer.getvalue()


def apple_note(content_id: str) -> bytes:
    """Write Apple's maker note with the name that both files of a Live Photo have."""
    value = content_id.encode() + b"\0"
    head = b"Apple iOS\0\0\x01MM"
    table = struct.pack(">HHHII", 1, 0x11, 2, len(value), len(head) + 2 + 12 + 4)
    return head + table + bytes(4) + value


def messenger_copy(image: Image.Image, *, side: int = 800, quality: int = 60) -> bytes:
    """Make what a messenger makes of a photo: smaller, compressed again, without metadata."""
    copy = image.copy()
    copy.thumbnail((side, side))
    return as_jpeg(ImageEnhance.Brightness(copy).enhance(1.03), quality=quality)


def with_moved_part(image: Image.Image, seed: int) -> Image.Image:
    """Make the next shot of a burst: somebody has moved."""
    moved = image.copy()
    part = draw_scene(seed, width=image.width // 6, height=image.height // 6)
    moved.paste(part, (image.width // 2, image.height // 2))
    return moved
