"""Run the real server for `kill_anywhere.py`, with a fast engine that logs its searches.

``python killed_server.py PORT LOG [STATEMENT]``: every photo is logged in
LOG, by its width, before it is searched. With STATEMENT the process kills itself before that
statement of the upgrade of its database.
"""

from __future__ import annotations

import functools
import itertools
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, event

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from photoshare import factory, server
from photoshare.faces.graphs.dlib_format import ENCODING_SIZE
from photoshare.faces.types import FaceEncodings, LocatedFace, RgbImage
from photoshare.geometry import FaceLocation
from tests.fakes import FakeFaceEngine

LEVELS = (60, 150, 240)
COLOURS = [
    colour for colour in itertools.product(LEVELS, LEVELS, LEVELS) if colour != (150, 150, 150)
]
SEARCH_S = 0.02  # so that a kill can interrupt a search


class HonestEngine(FakeFaceEngine):
    """Knows 26 people by their colours, and logs what it searches."""

    def locate(self, image: RgbImage) -> list[LocatedFace]:
        """Log the photo, and find the coloured squares."""
        assert self.log is not None
        with self.log.open("a") as log:
            log.write(f"{image.shape[1]}\n")
        time.sleep(SEARCH_S)
        return super().locate(image)

    def encode(self, image: RgbImage, locations: list[FaceLocation]) -> FaceEncodings:
        """Encode a square by the nearest colour."""
        encodings = np.zeros((len(locations), ENCODING_SIZE), dtype=np.float32)
        for row, (top, right, bottom, left) in enumerate(locations):
            colour = image[(top + bottom) // 2, (left + right) // 2].astype(int)
            nearest = np.abs(np.array(COLOURS) - colour).sum(axis=1).argmin()
            encodings[row, nearest] = 1.0
            encodings[row, 100:103] = (colour / 255 - 0.5) * 0.01  # two photos are never equal
        return encodings


def kill_before_statement(number: int) -> None:
    """End the process with SIGKILL before the statement with this number, counted from 1."""
    count = itertools.count(1)

    @event.listens_for(Engine, "before_cursor_execute")
    def kill(*_statement: object) -> None:
        if next(count) == number:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    port, log, *statement = sys.argv[1:]
    if statement:
        kill_before_statement(int(statement[0]))
    factory.create_app = functools.partial(
        factory.create_app, make_engine=lambda _settings: HonestEngine(Path(log))
    )
    sys.exit(server.main([port]))
