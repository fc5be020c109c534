"""How long does grouping take, and how much memory? On real encodings drawn with noise.

``./run.sh python benchmarks/grouping_times.py FOLDER [--faces 10000]``; FOLDER has a ``labels.csv``
(`photoshare.evaluate`). Two rooms: one of the people of FOLDER, with photos of one to six faces,
and one of as many strangers who are as far apart as those people are.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photoshare.config import Settings
from photoshare.evaluate import load_set
from photoshare.evaluate_photos import UNKNOWN
from photoshare.faces.engines import ONNX, choose_engine
from photoshare.faces.matching import NO_PERSON, FaceSet, plan_groups
from photoshare.faces.types import ENCODING_SIZE

NOISE = 0.01  # standard deviation of what is added to each number of an encoding
STRANGERS = 0.15  # share of the faces in the mixed room that are nobody else's
MOST_FACES = 6  # of a photo
NEW_PHOTOS = 30


def unit(encodings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale to length 1."""
    return (encodings / np.linalg.norm(encodings, axis=1, keepdims=True)).astype(np.float32)


def draw_strangers(
    one_each: NDArray[np.float32], count: int, random: np.random.Generator
) -> NDArray[np.float32]:
    """Draw faces of people as far from one another as those given, of shape (n, 128), are."""
    centre, covariance = one_each.mean(axis=0), np.cov(one_each, rowvar=False)
    return unit(random.multivariate_normal(centre, covariance, count).astype(np.float32))


def room_of(
    encodings: NDArray[np.float32], names: NDArray[np.int64], random: np.random.Generator
) -> FaceSet:
    """Spread the faces over photos of one to `MOST_FACES` faces, nobody twice in one."""
    count = len(encodings)
    sizes = random.integers(1, MOST_FACES + 1, count)
    photos = np.repeat(np.arange(count), sizes)[:count]
    _, firsts = np.unique(np.stack([photos, names]), axis=1, return_index=True)
    is_twin = ~np.isin(np.arange(count), firsts)
    photos[is_twin] = -1 - np.arange(is_twin.sum())
    nothing = np.zeros(count, dtype=np.int64)
    return FaceSet(encodings, photos, nothing, np.ones(count, dtype=np.bool_), nothing)


def numbered(plan_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give new people ids, as the database does."""
    return np.where(plan_ids < 0, plan_ids.max(initial=0) - plan_ids, plan_ids)


def measure(title: str, faces: FaceSet) -> None:
    """Group all at once without the last photos, then add those one by one; print the times."""
    settings = Settings()
    rule = {"eps": settings.eps, "min_samples": settings.min_samples}
    last = int(faces.photo_ids[-1])
    is_known = faces.photo_ids <= last - NEW_PHOTOS
    known = faces.taken(is_known)
    start = time.perf_counter()
    plan = plan_groups(known, np.ones(len(known), dtype=np.bool_), **rule)
    from_nothing = time.perf_counter() - start
    people = np.zeros(len(faces), dtype=np.int64)
    people[is_known] = numbered(plan.person_ids)
    members = np.bincount(people[people != NO_PERSON])
    times = []
    for photo in range(last - NEW_PHOTOS + 1, last + 1):
        is_there = faces.photo_ids <= photo
        present = FaceSet(
            faces.encodings[is_there],
            faces.photo_ids[is_there],
            people[is_there],
            faces.may_found[is_there],
            faces.link_ids[is_there],
        )
        start = time.perf_counter()
        plan = plan_groups(present, present.photo_ids == photo, **rule)
        times.append(time.perf_counter() - start)
        people[is_there] = numbered(plan.person_ids)
    times.sort()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(
        f"| {title} | {len(faces)} | {(members > 0).sum()} | {members.max(initial=0)} "
        f"| {(people == NO_PERSON).sum()} | {from_nothing:.1f} s "
        f"| {1000 * times[len(times) // 2]:.0f} ms | {1000 * times[-1]:.0f} ms | {peak:.0f} MB |",
        flush=True,
    )


def main() -> None:
    """Draw the rooms and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--faces", type=int, nargs="+", default=[10_000])
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "photoshare-evaluate"
    )
    options = parser.parse_args()
    engine = choose_engine(ONNX, options.cache / "graphs").engine
    labelled = load_set(options.folder, engine, options.cache)
    real = labelled.faces.encodings
    names = np.array(labelled.identities)
    # Who is not labelled is somebody else each time.
    names[names == UNKNOWN] = [f"?{row}" for row in np.flatnonzero(names == UNKNOWN)]
    _, firsts, numbers = np.unique(names, return_index=True, return_inverse=True)
    one_each = unit(real[firsts])
    print(
        "| room | faces | people | largest | unsorted | from nothing | a photo | longest | peak |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for count in options.faces:
        random = np.random.default_rng(0)
        strangers = draw_strangers(one_each, count, random)
        rows = random.integers(0, len(real), count)
        noise = random.normal(scale=NOISE, size=(count, ENCODING_SIZE))
        is_stranger = random.random(count) < STRANGERS
        drawn = np.where(is_stranger[:, None], strangers, real[rows] + noise).astype(np.float32)
        alone = len(real) + np.arange(count)
        measure("mixed", room_of(drawn, np.where(is_stranger, alone, numbers[rows]), random))
        measure("strangers", room_of(strangers, alone, random))


if __name__ == "__main__":
    main()
