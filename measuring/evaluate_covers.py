"""Count which faces would be doubtful as covers, the person's own and others'; pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from measuring.evaluate_metrics import Numbers
from measuring.evaluate_photos import UNKNOWN
from photoshare.faces.covers import CANDIDATES, doubts_of
from photoshare.faces.types import FaceEncodings

RATIOS = (1.1, 1.15, 1.2)  # from which a face is doubtful, to compare
LEAST_FACES = 3  # of a person: of two, neither is nearer to the other
NEAREST_OTHERS = 3  # faces of other people, added to a person's one at a time


def count_doubtful_covers(
    encodings: FaceEncodings, qualities: NDArray[np.float64], identities: Sequence[str]
) -> Numbers:
    """Look at the clearest faces of every labelled person, as `choose_cover` does.

    Returns
    -------
    dict
        ``people``; and for each of RATIOS the share of their own faces that are doubtful, and of
        the others' faces nearest to their mean, each added alone to their own, that are not.
    """
    names = np.array(identities)
    own: list[float] = []
    others: list[float] = []
    people = 0
    for person in sorted(set(identities) - {UNKNOWN}):
        rows = np.flatnonzero(names == person)
        if len(rows) < LEAST_FACES:
            continue
        people += 1
        rows = rows[np.argsort(-qualities[rows], kind="stable")[:CANDIDATES]]
        own += doubts_of(encodings[rows]).tolist()
        strangers = np.flatnonzero((names != person) & (names != UNKNOWN))
        nearness = encodings[strangers] @ encodings[rows].mean(axis=0)
        for row in strangers[np.argsort(-nearness)[:NEAREST_OTHERS]].tolist():
            others.append(float(doubts_of(encodings[[*rows, row]])[-1]))
    numbers: Numbers = {"people": people}
    for ratio in RATIOS:
        numbers[f"own faces doubtful at {ratio}"] = float((np.array(own) > ratio).mean())
        numbers[f"others not doubtful at {ratio}"] = float((np.array(others) <= ratio).mean())
    return numbers
