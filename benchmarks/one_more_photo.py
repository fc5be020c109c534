"""Measure the processor time of one more photo in a room, from its faces to the commit.

``./run.sh python benchmarks/one_more_photo.py [--faces 10000 20000 60000]`` inserts the rows of
rooms with made-up faces of the default engine (`grouping_times.made_up`) and their people, half of
them named, and stores photos of one to six faces in them through `store_analysis`: one by one, then
ten together. It prints the median milliseconds of processor time per photo, the share of planning,
and a checksum of the result: two versions of the program that decide the same print the same.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from flask import Flask
from own_server import ROOT

sys.path.insert(0, str(ROOT))

from grouping_times import made_up, room_of
from sqlalchemy import insert, select

from photoshare import create_app
from photoshare.config import Settings
from photoshare.db import db, upgrade_schema
from photoshare.faces.engines.fused_engine import FUSED_EPS
from photoshare.faces.grouping.plan import plan_groups
from photoshare.faces.types import AnalysedFace, FaceSet
from photoshare.models import PHOTO_ANALYSED, PHOTO_ANALYSING, Face, Person, Photo
from photoshare.services.people import grouping
from photoshare.services.people.grouping import GroupingRule
from photoshare.services.people.storing import FoundFace, store_analysis
from photoshare.services.rooms import rooms
from photoshare.services.work.photo_queue import ClaimedPhoto
from photoshare.web.site import site_of

ENGINE = "made up"
SINGLE_PHOTOS, BURSTS, BURST_PHOTOS = 40, 4, 10
SIDE_PX = 200
Shot = tuple[ClaimedPhoto, list[FoundFace]]


def fill(room_id: int, faces: FaceSet, person_ids: np.ndarray, is_known: np.ndarray) -> list[Shot]:
    """Write all photos, and the faces of those known so far; return the other photos."""
    photos = np.unique(faces.photo_ids)
    ids = {int(photo): row for row, photo in enumerate(photos.tolist(), 1)}
    left = set(faces.photo_ids[~is_known].tolist())
    about = {"room_id": room_id, "image_format": "JPEG", "size_bytes": 1, "width": 9, "height": 9}
    rows = [
        about
        | {
            "id": row,
            "sha256": f"{row:064x}",
            "file_name": f"{row}.jpg",
            "state": PHOTO_ANALYSING if photo in left else PHOTO_ANALYSED,
            "engine": None if photo in left else ENGINE,
        }
        for photo, row in ids.items()
    ]
    db.session.execute(insert(Photo), rows)
    people = range(1, int(person_ids.max()) + 1)
    named = [{"id": one, "room_id": room_id, "is_corrected": one % 2 == 0} for one in people]
    db.session.execute(insert(Person), named)
    shots: dict[int, Shot] = {}
    known: list[dict[str, Any]] = []
    for row, photo in enumerate(faces.photo_ids.tolist()):
        photo_id, encoding = ids[photo], faces.encodings[row]
        if is_known[row]:
            place = {"top": 0, "right": SIDE_PX, "bottom": SIDE_PX, "left": 0, "score": 1.0}
            whose = {"photo_id": photo_id, "person_id": int(person_ids[row]) or None}
            known.append(place | whose | {"encoding": encoding.astype("<f4").tobytes()})
        else:
            claimed = ClaimedPhoto(photo_id, room_id, f"{photo_id:064x}")
            _, found = shots.setdefault(photo_id, (claimed, []))
            left_px = len(found) * SIDE_PX
            where = (0, left_px + SIDE_PX, SIDE_PX, left_px)
            found.append(FoundFace(AnalysedFace(where, 1.0, encoding), b"jpeg"))
    db.session.execute(insert(Face), known)
    db.session.commit()
    return [shots[photo_id] for photo_id in sorted(shots)]


def timed(work: Callable[[], object]) -> float:
    """Do some work; return the milliseconds of processor time it took."""
    start = time.process_time()
    work()
    return 1000 * (time.process_time() - start)


def measure(app: Flask, count: int) -> None:
    """Make a room of this many faces, store more photos in it, and print the cost of each."""
    random = np.random.default_rng(0)
    encodings, owners = made_up(count, random)
    faces = room_of(encodings, owners, random)
    news = SINGLE_PHOTOS + 1 + BURSTS * BURST_PHOTOS
    is_known = faces.photo_ids <= faces.photo_ids[-1] - news
    rule = GroupingRule(engine_name=ENGINE, eps=FUSED_EPS, min_samples=Settings().min_samples)
    sizes = np.bincount(owners[is_known], minlength=owners.max() + 1)
    is_sorted = is_known & (sizes[owners] > 1)
    person_ids = np.zeros(count, dtype=np.int64)
    person_ids[is_sorted] = 1 + np.unique(owners[is_sorted], return_inverse=True)[1]
    planning: list[float] = []

    def planned(*arguments: Any, **settings: Any) -> Any:
        start = time.process_time()
        try:
            return plan_groups(*arguments, **settings)
        finally:
            planning.append(1000 * (time.process_time() - start))

    grouping.plan_groups = planned  # type: ignore[attr-defined]
    with app.app_context():
        upgrade_schema()
        room_id = rooms.create_room(f"{count} faces").room.id
        shots = fill(room_id, faces, person_ids, is_known)
        storage = site_of(app).storage

        def store(photos: list[Shot]) -> float:
            taken = timed(lambda: store_analysis(photos, rule=rule, storage=storage))
            return taken / len(photos)

        first = store(shots[:1])  # which reads the room
        planning.clear()
        single = [store([shot]) for shot in shots[1 : 1 + SINGLE_PHOTOS]]
        planned_single = statistics.median(planning)
        starts = range(1 + SINGLE_PHOTOS, len(shots) - BURST_PHOTOS + 1, BURST_PHOTOS)
        bursts = [store(shots[start : start + BURST_PHOTOS]) for start in starts]
        people = db.session.scalars(select(Face.person_id).order_by(Face.id)).all()
    print(
        f"{count} faces, {person_ids.max()} people: the first photo {first:.0f} ms; one more"
        f" {statistics.median(single):.1f} ms ({planned_single:.1f} planning, longest"
        f" {max(single):.0f}); in bursts {statistics.median(bursts):.1f} ms a photo;"
        f" who is who {zlib.crc32(repr(people).encode()):08x}",
        flush=True,
    )


def main() -> None:
    """Measure rooms of several sizes, each in its own database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, nargs="+", default=[10_000])
    for count in parser.parse_args().faces:
        with tempfile.TemporaryDirectory() as folder:
            measure(create_app({"data": Path(folder), "min_free_mb": 0}), count)


if __name__ == "__main__":
    main()
