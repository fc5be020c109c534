"""The memory that clips take is given back, while and after they are read."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import av
import pytest

from photoshare.clips.sampling import sample_frames
from photoshare.config import MB, load_settings
from photoshare.pictures.decoder_pool import DecoderPool
from tests.clips.drawing import draw_clip
from tests.fakes import BLUE, GREEN, RED

SETTINGS = load_settings({}, environ={})
MOST_ALIVE = 8  # frames and planes: those that are compared, and one that is converted


def test_frames_that_were_sampled_are_gone(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(draw_clip(*(RED, GREEN, BLUE) * 7, seconds=21, rate=4))

    alive = [_frames_alive() for _frame in sample_frames(path)]

    assert len(alive) > 15
    assert max(alive) <= MOST_ALIVE


def _frames_alive() -> int:
    kinds = (av.VideoFrame, av.video.plane.VideoPlane)
    return sum(isinstance(one, kinds) for one in gc.get_objects())


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux")
def test_a_decoder_process_does_not_grow_with_its_clips(tmp_path: Path) -> None:
    """Else it would refuse photos after some clips, as if they took its memory."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(draw_clip(RED, BLUE, size=(1920, 1080), seconds=1))
    pool = DecoderPool(1)
    sizes = []
    for _clip in range(12):
        pool.render(path, SETTINGS)
        (decoder,) = pool._idle
        sizes.append(_data_mb(decoder._process.pid))
    pool.close()

    assert sizes[-1] - sizes[2] < 40


def _data_mb(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[5])
    return pages * os.sysconf("SC_PAGE_SIZE") // MB
