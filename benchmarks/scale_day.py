"""Replay a day of many rooms against measured service times; print where it saturates.

``./run.sh python benchmarks/scale_day.py FOLDER [--days festival]`` first measures how long the
photos of a folder take to be searched on this machine, in processor time. Then it draws when guests
come, what they add and which pages they open, and lets this wait in line for 1 to 64 processor
cores that search faces, for one line of grouping, and for 1 to 16 processes that answer pages. A
line is first come, first served. Nothing is sent anywhere: it takes a minute.
"""

from __future__ import annotations

import argparse
import heapq
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from measuring.benchmark import find_photos
from photoshare.config import Settings
from photoshare.errors import RejectedPhotoError
from photoshare.faces.analysis import analyse_photo
from photoshare.faces.engines.choose import choose_engine

Seconds = NDArray[np.float64]

HOUR_S = 3600.0
# Processor milliseconds, docs/performance.md: receiving an upload and its two grid pictures
# ("Smaller pictures"), pages, polls and pictures of a room of 20,000 photos ("A large room beside
# 99 others"; a picture is a query and a file).
UPLOAD_MS, PICTURES_MS = 15.0, 52.0
PAGE_MS, POLL_MS, PICTURE_MS = 40.0, 2.0, 3.0
PICTURES_OF_PAGE = 12  # that a guest has not seen yet
# Planning and storing photos together, at so many thousand faces of their room: what each plan
# costs, and each of its photos. Fits 32 ms for a photo and 99 for ten at 10,000 faces ("Grouping"),
# and 349 ms, and 2.3 s for twenty, at 200,000 (`benchmarks/grouping_times.py --faces 200000`).
PLAN_MS, PLAN_MS_PER_1000_FACES = 11.0, 1.2
PHOTO_MS, PHOTO_MS_PER_1000_FACES = 4.0, 0.5
MOST_TOGETHER = 256  # photos (photoshare.workers.crew.MOST_AT_ONCE)
WORKERS = (1, 2, 4, 8, 16, 32, 64)
PROCESSES = (1, 2, 4, 8, 16)
PAGES_PER_GUEST_HOUR = 60.0
POLLS_PER_GUEST_HOUR = 240.0  # every 15 seconds (templates/jobs/_status.html)
PHOTOS_AT_ONCE, UPLOAD_S = 20, 2.0  # a guest adds that many, one after another


@dataclass(frozen=True, slots=True)
class Day:
    """What comes in a day.

    Attributes
    ----------
    rooms, photos : int
        Equally large rooms, and photos in all of them.
    hours : float
        From the first guest to the last.
    guests : int
        How many look at pages at the same time in the busiest hour.
    peak : float
        How many times the mean the busiest hour brings.
    faces : float
        On a photo.
    """

    rooms: int
    photos: int
    hours: float
    guests: int
    peak: float
    faces: float = 3.0


DAYS = {
    "party": Day(rooms=1, photos=600, hours=5, guests=30, peak=2.0),
    "school": Day(rooms=40, photos=12_000, hours=8, guests=120, peak=2.5),
    "festival": Day(rooms=1000, photos=1_000_000, hours=72, guests=300, peak=3.0),
    "race": Day(rooms=1, photos=200_000, hours=12, guests=300, peak=2.0),
    "marathon": Day(rooms=1, photos=200_000, hours=12, guests=300, peak=2.0, faces=1.0),
}


def arrivals(count: int, day: Day, random: np.random.Generator) -> Seconds:
    """Draw when things come, with a busiest hour in the middle; ascending, from 0."""
    # A share of all spread evenly, the others around the middle; together they have that peak.
    spread = 1 / 8 * day.hours  # hours, standard deviation
    density = 1 / (spread * (2 * np.pi) ** 0.5) * day.hours
    in_middle = min(1.0, max(0.0, (day.peak - 1) / (density - 1)))
    is_in_middle = random.random(count) < in_middle
    times = random.uniform(0, day.hours, count)
    times[is_in_middle] = random.normal(day.hours / 2, spread, int(is_in_middle.sum()))
    found: Seconds = np.sort(np.clip(times, 0, day.hours)) * HOUR_S
    return found


def ends(coming: Seconds, services: Seconds, servers: int) -> Seconds:
    """Return when each leaves a line with several servers, first come, first served."""
    free = [0.0] * servers
    left = np.empty_like(coming)
    for place, (moment, service) in enumerate(zip(coming.tolist(), services.tolist(), strict=True)):
        end = max(moment, heapq.heappop(free)) + service
        heapq.heappush(free, end)
        left[place] = end
    return left


def grouped(searched: Seconds, faces: NDArray[np.floating]) -> Seconds:
    """Return when each photo is in its albums: one line, which takes all that wait at once."""
    moments = searched.tolist()
    done = np.empty_like(searched)
    now, first = 0.0, 0
    while first < len(moments):
        now = max(now, moments[first])
        last = first + 1
        while last < len(moments) and moments[last] <= now and last - first < MOST_TOGETHER:
            last += 1
        thousands = faces[first] / 1000
        plan_ms = PLAN_MS + PLAN_MS_PER_1000_FACES * thousands
        photo_ms = PHOTO_MS + PHOTO_MS_PER_1000_FACES * thousands
        now += (plan_ms + photo_ms * (last - first)) / 1000
        done[first:last] = now
        first = last
    return done


def quantiles(seconds: Seconds) -> str:
    """Format the median, the 95th percentile and the longest."""
    return " / ".join(_format(value) for value in np.quantile(seconds, [0.5, 0.95, 1]))


def _format(seconds: float) -> str:
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * HOUR_S else f"{seconds / HOUR_S:.1f} h"


def measure_photos(folder: Path, cache: Path) -> Seconds:
    """Measure the processor seconds of one thread that each photo takes to be searched."""
    engine = choose_engine(Settings().engine, cache).engine
    engine.warm_up()
    found = []
    for path in find_photos(folder, 0, 1000):
        start = time.process_time()
        try:
            analyse_photo(path, engine)
        except RejectedPhotoError as error:
            print(f"left out, {path.name}: {error}")
            continue
        found.append(time.process_time() - start)
    return np.array(found)


def replay_faces(day: Day, photo_s: Seconds, random: np.random.Generator) -> None:
    """Print how long a photo waits from its upload until it is in its albums."""
    visits = arrivals(-(-day.photos // PHOTOS_AT_ONCE), day, random)
    added = visits[:, None] + UPLOAD_S * np.arange(PHOTOS_AT_ONCE)
    coming = np.sort(added.ravel())[: day.photos]
    # The decoder makes the grid's pictures on the same cores.
    services = random.choice(photo_s, day.photos) + PICTURES_MS / 1000
    faces = day.faces / day.rooms * np.arange(day.photos)
    print(f"{services.sum() / HOUR_S:.1f} core hours of faces in {day.hours:.0f} hours.")
    print("| cores | busy | from upload to album: median / 95 % / longest | done after the end |")
    print("|---|---|---|---|")
    for workers in WORKERS:
        searched = ends(coming, services, workers)
        order = np.argsort(searched, kind="stable")
        done = np.empty_like(searched)
        done[order] = grouped(searched[order], faces)
        busy = services.sum() / (workers * day.hours * HOUR_S)
        late = max(0.0, float(done.max()) - day.hours * HOUR_S)
        cells = [f"{workers}", f"{100 * busy:.0f} %", quantiles(done - coming), _format(late)]
        print(f"| {' | '.join(cells)} |", flush=True)


def replay_pages(day: Day, random: np.random.Generator) -> None:
    """Print how long a page takes in the busiest hour, its own work included."""
    hour = HOUR_S
    uploads = day.photos / day.hours * day.peak
    counts = {
        UPLOAD_MS: uploads,
        PAGE_MS: day.guests * PAGES_PER_GUEST_HOUR,
        POLL_MS: day.guests * POLLS_PER_GUEST_HOUR,
        PICTURE_MS: day.guests * PAGES_PER_GUEST_HOUR * PICTURES_OF_PAGE,
    }
    kinds = np.concatenate([np.full(int(count), ms) for ms, count in counts.items()])
    random.shuffle(kinds)
    coming = np.sort(random.uniform(0, hour, len(kinds)))
    services = kinds / 1000 * random.uniform(0.5, 1.5, len(kinds))
    print("\n| processes | busy | a page in the busiest hour: median / 95 % / longest |")
    print("|---|---|---|")
    for processes in PROCESSES:
        took = ends(coming, services, processes) - coming
        busy = services.sum() / (processes * hour)
        cells = [f"{processes}", f"{100 * busy:.0f} %", quantiles(took[kinds == PAGE_MS])]
        print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Measure the photos, and replay the days."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--days", nargs="+", choices=DAYS, default=list(DAYS))
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "photoshare-graphs"
    )
    options = parser.parse_args()
    photo_s = measure_photos(options.folder, options.cache)
    print(f"{len(photo_s)} photos: {quantiles(photo_s)} of one core each.")
    for name in options.days:
        day = DAYS[name]
        print(f"\n## {name}: {day}\n")
        replay_faces(day, photo_s, np.random.default_rng(0))
        replay_pages(day, np.random.default_rng(0))


if __name__ == "__main__":
    main()
