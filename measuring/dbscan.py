"""Group face encodings with DBSCAN, for comparison; pure: no database, no files, no state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.types import FaceEncodings, check_encodings


def cluster_encodings(
    encodings: FaceEncodings, *, eps: float, min_samples: int
) -> NDArray[np.intp]:
    """Group face encodings that are close together.

    Parameters
    ----------
    encodings : float32 array of shape (n_faces, size)
        One row per face; finite. n_faces may be 0.
    eps : float > 0
        Largest face distance between neighbours (Euclidean, no unit). Does not limit the width
        of a cluster.
    min_samples : int >= 1
        Number of neighbours, including the face itself, that make a face a core face.

    Returns
    -------
    labels : int array of shape (n_faces,)
        Cluster label from 0; NOISE_LABEL (-1) for a face in no cluster. Labels of different calls
        are unrelated.

    Raises
    ------
    ValueError
        If encodings is not of shape (n_faces, size) or not finite.

    Notes
    -----
    Memory grows with the number of neighbour pairs, n_faces squared at worst.

    Source
    ------
    Ester et al. 1996 (DBSCAN), as `sklearn.cluster.DBSCAN`.
    """
    check_encodings(encodings)
    if len(encodings) == 0:
        return np.empty(0, dtype=np.intp)
    from sklearn.cluster import DBSCAN  # here: its import takes a second, which pages need not wait

    labels: NDArray[np.intp] = DBSCAN(eps=eps, min_samples=min_samples).fit(encodings).labels_
    return labels
