"""The real server with an engine that finds drawn faces: python -m tests.browser.flows.serve PORT.

While the file that ``HOLD`` may name exists, the engine waits, so that a test can look at the
progress.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

from photoshare import factory, server
from photoshare.faces.types import FaceEncodings, LocatedFace, RgbImage
from photoshare.geometry import FaceLocation
from tests.fakes import TOLERANCE, FakeFaceEngine

LIKE_RED = (220, 120, 20)  # a person who may be the red one
DOUBTFUL = 0.345  # face distance: more than eps, within reach of doubt


class PartyEngine(FakeFaceEngine):
    """Finds five people, two of whom may be one; waits while it is held."""

    def locate(self, image: RgbImage) -> list[LocatedFace]:
        """Find the faces once the engine is not held."""
        while "HOLD" in os.environ and Path(os.environ["HOLD"]).exists():
            time.sleep(0.05)
        return super().locate(image)

    def encode(self, image: RgbImage, locations: list[FaceLocation]) -> FaceEncodings:
        """Encode as the fake does, and orange near to red."""
        encodings = super().encode(image, locations)
        angle = 2 * np.arcsin(DOUBTFUL / 2)
        for row, (top, right, bottom, left) in enumerate(locations):
            colour = image[(top + bottom) // 2, (left + right) // 2].astype(int)
            if abs(colour - LIKE_RED).max() <= TOLERANCE:
                encodings[row, [0, 10]] = np.cos(angle), np.sin(angle)
        return encodings


if __name__ == "__main__":
    factory._make_engine = lambda settings: PartyEngine()
    sys.exit(server.main(sys.argv[1:]))
