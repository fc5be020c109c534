"""Measure requests, and report what the server holds, in the words of Prometheus.

No label names a room, a guest, a file or an address: labels are endpoints, methods, classes of
status, states, and the names of workers.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Histogram, Info, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from photoshare import __version__
from photoshare.models import (
    JOB_QUEUED,
    JOB_RUNNING,
    PHOTO_ANALYSED,
    PHOTO_ANALYSING,
    PHOTO_FAILED,
    PHOTO_WAITING,
)
from photoshare.services.counts import ServerCounts, count_all
from photoshare.services.downloads.zip_shelf import ZipShelf
from photoshare.workers.crew import Crew

COUNTS_S = 10.0  # how long the counts of the database are reported again
# Seconds: pages take a hundredth to a tenth, uploads of large photos several seconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
METHODS = {"GET", "HEAD", "POST", "OPTIONS"}  # any other is one: a client may invent some
PHOTO_STATES = (PHOTO_WAITING, PHOTO_ANALYSING, PHOTO_ANALYSED, PHOTO_FAILED)
JOB_STATES = (JOB_QUEUED, JOB_RUNNING)


class Metrics:
    """The metrics of one app, in a registry of its own.

    Parameters
    ----------
    data : Path
        The data folder, whose disk is watched.
    zips : ZipShelf
    crew : Crew, optional
        The workers, if photos are searched on other machines.
    """

    def __init__(self, data: Path, zips: ZipShelf, crew: Crew | None = None) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "photoshare_request_seconds",
            "Time to make an answer, without sending it",
            ["endpoint", "method", "status"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        build = Info("photoshare_build", "What is running", registry=self.registry)
        build.info({"version": __version__})
        ProcessCollector(registry=self.registry)
        self.registry.register(_Contents(data, zips))
        if crew is not None:
            self.registry.register(_Workers(crew))

    def record(self, endpoint: str | None, method: str, status_code: int, seconds: float) -> None:
        """Count an answer and how long it took to make."""
        known = method if method in METHODS else "other"
        labels = (endpoint or "none", known, f"{status_code // 100}xx")
        self._requests.labels(*labels).observe(seconds)


class _Contents(Collector):
    """Reports the database, the disk and the zips whenever someone asks."""

    def __init__(self, data: Path, zips: ZipShelf) -> None:
        self._data, self._zips = data, zips
        self._lock = threading.Lock()
        self._counts: ServerCounts | None = None
        self._until = 0.0  # by the monotonic clock
        self._received = 0

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; called in a request, by the registry."""
        with self._lock:
            if self._counts is None or time.monotonic() >= self._until:
                self._counts = count_all()
                self._until = time.monotonic() + COUNTS_S
            counts = self._counts
            # The newest photo may be deleted, but was received.
            self._received = received = max(self._received, counts.last_photo_id)
        yield GaugeMetricFamily("photoshare_rooms", "Rooms", counts.rooms)
        yield GaugeMetricFamily("photoshare_faces", "Faces found", counts.faces)
        yield CounterMetricFamily("photoshare_photos_received", "Photos ever received", received)
        photos = "Photos by state of their search"
        yield _by_state("photoshare_photos", photos, counts.photos, PHOTO_STATES)
        yield _by_state("photoshare_jobs", "Jobs that wait or run", counts.jobs, JOB_STATES)
        free = shutil.disk_usage(self._data).free
        yield GaugeMetricFamily("photoshare_disk_free_bytes", "Free space of the data folder", free)
        being_read, sent = self._zips.readers, self._zips.bytes_read
        yield GaugeMetricFamily("photoshare_zips_in_progress", "Zips being sent", being_read)
        yield CounterMetricFamily("photoshare_zip_bytes_sent", "Bytes of zips sent", sent)


class _Workers(Collector):
    """Reports what is known of the workers; asks none of them."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; called in a request, by the registry."""
        report = self._crew.report()
        refused = len(report.workers) - len(report.fit)
        counts = {"ok": len(report.fit), "refused": refused}
        yield _by_state("photoshare_workers", "Workers by state", counts, tuple(counts))
        reachable = "Whether the scheduler answers"
        yield GaugeMetricFamily("photoshare_workers_reachable", reachable, int(report.is_reachable))
        out = "Originals that were handed out and are not searched yet"
        yield GaugeMetricFamily("photoshare_workers_bytes", out, report.bytes_in_flight)
        here = "Photos that no worker could search"
        yield CounterMetricFamily("photoshare_photos_searched_here", here, report.photos_here)
        threads, busy = (
            GaugeMetricFamily(f"photoshare_worker_{name}", words, labels=["worker"])
            for name, words in (
                ("threads", "Photos that a worker searches at the same time"),
                ("busy", "Photos that a worker is searching now"),
            )
        )
        photos, seconds = (
            CounterMetricFamily(f"photoshare_worker_{name}", words, labels=["worker"])
            for name, words in (
                ("photos", "Photos that a worker has searched since its start"),
                ("cpu_seconds", "Processor time of that, without decoding"),
            )
        )
        for worker in report.fit:
            threads.add_metric([worker.name], worker.threads)
            busy.add_metric([worker.name], worker.busy)
            photos.add_metric([worker.name], worker.photos)
            seconds.add_metric([worker.name], worker.processor_s)
        yield from (threads, busy, photos, seconds)


def _by_state(
    name: str, words: str, counts: dict[str, int], states: tuple[str, ...]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=["state"])
    for state in states:
        family.add_metric([state], counts.get(state, 0))
    return family
