"""Make the files that the guests of `party_load` send: no photo or clip like another."""

from __future__ import annotations

import io
import random
import re

import av
import numpy as np
from PIL import Image

SIZE, QUALITY, NOISE = (4000, 3000), 88, 22  # about 4 MB of JPEG
STRIPS = 12  # of a picture; in another order they are another picture
CLIP_SIZE, CLIP_S, CLIP_FPS, CLIP_BITS = (1920, 1080), 8, 30, 8_000_000  # bits a second


def make_photos() -> list[bytes]:
    """Make a few JPEGs in strips; `with_number` makes many different pictures of them."""
    random_numbers = np.random.default_rng(7)
    photos = []
    for _ in range(4):
        coarse = random_numbers.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        smooth = np.asarray(Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC))
        noise = random_numbers.normal(0, NOISE, (SIZE[1] // 2, SIZE[0] // 2, 1)).repeat(2, 0)
        picture = np.clip(smooth + noise.repeat(2, 1), 0, 255).astype(np.uint8)
        buffer = io.BytesIO()
        options = {"quality": QUALITY, "subsampling": "4:2:0", "restart_marker_rows": 1}
        Image.fromarray(picture).save(buffer, "JPEG", **options)
        photos.append(buffer.getvalue())
    return photos


def make_clip() -> bytes:
    """Make a clip of H.264 in MP4: noise that drifts."""
    width, height = CLIP_SIZE
    coarse = np.random.default_rng(7).integers(0, 256, (20, 40, 3), dtype=np.uint8)
    wide = np.asarray(Image.fromarray(coarse).resize((2 * width, height)))
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=CLIP_FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = CLIP_BITS
        for number in range(CLIP_S * CLIP_FPS):
            left = number * width // (CLIP_S * CLIP_FPS)
            frame = np.ascontiguousarray(wide[:, left : left + width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def clip_with_number(clip: bytes, number: int) -> bytes:
    """Make another file with the same clip, by a box of nothing at its end."""
    content = str(number).encode()
    return clip + (8 + len(content)).to_bytes(4, "big") + b"free" + content


def with_number(photo: bytes, number: int) -> bytes:
    """Make another picture, with the strips in another order.

    Copies of one picture would become its versions. Between restart markers (ITU T.81, B.2.1)
    each row of blocks stands by itself, and can be moved without decoding it.
    """
    header = photo.index(b"\xff\xda")
    begin = header + 2 + int.from_bytes(photo[header + 2 : header + 4])
    rows = re.split(rb"\xff[\xd0-\xd7]", photo[begin:-2])
    strips = np.array_split(np.arange(len(rows)), STRIPS)
    random.Random(number).shuffle(strips)
    scan = b"".join(
        rows[row] + b"\xff" + bytes([0xD0 + place % 8])
        for place, row in enumerate(np.concatenate(strips))
    )
    return photo[:begin] + scan[:-2] + photo[-2:]
