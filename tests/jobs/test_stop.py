"""JobRunner.stop: what comes after it may close the database."""

from __future__ import annotations

import threading

import pytest

from photoshare.services.work import job_table
from photoshare.web.site import Site


def test_a_stop_waits_for_the_watch_that_reads_the_database(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that is closed under a running statement ends the process."""
    is_reading, may_end = threading.Event(), threading.Event()

    def read_slowly() -> bool:
        is_reading.set()
        may_end.wait(timeout=60)
        return False

    monkeypatch.setattr("photoshare.jobs.runner.WATCH_S", 0.01)
    monkeypatch.setattr(job_table, "has_queued_jobs", read_slowly)
    site.jobs.start()
    assert is_reading.wait(timeout=60)

    assert not site.jobs.stop()  # it still reads, so nothing may be closed

    may_end.set()
    assert site.jobs.stop()
