"""Recognise one person who is twice on a photo: in a mirror, or in a picture within the picture.

Two faces in one photo are two people, but a reflection is nearer to its face than almost any other
photo of the person. Whoever is that near is a scene of their own, as a panel of a collage is
(`photoshare.faces.panels`), so that this photo doesn't keep the two apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from photoshare.faces.types import MAX_PANELS, AnalysedFace

# The largest face distance of a reflection, as a multiple of eps. Of two different people in one
# photo the nearest are 0.97 apart; of photos of one person 2 pairs in 100 are nearer than this, so
# that twins stay apart if they are together in two photos ("Collages" in docs/evaluation.md).
REFLECTION = 0.6


def reflections_apart(
    faces: Sequence[AnalysedFace], panels: Sequence[int], eps: float
) -> list[int]:
    """Return the panels of the faces of a photo, with a new one for each reflection.

    Parameters
    ----------
    faces : sequence of AnalysedFace
        Surest first: of a face and its reflection, the second one gets the new panel.
    panels : sequence of int
        In which panel each face is, as `photoshare.faces.panels.panels_of_faces` returns them.
    eps : float > 0
        Of the engine.

    Returns
    -------
    list of int
    """
    apart = list(panels)
    for row, face in enumerate(faces):
        for other, nearer in zip(faces[:row], apart[:row], strict=True):
            distance = np.linalg.norm(face.encoding - other.encoding)
            if nearer == apart[row] and distance < REFLECTION * eps:
                apart[row] = min(max(apart) + 1, MAX_PANELS - 1)
    return apart
