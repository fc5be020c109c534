"""Compute a room's own eps, stricter if its people look more alike than most; pure.

Children, or a family, are nearer to one another than strangers of all ages are. Faces in the same
photo are known to be different people, so a room itself shows how near its people are.
"""

from __future__ import annotations

import numpy as np

from photoshare.faces.types import FaceSet

# Of the median distance of two people in the same photo. In rooms of adults of one group it is
# 1.19 to 1.22 with the engine fused, which leaves its eps of 0.87 unchanged; eight idols of one
# style have 1.16 (docs/evaluation.md).
OWN_RATIO = 0.725
LEAST_PAIRS = 50  # fewer are not enough evidence
MOST_PAIRS = 2000  # more add no information


def own_eps(faces: FaceSet, eps: float) -> float:
    """Return the eps for a room: the engine's, or less.

    Parameters
    ----------
    faces : FaceSet
        Every face of the room; only those that may found a person are used.
    eps : float > 0

    Returns
    -------
    float > 0
        At most ``eps``.
    """
    good = np.flatnonzero(faces.is_founder)
    good = good[np.argsort(faces.scene_ids[good], kind="stable")]
    scenes = faces.scene_ids[good]
    firsts = np.flatnonzero(scenes[1:] == scenes[:-1])  # neighbours in one scene
    if len(firsts) < LEAST_PAIRS:
        return eps
    firsts = firsts[:: -(-len(firsts) // MOST_PAIRS)]
    cosines = faces.memory.cosines(good[firsts], good[firsts + 1])
    median = float(np.sqrt(np.median(np.maximum(2 - 2 * cosines, 0))))
    return min(eps, max(OWN_RATIO * median, eps / 2))
