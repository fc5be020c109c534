"""Measure whether guests find themselves: ``python -m measuring.find_me FOLDER...``.

Each person with several photos in a labelled folder looks for themselves by one of them, with a
face good enough to found a person, while that photo is missing from the room. Prints how often the
first one shown, and any of those shown, is who they are: for each folder, and for each group of its
labels as a room of its own. And how often, where a picture has to prove who one is, the right one
is offered, and a stranger. Encodings are cached, as by `measuring.evaluate`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from measuring.evaluate import LabelledSet, load_set, subset, table_row
from measuring.evaluate_groups import group_rows
from measuring.evaluate_photos import UNKNOWN
from measuring.options import read_options
from photoshare.config import Settings
from photoshare.faces.grouping.plan import NO_PERSON, plan_groups
from photoshare.faces.likeness import Likeness, proofs, rank_by_face
from photoshare.faces.types import FaceSet

SHOWN = 6  # as photoshare.services.mine.find_me
COUNTED = ("first", "shown", "proven", "stranger")
COLUMNS = ["pictures", "first", "among those shown", "offered as proven", "a stranger offered so"]
PICTURES_EACH = 3  # of a person, at most


def main() -> None:
    """Measure, and print a table."""
    folders, engine, cache = read_options(__doc__)
    print(table_row("room", COLUMNS), "|---" * 6 + "|", sep="\n")
    for folder in folders:
        labelled = load_set(folder, engine, cache)
        rooms = {folder.name: labelled} | {
            f"{folder.name}, {name}": subset(labelled, rows)
            for name, rows in group_rows(labelled.photos).items()
        }
        for name, room in rooms.items():
            counts = measure(room, engine.eps)
            if counts["asked"]:
                shares = [f"{counts[key] / counts['asked']:.3f}" for key in COUNTED]
                print(table_row(name, [str(counts["asked"]), *shares]), flush=True)


def measure(room: LabelledSet, eps: float) -> Counter[str]:
    """Let everybody look for themselves; count who asked, and who was first or shown."""
    counts: Counter[str] = Counter()
    identities = np.array(room.identities)
    for row in pictures(room):
        is_there = room.faces.photo_ids != room.faces.photo_ids[row]
        faces, names = room.faces.subset(is_there), identities[is_there]
        active = np.ones(len(faces), dtype=np.bool_)
        plan = plan_groups(faces, active, eps=eps, min_samples=Settings().min_samples)
        faces = replace(faces, person_ids=np.maximum(-plan.person_ids, NO_PERSON))
        ranked = rank_by_face(faces, room.faces.encodings[row], eps=eps, limit=SHOWN)
        found = [name_of(one, faces, names) for one in ranked]
        counts["asked"] += 1
        counts["first"] += found[:1] == [identities[row]]
        counts["shown"] += identities[row] in found
        proven = [name_of(one, faces, names) for one in proofs(ranked, eps)]
        counts["proven"] += identities[row] in proven
        counts["stranger"] += any(name != identities[row] for name in proven)
    return counts


def name_of(one: Likeness, faces: FaceSet, names: NDArray[np.str_]) -> str:
    """Return whose a single face is, or most faces of a person."""
    if one.person_id == NO_PERSON:
        return str(names[one.row])
    theirs = names[faces.person_ids == one.person_id].tolist()
    return str(Counter(theirs).most_common(1)[0][0])


def pictures(room: LabelledSet) -> Iterator[int]:
    """Yield the rows of faces by which people look for themselves, a few of each."""
    random = np.random.default_rng(0)
    identities = np.array(room.identities)
    for name in sorted(set(room.identities) - {UNKNOWN}):
        rows = np.flatnonzero(identities == name)
        good = rows[room.faces.is_founder[rows]]
        if len(set(room.faces.photo_ids[rows].tolist())) > 1:
            yield from random.permutation(good)[:PICTURES_EACH].tolist()


if __name__ == "__main__":
    main()
