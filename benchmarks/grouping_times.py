"""Measure the time and memory of grouping, on real encodings drawn with noise.

``./run.sh python benchmarks/grouping_times.py FOLDER [--faces 10000]``; FOLDER has a ``labels.csv``
(`measuring.evaluate`). Two rooms, with photos of one to six faces: one of the people in FOLDER, and
one of equally many strangers, as far apart as those people. Without FOLDER, one room of
made-up faces with the distances of the default engine. Times of one more photo are medians,
wall-clock and processor; with OMP_NUM_THREADS=1 both are the same on an idle machine. The photos
of the burst are the same ones, planned together.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from measuring.evaluate import load_set
from measuring.evaluate_photos import UNKNOWN
from photoshare.config import Settings
from photoshare.faces.engines.choose import ENGINE_NAMES, choose_engine
from photoshare.faces.engines.fused_engine import FUSED_DOUBT, FUSED_EPS, FusedFaceEngine
from photoshare.faces.grouping import neighbourhood
from photoshare.faces.grouping.plan import NO_PAIRS, NO_PERSON, FaceSet, plan_groups
from photoshare.faces.suggestions import maybe_faces, rank_pairs
from photoshare.faces.types import FaceEngine

T = TypeVar("T")

NOISE = 0.01  # standard deviation of the noise added to each number of an encoding
STRANGERS = 0.15  # share of the faces in the mixed room whose person has no other face
MOST_FACES = 6  # in a photo
NEW_PHOTOS = 20
FACES_EACH = 40  # of a made-up person


def unit(encodings: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale to length 1."""
    lengths = np.linalg.norm(encodings, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = (encodings / lengths).astype(np.float32)
    return scaled


def draw_strangers(
    one_each: NDArray[np.float32], count: int, random: np.random.Generator
) -> NDArray[np.float32]:
    """Draw faces of people as far from one another as the given ones, of shape (n, size)."""
    centre, covariance = one_each.mean(axis=0), np.cov(one_each, rowvar=False)
    return unit(random.multivariate_normal(centre, covariance, count).astype(np.float32))


def made_up(
    count: int, random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Draw faces with distances like those of the default engine, and their people.

    Squared distances within a person: median 0.47, 90 % below 0.71, 99 % below 0.95;
    between two people: median 1.5, 0.99 and 0.82 at one pair in 1,000 and 100,000.
    """
    size = FusedFaceEngine.encoding_size
    spectrum = np.exp(-np.arange(size) / 90)
    spectrum /= np.linalg.norm(spectrum)
    people = random.integers(0, max(1, count // FACES_EACH), count)
    people = np.where(random.random(count) < STRANGERS, count + np.arange(count), people)
    _, people = np.unique(people, return_inverse=True)
    looks = unit(random.normal(size=(people.max() + 1, size)) * spectrum)
    looks = unit(0.33**0.5 / size**0.5 + 0.67**0.5 * looks)
    shifts = 0.3**0.5 * np.exp(0.28 * random.normal(size=(count, 1)))
    return unit(looks[people] + shifts * random.normal(size=(count, size)) * spectrum), people


def room_of(
    encodings: NDArray[np.float32], names: NDArray[np.int64], random: np.random.Generator
) -> FaceSet:
    """Distribute the faces over photos of one to `MOST_FACES` faces, nobody twice in one."""
    count = len(encodings)
    sizes = random.integers(1, MOST_FACES + 1, count)
    photos = np.repeat(np.arange(count), sizes)[:count]
    _, firsts = np.unique(np.stack([photos, names]), axis=1, return_index=True)
    is_twin = ~np.isin(np.arange(count), firsts)
    photos += 1 + is_twin.sum()
    photos[is_twin] = 1 + np.arange(is_twin.sum())  # each in a photo of its own
    nothing = np.zeros(count, dtype=np.int64)
    return FaceSet(encodings, photos, nothing, np.ones(count, dtype=np.bool_), nothing)


def numbered(plan_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give new people ids, as the database does."""
    return np.where(plan_ids < 0, plan_ids.max(initial=0) - plan_ids, plan_ids)


def seconds_of(work: Callable[[], T]) -> tuple[T, float, float]:
    """Do some work; return its result, and the wall-clock and processor seconds it took."""
    start, processor_start = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - start, time.process_time() - processor_start


def median_ms(times: list[float]) -> str:
    """Format the median of times given in seconds."""
    return f"{1000 * sorted(times)[len(times) // 2]:.0f} ms"


def measure(title: str, faces: FaceSet, eps: float) -> None:
    """Group all at once without the last photos, then add those one by one; print the times."""
    group = partial(plan_groups, eps=eps, min_samples=Settings().min_samples)
    rank = partial(rank_pairs, eps=eps, doubt=FUSED_DOUBT, apart=NO_PAIRS)
    maybe = partial(maybe_faces, eps=eps, doubt=FUSED_DOUBT, apart=NO_PAIRS)
    last = int(faces.photo_ids[-1])
    is_known = faces.photo_ids <= last - NEW_PHOTOS
    known = faces.subset(is_known)
    everything = np.ones(len(known), dtype=np.bool_)
    plan, from_nothing, processor_from_nothing = seconds_of(lambda: group(known, everything))
    people = np.zeros(len(faces), dtype=np.int64)
    people[is_known] = numbered(plan.person_ids)
    people_before = people.copy()
    times, processor_times = [], []
    present = replace(known, person_ids=people[is_known])
    group(present, ~everything)  # fills what is kept from photo to photo
    for photo in range(last - NEW_PHOTOS + 1, last + 1):
        present = present.extended(faces.subset(faces.photo_ids == photo))
        is_new = present.photo_ids == photo
        plan, seconds, processor = seconds_of(partial(group, present, is_new))
        times.append(seconds)
        processor_times.append(processor)
        present = replace(present, person_ids=numbered(plan.person_ids))
    news = np.flatnonzero(~is_known)
    news = news[np.argsort(faces.photo_ids[news], kind="stable")]
    people[np.concatenate([np.flatnonzero(is_known), news])] = present.person_ids
    before = np.where(is_known, people_before, NO_PERSON)
    _, _, together = seconds_of(partial(group, replace(faces, person_ids=before), ~is_known))
    faces = replace(faces, person_ids=people)
    largest = int(np.bincount(people[people != NO_PERSON]).argmax())
    asked = [seconds_of(lambda: rank(faces, limit=20)) for _ in range(5)]
    shown = [seconds_of(lambda: maybe(faces, largest)) for _ in range(5)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    cells = [
        f"{title} | {len(faces)} | {len(np.unique(people)) - 1} | {(people == largest).sum()}",
        f"{(people == NO_PERSON).sum()} | {from_nothing:.1f} s | {processor_from_nothing:.1f} s",
        f"{median_ms(times)} | {median_ms(processor_times)} | {1000 * max(processor_times):.0f} ms",
        f"{1000 * together / NEW_PHOTOS:.0f} ms",
        f"{median_ms([one[2] for one in asked])} | {median_ms([one[2] for one in shown])}",
        f"{peak:.0f} MB",
    ]
    print(f"| {' | '.join(cells)} |", flush=True)


def measure_rooms_of(folder: Path, engine: FaceEngine, cache: Path, counts: list[int]) -> None:
    """Measure rooms of the people of a labelled folder, and of strangers."""
    labelled = load_set(folder, engine, cache)
    real = labelled.faces.encodings
    names = np.array(labelled.identities)
    # Every face without a label is a different person.
    names[names == UNKNOWN] = [f"?{row}" for row in np.flatnonzero(names == UNKNOWN)]
    _, firsts, numbers = np.unique(names, return_index=True, return_inverse=True)
    one_each = unit(real[firsts])
    for count in counts:
        random = np.random.default_rng(0)
        strangers = draw_strangers(one_each, count, random)
        rows = random.integers(0, len(real), count)
        noise = random.normal(scale=NOISE, size=(count, engine.encoding_size))
        is_stranger = random.random(count) < STRANGERS
        drawn = np.where(is_stranger[:, None], strangers, real[rows] + noise).astype(np.float32)
        alone = len(real) + np.arange(count)
        mixed = room_of(drawn, np.where(is_stranger, alone, numbers[rows]), random)
        measure("mixed", mixed, engine.eps)
        measure("strangers", room_of(strangers, alone, random), engine.eps)


def main() -> None:
    """Draw the rooms and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--engine", choices=ENGINE_NAMES, default=Settings().engine)
    parser.add_argument("--faces", type=int, nargs="+", default=[10_000])
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "photoshare-evaluate"
    )
    parser.add_argument("--at-once", action="store_true", help="without looking for cores first")
    options = parser.parse_args()
    if options.at_once:
        neighbourhood.MANY_CLUSTERS = sys.maxsize  # type: ignore[attr-defined]  # imported there
    columns = ["room", "faces", "people", "largest", "unsorted", "from nothing", "processor"]
    columns += ["a photo", "processor", "longest", "of a burst", "20 questions", "maybe", "peak"]
    print(f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", sep="\n")
    if options.folder is not None:
        engine = choose_engine(options.engine, options.cache / "graphs").engine
        measure_rooms_of(options.folder, engine, options.cache, options.faces)
        return
    for count in options.faces:
        random = np.random.default_rng(0)
        measure("made up", room_of(*made_up(count, random), random), FUSED_EPS)


if __name__ == "__main__":
    main()
