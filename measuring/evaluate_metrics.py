"""Rate albums and detections by the labels, for ``measuring.evaluate``; pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from measuring.evaluate_photos import MIN_OVERLAP, UNKNOWN, LabelledPhoto, PhotoFaces
from photoshare.geometry import matched_pairs, overlap_matrix

NO_ALBUM = 0  # album of an unsorted face
# Widths of faces: the exclusive upper bound of a bucket, and its name.
SIZE_BUCKETS = (
    (50, "below 50 px"),
    (100, "50-100 px"),
    (200, "100-200 px"),
    (10**9, "200 px and more"),
)

Albums = NDArray[np.int64]  # shape (n_faces,): the album of each face, or NO_ALBUM
Numbers = dict[str, float]


def bcubed(albums: Albums, identities: Sequence[str], truth_counts: Counter[str]) -> Numbers:
    """Measure B-cubed precision, recall and F over the faces whose identity is known.

    Parameters
    ----------
    albums : int array of shape (n_faces,)
        An unsorted face counts as an album of its own.
    identities : sequence of str, n_faces long
        UNKNOWN faces are left out.
    truth_counts : Counter
        How many labelled faces each identity has, found or not, for ``recall_of_all`` and
        ``f_of_all``: in these a missed face has recall 0, and is missing in the albums of others.

    Source
    ------
    Bagga and Baldwin 1998.
    """
    known = [row for row, name in enumerate(identities) if name != UNKNOWN]
    keys = [int(albums[row]) or -1 - row for row in known]
    names = [identities[row] for row in known]
    of_album, of_name = Counter(keys), Counter(names)
    both = Counter(zip(keys, names, strict=True))
    total = max(1, len(known))
    precision = sum(count**2 / of_album[key] for (key, _), count in both.items()) / total
    recall = sum(count**2 / of_name[name] for (_, name), count in both.items()) / total
    of_all = sum(
        count**2 / max(truth_counts[name], of_name[name]) for (_, name), count in both.items()
    ) / max(1, truth_counts.total())
    return {
        "precision": precision,
        "recall": recall,
        "f": _harmonic_mean(precision, recall),
        "recall_of_all": of_all,
        "f_of_all": _harmonic_mean(precision, of_all),
    }


def _harmonic_mean(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0


def album_quality(
    albums: Albums, photo_rows: NDArray[np.int64], photos: Sequence[LabelledPhoto]
) -> Numbers:
    """Judge the albums by their photos: everyone should get their own, and no one else's.

    Parameters
    ----------
    albums, photo_rows : int arrays of shape (n_faces,)
        The album and the photo (row of ``photos``) of each face.

    Returns
    -------
    dict
        ``strangers``: photos in an album that do not show its person, the one in most of its
        labelled photos. ``person precision`` and ``person recall``: mean over the people with
        two photos or more, each with the album that contains most of theirs (none: recall 0, and no
        precision). ``albums a person``: the number of albums of people who have any;
        ``people split``: how many people have more than one.
    """
    members = {
        int(album): sorted(set(photo_rows[albums == album].tolist()))
        for album in np.unique(albums[albums != NO_ALBUM])
    }
    strangers, delivered, two_of_photo = 0, 0, 0
    owners: Counter[str] = Counter()
    for album, rows in members.items():
        two_of_photo += int((albums == album).sum()) > len(rows)
        labelled = [photos[row].identities for row in rows if photos[row].identities]
        shown = Counter(name for names in labelled for name in names)
        if shown:
            owner, count = max(shown.items(), key=lambda item: (item[1], item[0]))
            owners[owner] += 1
            delivered += len(labelled)
            strangers += len(labelled) - count
    return {
        "albums": len(members),
        "strangers": strangers,
        "strangers per 1000 photos": 1000 * strangers / max(1, delivered),
        "albums with two faces of a photo": two_of_photo,
        "people with an album": len(owners),
        "albums a person": owners.total() / max(1, len(owners)),
        "people split": sum(count > 1 for count in owners.values()),
    } | _best_albums(members, photos)


def _best_albums(members: dict[int, list[int]], photos: Sequence[LabelledPhoto]) -> Numbers:
    """Average precision and recall of the best albums of people in two photos or more."""
    of_person: dict[str, set[int]] = {}
    for row, photo in enumerate(photos):
        for name in photo.identities:
            of_person.setdefault(name, set()).add(row)
    labelled = {row for row, photo in enumerate(photos) if photo.identities}
    albums = [set(rows) & labelled for rows in members.values()]
    precisions, recalls = [], []
    for rows in of_person.values():
        if len(rows) < 2:
            continue
        best = max(albums, key=lambda album: (len(album & rows), -len(album)), default=set())
        recalls.append(len(best & rows) / len(rows))
        if best & rows:
            precisions.append(len(best & rows) / len(best))
    numbers: Numbers = {"people with two photos": len(recalls)}
    if precisions:
        numbers["person precision"] = float(np.mean(precisions))
    if recalls:
        numbers["person recall"] = float(np.mean(recalls))
    return numbers


def detection(photos: Sequence[LabelledPhoto], found: Sequence[PhotoFaces]) -> Numbers:
    """Count the found faces by size of the labelled box or, without boxes, by photo.

    Returns
    -------
    dict
        ``recall``; with boxes also ``recall SIZE`` of the ``faces SIZE`` that are labelled, and
        ``unlabelled faces`` (false ones, or of people without a label). Without boxes a photo of k
        people counts at most k faces.
    """
    labelled: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    unlabelled = 0
    has_boxes = False
    for photo, faces in zip(photos, found, strict=True):
        if photo.boxes is None:
            labelled["recall"] += len(photo.identities)
            hits["recall"] += min(len(photo.identities), len(faces.scores))
            continue
        has_boxes = True
        boxes = np.array([box for _, box in photo.boxes], dtype=np.int64).reshape(-1, 4)
        pairs = matched_pairs(overlap_matrix(faces.locations, boxes), least=MIN_OVERLAP)
        unlabelled += len(faces.scores) - len(pairs)
        for column, (_, right, _, left) in enumerate(boxes.tolist()):
            size = next(name for limit, name in SIZE_BUCKETS if right - left < limit)
            for key in ("recall", f"recall {size}"):
                labelled[key] += 1
                hits[key] += any(column == pair[1] for pair in pairs)
    numbers = {key: hits[key] / labelled[key] for key in sorted(labelled) if labelled[key]}
    counts = {
        key.replace("recall", "faces"): count for key, count in labelled.items() if key != "recall"
    }
    return numbers | counts | ({"unlabelled faces": unlabelled} if has_boxes else {})
