"""Measure how long it takes to find who is in a clip of one minute, on one core.

``taskset -c 0 ./run.sh python benchmarks/clip_faces.py [--hevc] [FOLDER]`` draws a minute of
1920 x 1080 at 30 frames a second in H.264 or HEVC: six scenes of moving shapes or, with a folder of
photos, six of its photos panned behind three others that move about. It prints the processor
seconds of choosing frames, of searching them and of following the faces, and how many frames and
people there were. The clip is drawn in a temporary folder and deleted.
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from own_server import ROOT
from PIL import Image

sys.path.insert(0, str(ROOT))

from photoshare.clips.faces import ClipFrames, Found, faces_of_clip, search_within
from photoshare.clips.sampling import sample_frames
from photoshare.config import Settings
from photoshare.faces.analysis import analyse_photo
from photoshare.faces.engines.choose import choose_engine

WIDTH, HEIGHT, RATE, SECONDS, SCENES = 1920, 1080, 30, 60, 6
BESIDE = 3  # photos that move about in each scene
CODECS = {"libx264": {"preset": "veryfast", "crf": "23"}, "libx265": {"preset": "ultrafast"}}


def main(codec: str, folder: Path | None) -> None:
    """Draw the clip, find who is in it, print."""
    with tempfile.TemporaryDirectory() as data:
        path = Path(data) / "clip.mp4"
        draw(path, codec, sorted(folder.rglob("*.jpg")) if folder else [])
        engine = choose_engine(Settings().engine, Path(tempfile.gettempdir()) / "graphs").engine
        engine.warm_up()

        def search(content: bytes) -> Found:
            found = analyse_photo(content, engine)
            return [(face, found.cover_of(face)) for face in found.faces]

        began = time.process_time()
        frames = list(sample_frames(path))
        sampled = time.process_time()
        times = [(frame.at_ms, frame.scene) for frame in frames]
        contents = [frame.content for frame in frames]
        clip = ClipFrames(frames[0].size, frames[0].frame_size, times, contents)
        clip, found = search_within(clip, search, time.process_time)
        searched = time.process_time()
        people = faces_of_clip(clip, found, engine)
        followed = time.process_time()
    print(f"choosing {len(frames)} frames: {sampled - began:.1f} s")
    seen = sum(len(faces) for faces in found)
    print(f"searching {len(found)} of them: {searched - sampled:.1f} s, {seen} faces")
    print(f"following the faces: {followed - searched:.2f} s, {len(people)} people")
    print(f"in all {followed - began:.1f} s for {SECONDS} s")


def draw(path: Path, codec: str, photos: list[Path]) -> None:
    """Draw the clip."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=RATE, options=CODECS[codec])
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.gop_size = 2 * RATE
        per_scene = RATE * SECONDS // SCENES
        for number in range(RATE * SECONDS):
            scene, at = divmod(number, per_scene)
            if at == 0:
                behind, beside = scenery(scene, photos)
            frame = av.VideoFrame.from_ndarray(
                np.asarray(_composed(behind, beside, number)), format="rgb24"
            )
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def scenery(scene: int, photos: list[Path]) -> tuple[Image.Image, list[Image.Image]]:
    """Make what is behind in a scene, and what moves before it."""
    size, side = (WIDTH * 6 // 5, HEIGHT * 6 // 5), HEIGHT // 3
    if photos:
        chosen = np.random.default_rng(scene).choice(len(photos), BESIDE + 1)
        opened = [Image.open(photos[number]).convert("RGB") for number in chosen]
        return opened[0].resize(size), [photo.resize((side, side)) for photo in opened[1:]]
    pixels = np.random.default_rng(scene).integers(0, 256, (27, 48, 3), dtype=np.uint8)
    coarse = Image.fromarray(pixels)
    return coarse.resize(size), [coarse.resize((side, side))] * BESIDE


def _composed(behind: Image.Image, beside: list[Image.Image], number: int) -> Image.Image:
    left = round(WIDTH * 0.1 * (1 + math.sin(number / 40)))
    top = round(HEIGHT * 0.1 * (1 + math.cos(number / 60)))
    picture = behind.crop((left, top, left + WIDTH, top + HEIGHT))
    for index, one in enumerate(beside):
        x = WIDTH * (0.15 + 0.3 * index) + WIDTH * 0.1 * math.sin(number / 25 + index)
        y = HEIGHT * 0.3 + HEIGHT * 0.2 * math.cos(number / 35 + 2 * index)
        picture.paste(one, (round(x), round(y)))
    return picture


if __name__ == "__main__":
    arguments = sys.argv[1:]
    of_hevc = "--hevc" in arguments
    folders = [Path(one) for one in arguments if one != "--hevc"]
    main("libx265" if of_hevc else "libx264", folders[0] if folders else None)
