"""Draw pictures of 200 megapixels and measure what decoding them takes.

    ./run.sh python benchmarks/large_pictures.py [folder]

Each line is a process of its own, with the default bound of memory. Drawing needs 2 GB.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

from photoshare.config import MB, load_settings
from photoshare.errors import RejectedPhotoError
from photoshare.pictures import decoding, rendering, tiles

WIDTH, HEIGHT = 16320, 12240
MEGAPIXELS = 250
JPEGS: dict[str, dict[str, Any]] = {
    "420.jpg": {"subsampling": 2},
    "444.jpg": {"subsampling": 0},
    "progressive-420.jpg": {"subsampling": 2, "progressive": True},
    "progressive-444.jpg": {"subsampling": 0, "progressive": True},
}
WAYS = ("taken", "kept", "1", "2")


def draw(folder: Path) -> list[Path]:
    """Draw noise on a gradient in each format, unless it is there."""
    names = [*JPEGS, "rgb.png", "rgba.png", "69.heic", "69.avif"]
    if all((folder / name).exists() for name in names):
        return [folder / name for name in names]
    pixels = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    across = np.linspace(0, 255, WIDTH)[None, :, None]
    for row in range(HEIGHT):
        noise = np.random.default_rng(row).integers(-6, 7, (1, WIDTH, 1))
        pixels[row] = np.clip(across + noise + (0, row / 99, -row / 99), 0, 255)
    image = Image.fromarray(pixels)
    for name, options in JPEGS.items():
        image.save(folder / name, quality=60, **options)
    image.save(folder / "rgb.png", compress_level=1)
    small = image.resize((9600, 7200))
    image.putalpha(200)
    image.save(folder / "rgba.png", compress_level=1)
    pillow_heif.register_heif_opener()
    small.save(folder / "69.heic", quality=20, enc_params={"preset": "ultrafast"})
    small.save(folder / "69.avif", quality=30, speed=10)
    return [folder / name for name in names]


def measure(path: Path, way: str) -> str:
    """Decode one picture in this process; say how long it took, and its largest memory."""
    bound = load_settings({}, environ={}).max_decode_mb * MB
    resource.setrlimit(resource.RLIMIT_DATA, (bound, resource.RLIM_INFINITY))
    began = time.process_time()
    try:
        if way == "taken":
            rendering.render_photo(path, max_megapixels=MEGAPIXELS)
        elif way == "kept":
            decoding.decode_upright(path, at_least_px=decoding.ALL_PX, max_megapixels=MEGAPIXELS)
        else:
            tiles.cut_tiles(path, factor=int(way), max_megapixels=MEGAPIXELS)
    except RejectedPhotoError as error:
        return str(error)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // MB
    return f"{time.process_time() - began:.1f} s, {peak_mb} MB"


def main() -> None:
    """Draw, and measure every picture in every way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="where to keep the pictures")
    parser.add_argument("--one", choices=WAYS, help="measure one file, in this process")
    chosen = parser.parse_args()
    if chosen.one:
        print(measure(chosen.folder, chosen.one))
        return
    with tempfile.TemporaryDirectory() as made:
        for path in draw(chosen.folder or Path(made)):
            for way in WAYS:
                command = [sys.executable, __file__, str(path), "--one", way]
                said = subprocess.run(command, capture_output=True, text=True, check=True)
                print(f"{path.name:20} {way:6} {said.stdout.strip()}", flush=True)


if __name__ == "__main__":
    main()
