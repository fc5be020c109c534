"""What the tests of odd JPEGs call right is what a browser shows."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser

from photoshare.pictures import decoding
from tests.pictures.odd_jpegs import odd_jpegs
from tests.pictures.test_odd_jpegs import corners, shown

DRAW = """async (source) => {
  const image = new Image();
  image.src = source;
  await image.decode().catch(() => {}); // a photo without its end is shown all the same
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL();
}"""
NEAR = 6


def test_a_browser_shows_the_same_of_every_odd_jpeg(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    for name, content in odd_jpegs():
        (tmp_path / "photo.jpg").write_bytes(content)
        decoded = decoding.decode_upright(tmp_path / "photo.jpg", at_least_px=decoding.ALL_PX)

        address = "data:image/jpeg;base64," + base64.b64encode(content).decode()
        drawn = page.evaluate(DRAW, address)

        with Image.open(io.BytesIO(base64.b64decode(drawn.partition(",")[2]))) as picture:
            in_browser = picture.convert("RGB")
        assert in_browser.size == decoded.image.size, name
        off = np.abs(np.array(corners(in_browser)) - np.array(corners(shown(decoded))))
        assert off.max() <= NEAR, name
    page.close()
