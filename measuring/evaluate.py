"""Measure whether everyone gets the right photos: ``python -m measuring.evaluate FOLDER...``.

Runs the default engine and the app's grouping over labelled folders (``labels.csv``, and
``boxes.csv`` if there is one), prints a table and writes JSON. Encodings are cached, so that
trying another ``--eps`` takes seconds.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measuring.dbscan import cluster_encodings
from measuring.evaluate_answers import AnsweredRoom, answer_next
from measuring.evaluate_covers import count_doubtful_covers
from measuring.evaluate_doubt import (
    BUCKETS,
    FACE,
    PEOPLE,
    Doubtful,
    added,
    count_doubtful,
    doubtful_cells,
)
from measuring.evaluate_groups import count_false_people, group_rows, reference_recall
from measuring.evaluate_metrics import Albums, Numbers, album_quality, bcubed, detection
from measuring.evaluate_photos import (
    LabelledPhoto,
    PhotoFaces,
    find_faces_once,
    read_labels,
    read_reference,
    tell_identities,
)
from photoshare.config import Settings
from photoshare.faces.engines.choose import ENGINE_NAMES, choose_engine
from photoshare.faces.grouping.plan import NO_PERSON, FaceSet, plan_groups
from photoshare.faces.quality import are_founders
from photoshare.faces.types import NOISE_LABEL, Doubt, FaceEngine

BATCHES = (1, 2, 5, 20, 60)  # most photos that arrive at once in `--orders`, in turn
COLUMNS = {  # of the printed table: title, path in the numbers, pattern
    "recall": ("detection", "recall", "{:.3f}"),
    "not labelled": ("detection", "unlabelled faces", "{:.0f}"),
    "P": ("faces", "precision", "{:.4f}"),
    "R": ("faces", "recall", "{:.4f}"),
    "F": ("faces", "f", "{:.4f}"),
    "R of all": ("faces", "recall_of_all", "{:.4f}"),
    "albums": ("albums", "albums", "{:.0f}"),
    "strangers": ("albums", "strangers", "{:.0f}"),
    "per 1000": ("albums", "strangers per 1000 photos", "{:.1f}"),
    "two of a photo": ("albums", "albums with two faces of a photo", "{:.0f}"),
    "albums a person": ("albums", "albums a person", "{:.2f}"),
    "split": ("albums", "people split", "{:.0f}"),
    "album P": ("albums", "person precision", "{:.4f}"),
    "album R": ("albums", "person recall", "{:.4f}"),
    "s": ("grouping", "seconds", "{:.2f}"),
}


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """A folder of labelled photos, and the faces found in them."""

    photos: list[LabelledPhoto]
    found: list[PhotoFaces]
    faces: FaceSet  # photo_ids are rows of `photos`
    identities: list[str]  # of each face


def main(arguments: list[str] | None = None) -> None:
    """Measure, print a table, write JSON."""
    options = _parser().parse_args(arguments)
    options.cache.mkdir(parents=True, exist_ok=True)
    engine = choose_engine(options.engine, options.cache / "graphs").engine
    eps = engine.eps if options.eps is None else options.eps
    print(f"eps {eps}, min_samples {options.min_samples}, engine {engine.name}\n")
    print(table_row("folder", list(COLUMNS)), "|---" * (len(COLUMNS) + 1) + "|", sep="\n")
    results: dict[str, Any] = {}
    strangers: list[LabelledSet] = []
    for folder in options.folders:
        if not (folder / "labels.csv").is_file():
            photos = read_reference(folder)
            found = [find_faces_once(photo.path, engine, options.cache) for photo in photos]
            results[folder.name] = {"reference": reference_recall(photos, found)}
            continue
        labelled = load_set(folder, engine, options.cache)
        numbers = measure(labelled, eps, engine.doubt, options)
        strangers.append(labelled)
        results[folder.name] = numbers
        cells = [
            pattern.format(numbers[part][key]) if key in numbers[part] else "-"
            for part, key, pattern in COLUMNS.values()
        ]
        print(table_row(folder.name, cells), flush=True)
    for name, numbers in results.items():
        _print_more(name, numbers)
    if options.doubt:
        _print_doubt(results)
    if options.strangers and strangers:
        results["strangers"] = count_false_people(
            *joined(strangers), eps=eps, min_samples=options.min_samples, draws=options.strangers
        )
        for size, counted in results["strangers"].items():
            told = ", ".join(f"{key} {value:.2f}" for key, value in counted.items())
            print(f"{size} strangers, one photo each: {told}")
    options.json.write_text(json.dumps(results, indent=1))
    print(f"\nAll numbers: {options.json}")


def measure(
    labelled: LabelledSet, eps: float, doubt: Doubt, options: argparse.Namespace
) -> dict[str, Any]:
    """Group a set as the options say, and measure all that they ask for."""
    numbers: dict[str, Any] = evaluate(labelled, eps, options.min_samples, is_dbscan=options.dbscan)
    if options.orders:
        numbers["orders"] = try_orders(labelled, eps, options.min_samples, options.orders)
    if options.answers:
        numbers["answers"] = try_answers(labelled, eps, options.min_samples, options.answers, doubt)
    if options.covers:
        numbers["covers"] = count_doubtful_covers(
            labelled.faces.encodings,
            np.concatenate([faces.qualities for faces in labelled.found]),
            labelled.identities,
        )
    if options.doubt:
        numbers["doubt"] = measure_doubt(labelled, eps, options.min_samples)
    numbers["groups"] = {
        name: evaluate(subset(labelled, rows), eps, options.min_samples)["faces"]
        for name, rows in group_rows(labelled.photos).items()
    }
    return numbers


def _print_more(name: str, numbers: dict[str, Any]) -> None:
    """Print the numbers that do not fit into the table."""
    for key, value in numbers.get("reference", {}).items():
        print(f"{name}, {key}: {value:.4g}")
    for group, faces in sorted(numbers.get("groups", {}).items(), key=lambda item: item[1]["f"]):
        told = ", ".join(
            f"{key[0].upper()} {faces[key]:.4f}" for key in ("precision", "recall", "f")
        )
        print(f"{name}, {group}: {told}")
    found = numbers.get("detection", {})
    for size in (key.removeprefix("faces ") for key in found if key.startswith("faces ")):
        print(f"{name}, {size}: {found[f'recall {size}']:.3f} of {found[f'faces {size}']} found")
    for key, value in numbers.get("covers", {}).items():
        print(f"{name}, {key}: {value:.3f}")
    for order in numbers.get("orders", []):
        print(f"{name}, other order:", ", ".join(f"{k} {v:.4g}" for k, v in order.items()))
    for number, answer in enumerate(numbers.get("answers", []), start=1):
        told = f"{answer['answer']}, P {answer['precision']:.4f}, R {answer['recall']:.4f}"
        print(f"{name}, answer {number}: {told}, {answer['strangers']} strangers")


def _print_doubt(results: dict[str, Any]) -> None:
    """Print how often two sides left apart are one person: all rooms first, then the worst."""
    rooms = {name: numbers["doubt"][""] for name, numbers in results.items() if "doubt" in numbers}
    groups = {
        f"{name}, {group}": numbers["doubt"][group]
        for name, numbers in results.items()
        for group, _ in sorted(numbers.get("groups", {}).items(), key=lambda item: item[1]["f"])
        if group in numbers.get("doubt", {})
    }
    for kind in (FACE, PEOPLE):
        print(f"\nHow often {kind} are one who were left apart, by distance as a multiple of eps\n")
        print(table_row("room", BUCKETS), "|---" * (len(BUCKETS) + 1) + "|", sep="\n")
        print(table_row("all", doubtful_cells(added(list(rooms.values())), kind)))
        for name, counts in (rooms | groups).items():
            print(table_row(name, doubtful_cells(counts, kind)))


def table_row(first: str, cells: Sequence[str]) -> str:
    """Write a row of a Markdown table."""
    return f"| {first} | " + " | ".join(cells) + " |"


def load_set(folder: Path, engine: FaceEngine, cache: Path) -> LabelledSet:
    """Read the labels of a folder and find the faces of its photos."""
    photos = read_labels(folder)
    found = [find_faces_once(photo.path, engine, cache) for photo in photos]
    counts = [len(faces.scores) for faces in found]
    locations = [tuple(row) for faces in found for row in faces.locations.tolist()]
    scores = [score for faces in found for score in faces.scores.tolist()]
    qualities = [quality for faces in found for quality in faces.qualities.tolist()]
    empty = np.empty((0, engine.encoding_size), dtype=np.float32)
    return LabelledSet(
        photos,
        found,
        FaceSet(
            np.concatenate([empty, *(faces.encodings for faces in found)]),
            np.repeat(np.arange(len(photos)), counts).astype(np.int64),
            np.full(sum(counts), NO_PERSON, dtype=np.int64),
            are_founders(locations, scores, qualities),
            np.zeros(sum(counts), dtype=np.int64),
            np.concatenate([np.zeros(0, dtype=np.int64), *(faces.panels for faces in found)]),
        ),
        [
            name
            for photo, faces in zip(photos, found, strict=True)
            for name in tell_identities(photo, faces)
        ],
    )


def subset(labelled: LabelledSet, rows: Sequence[int]) -> LabelledSet:
    """Return the photos of some rows, with their faces, as a separate set."""
    is_in = np.isin(labelled.faces.photo_ids, rows)
    faces = labelled.faces.subset(is_in)
    names = [name for name, is_theirs in zip(labelled.identities, is_in, strict=True) if is_theirs]
    return LabelledSet(
        [labelled.photos[row] for row in rows],
        [labelled.found[row] for row in rows],
        replace(faces, photo_ids=np.searchsorted(rows, faces.photo_ids)),
        names,
    )


def joined(sets: Sequence[LabelledSet]) -> tuple[FaceSet, list[str]]:
    """Combine the faces of several sets, and their identities."""
    parts = [one.faces for one in sets]
    columns = ("encodings", "photo_ids", "person_ids", "is_founder", "bond_ids", "panels")
    faces = FaceSet(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))
    faces = replace(faces, photo_ids=np.arange(len(faces)))  # the same id in two sets is two photos
    return faces, [name for one in sets for name in one.identities]


def evaluate(
    labelled: LabelledSet, eps: float, min_samples: int, *, is_dbscan: bool = False
) -> dict[str, Numbers]:
    """Group all faces of a set at once, as the app does, and judge the result."""
    start = time.perf_counter()
    if is_dbscan:  # the app's first method, for comparison: it chains and ignores photos
        labels = cluster_encodings(labelled.faces.encodings, eps=eps, min_samples=min_samples)
        albums = labels.astype(np.int64) - NOISE_LABEL
    else:
        active = np.ones(len(labelled.faces), dtype=np.bool_)
        plan = plan_groups(labelled.faces, active, eps=eps, min_samples=min_samples)
        albums = -plan.person_ids
    seconds = time.perf_counter() - start
    return judge(labelled, albums) | {"grouping": {"seconds": seconds}}


def judge(labelled: LabelledSet, albums: Albums) -> dict[str, Numbers]:
    """Judge the albums of the faces of a set."""
    truth: Counter[str] = Counter(name for photo in labelled.photos for name in photo.identities)
    if all(photo.boxes is None for photo in labelled.photos):
        # Only photos of a single person show whose the face is.
        truth = Counter()
        for photo in labelled.photos:
            if len(photo.identities) == 1:
                truth[photo.identities[0]] += photo.faces_of_each
    return {
        "detection": detection(labelled.photos, labelled.found),
        "faces": bcubed(albums, labelled.identities, truth),
        "albums": album_quality(albums, labelled.faces.photo_ids, labelled.photos),
    }


def try_orders(
    labelled: LabelledSet, eps: float, min_samples: int, count: int
) -> list[dict[str, float]]:
    """Group photos arriving in random orders and batches; compare with all at once."""
    from sklearn.metrics import adjusted_rand_score  # here: its import takes a second

    everything = np.ones(len(labelled.faces), dtype=np.bool_)
    at_once = plan_groups(labelled.faces, everything, eps=eps, min_samples=min_samples)
    random = np.random.default_rng(0)
    results = []
    for number in range(count):
        largest = BATCHES[number % len(BATCHES)]
        albums = _group_in_batches(labelled.faces, eps, min_samples, random, largest)
        quality = judge(labelled, albums)
        index = adjusted_rand_score(_alone(-at_once.person_ids), _alone(albums))
        results.append(
            {
                "largest batch": largest,
                "adjusted Rand index": float(index),
                "precision": quality["faces"]["precision"],
                "F": quality["faces"]["f"],
                "strangers": quality["albums"]["strangers"],
            }
        )
    return results


def measure_doubt(labelled: LabelledSet, eps: float, min_samples: int) -> dict[str, Doubtful]:
    """Count the doubtful pairs of a set, under ``""``, and of each group as its own room."""
    rooms = {"": labelled} | {
        name: subset(labelled, rows) for name, rows in group_rows(labelled.photos).items()
    }
    return {
        name: count_doubtful(room.faces, room.identities, eps=eps, min_samples=min_samples)
        for name, room in rooms.items()
    }


def try_answers(
    labelled: LabelledSet, eps: float, min_samples: int, count: int, doubt: Doubt
) -> list[dict[str, float | str]]:
    """Let the labels answer "is this the same person?" this many times; judge after each."""
    active = np.ones(len(labelled.faces), dtype=np.bool_)
    plan = plan_groups(labelled.faces, active, eps=eps, min_samples=min_samples)
    room = AnsweredRoom(
        replace(labelled.faces, person_ids=-plan.person_ids), eps, min_samples, doubt=doubt
    )
    results: list[dict[str, float | str]] = []
    while len(results) < count:
        start = time.perf_counter()
        answer = answer_next(room, labelled.identities)
        if not answer:
            break
        seconds = time.perf_counter() - start
        quality = judge(labelled, room.faces.person_ids)
        results.append(
            {
                "answer": answer,
                "precision": quality["faces"]["precision"],
                "recall": quality["faces"]["recall"],
                "strangers": quality["albums"]["strangers"],
                "seconds": seconds,
            }
        )
    return results


def _group_in_batches(
    faces: FaceSet, eps: float, min_samples: int, random: np.random.Generator, largest: int
) -> Albums:
    order = random.permutation(np.unique(faces.photo_ids))
    people = np.zeros(len(faces), dtype=np.int64)
    is_there = np.zeros(len(faces), dtype=np.bool_)
    while len(order):
        size = int(random.integers(1, largest + 1))
        is_new = np.isin(faces.photo_ids, order[:size])
        order = order[size:]
        is_there |= is_new
        present = replace(faces, person_ids=people).subset(is_there)
        plan = plan_groups(present, is_new[is_there], eps=eps, min_samples=min_samples)
        newest = people.max(initial=0)
        people[is_there] = np.where(plan.person_ids < 0, newest - plan.person_ids, plan.person_ids)
    return people


def _alone(albums: Albums) -> NDArray[np.int64]:
    """Give every unsorted face an album of its own."""
    return np.where(albums == NO_PERSON, -1 - np.arange(len(albums)), albums)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m measuring.evaluate", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="each with a labels.csv")
    parser.add_argument("--engine", choices=ENGINE_NAMES, default=Settings().engine)
    parser.add_argument("--eps", type=float, help="by default the engine's own")
    parser.add_argument("--min-samples", type=int, default=Settings().min_samples)
    parser.add_argument("--dbscan", action="store_true", help="plain DBSCAN, for comparison")
    parser.add_argument("--answers", type=int, default=0, help="questions that the labels answer")
    parser.add_argument(
        "--doubt", action="store_true", help="how often two who were left apart are one person"
    )
    parser.add_argument(
        "--covers", action="store_true", help="which faces would be doubtful as covers"
    )
    parser.add_argument(
        "--strangers", type=int, default=0, help="rooms of strangers to draw, of each size"
    )
    parser.add_argument("--orders", type=int, default=0, help="random orders of arrival to try")
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "photoshare-evaluate"
    )
    parser.add_argument("--json", type=Path, default=Path("evaluation.json"))
    return parser


if __name__ == "__main__":
    main()
