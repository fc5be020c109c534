"""A full disk or a bucket out of reach during the face search costs no photo its search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from photoshare.db import db
from photoshare.errors import DiskFullError, PhotoshareError, disk_full_error, storage_error
from photoshare.models import Job, Photo
from photoshare.services.people import storing
from photoshare.services.work import job_table, photo_queue
from photoshare.services.work.job_table import RETRY_AFTER
from photoshare.web.site import Site


def full(*_arguments: Any, **_values: Any) -> None:
    raise disk_full_error()


def rows(app: Flask) -> tuple[list[tuple[str, int]], list[str]]:
    with app.app_context():
        photos = [(photo.state, photo.attempts) for photo in db.session.scalars(select(Photo))]
        return photos, list(db.session.scalars(select(Job.state)))


@pytest.mark.parametrize("error", [disk_full_error(), storage_error("the line is cut")])
def test_it_is_no_attempt_of_the_photo(
    app: Flask,
    red_photo: int,
    run_jobs: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    error: PhotoshareError,
) -> None:
    def fail(*_arguments: Any, **_values: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(storing, "store_analysis", fail)
        run_jobs()

    assert rows(app) == ([("waiting", 0)], ["failed"])

    monkeypatch.setattr(job_table, "RETRY_AFTER", -RETRY_AFTER)  # a minute later
    run_jobs()

    assert rows(app)[0] == [("analysed", 1)]


def test_a_job_whose_end_could_not_be_written_goes_on_without_a_restart(
    app: Flask,
    site: Site,
    red_photo: int,
    run_jobs: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(storing, "store_analysis", full)
        patch.setattr(photo_queue, "release_claims", full)
        with pytest.raises(DiskFullError):
            run_jobs()
    assert rows(app) == ([("analysing", 1)], ["running"])

    run_jobs()

    assert rows(app)[0] == [("analysed", 1)]
