"""Evaluate groups of people, rooms of strangers of any size, and small faces; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from measuring.evaluate_metrics import Numbers
from measuring.evaluate_photos import (
    MIN_OVERLAP,
    UNKNOWN,
    LabelledPhoto,
    PhotoFaces,
    ReferencePhoto,
)
from photoshare.faces.grouping.plan import plan_groups
from photoshare.faces.types import FaceSet
from photoshare.geometry import matched_pairs, overlap_matrix

LEAST_PHOTOS = 20  # of a group; fewer are meaningless
ROOM_SIZES = (100, 200, 400, 800, 1600)  # people, one face each
SURE_REFERENCE = 0.8  # score of a reference box that is surely a face
# Width of a face in percent of the photo's longer side: exclusive upper bound, and its name.
PERCENT_BUCKETS = (
    (1.5, "below 1.5 %"),
    (2.5, "1.5-2.5 %"),
    (5.0, "2.5-5 %"),
    (101.0, "5 % and more"),
)


def group_rows(photos: Sequence[LabelledPhoto]) -> dict[str, list[int]]:
    """List the photos of each group named in the labels.

    Groups are the first word of a note, and its first two words, such as ``black`` and ``black F``.

    Returns
    -------
    dict of str to rows of ``photos``
        Empty if the notes name fewer than two groups of at least `LEAST_PHOTOS`.
    """
    rows: dict[str, list[int]] = {}
    for row, photo in enumerate(photos):
        words = photo.note.split()
        if words and words[0].isalpha():
            for count in range(1, min(len(words), 2) + 1):
                rows.setdefault(" ".join(words[:count]), []).append(row)
    groups = {name: found for name, found in rows.items() if len(found) >= LEAST_PHOTOS}
    return groups if sum(" " not in name for name in groups) > 1 else {}


def count_false_people(
    faces: FaceSet,
    identities: Sequence[str],
    *,
    eps: float,
    min_samples: int,
    draws: int,
) -> dict[int, Numbers]:
    """Draw rooms in which everyone is in only one photo, so that every album is false.

    Parameters
    ----------
    faces : FaceSet
        Faces of as many people as there are.
    identities : sequence of str
        Of each face; UNKNOWN ones are left out.
    eps, min_samples
        As given to `plan_groups`.
    draws : int >= 1
        Rooms of each size.

    Returns
    -------
    dict of int to numbers
        By the number of people in the room: mean ``false albums`` and ``people`` in them.
    """
    random = np.random.default_rng(0)
    of_person: dict[str, list[int]] = {}
    for row, name in enumerate(identities):
        if name != UNKNOWN:
            of_person.setdefault(name, []).append(row)
    everybody = list(of_person.values())
    sizes = sorted({min(size, len(everybody)) for size in ROOM_SIZES if everybody})
    results: dict[int, Numbers] = {}
    for size in sizes:
        albums, people = [], []
        for _ in range(draws):
            chosen = random.choice(len(everybody), size, replace=False)
            rows = np.array([random.choice(everybody[person]) for person in chosen])
            plan = plan_groups(
                faces.subset(rows), np.ones(size, dtype=np.bool_), eps=eps, min_samples=min_samples
            )
            in_albums = plan.person_ids[plan.person_ids < 0]
            albums.append(len(np.unique(in_albums)))
            people.append(len(in_albums))
        results[size] = {"false albums": float(np.mean(albums)), "people": float(np.mean(people))}
    return results


def reference_recall(photos: Sequence[ReferencePhoto], found: Sequence[PhotoFaces]) -> Numbers:
    """Compare the found faces with the boxes of another detector.

    Returns
    -------
    dict
        ``recall`` of the boxes of `SURE_REFERENCE` or more, and by their width; ``faces`` found;
        ``in no box`` of any score: false ones, or ones that the other detector has missed.
    """
    wanted: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    numbers: Numbers = {"faces": 0, "in no box": 0}
    for photo, faces in zip(photos, found, strict=True):
        pairs = matched_pairs(overlap_matrix(faces.locations, photo.boxes), least=MIN_OVERLAP)
        matched = {column for _, column in pairs}
        numbers["faces"] += len(faces.scores)
        numbers["in no box"] += len(faces.scores) - len(matched)
        for column in np.flatnonzero(photo.scores >= SURE_REFERENCE).tolist():
            for key in ("recall", f"recall {_bucket(photo.boxes[column], faces.size)}"):
                wanted[key] += 1
                hits[key] += column in matched
    return numbers | {key: hits[key] / count for key, count in sorted(wanted.items())}


def _bucket(box: NDArray[np.int64], size: tuple[int, int]) -> str:
    _, right, _, left = box.tolist()
    percent = 100 * (right - left) / max(1, *size)
    return next(name for limit, name in PERCENT_BUCKETS if percent < limit)
