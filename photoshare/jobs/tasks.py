"""What each kind of job does: a loop of small steps that can be repeated after any interruption.

Runs in the job thread. Every step opens its own short app context; no step holds a database
transaction while it works on a picture.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask

from photoshare.config import Settings
from photoshare.faces.analysis import analyse_photo
from photoshare.faces.types import FaceEngine
from photoshare.services import analysis, jobs
from photoshare.services.jobs import ClaimedJob, JobKind
from photoshare.storage import Storage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a task works with."""

    app: Flask
    settings: Settings
    storage: Storage
    engine: FaceEngine
    is_stopping: Callable[[], bool]

    @property
    def rule(self) -> analysis.GroupingRule:
        """How faces are grouped."""
        return analysis.GroupingRule(self.settings.eps, self.settings.min_samples)


def process_photos(job: ClaimedJob, workplace: Workplace) -> None:
    """Analyse every waiting photo of the room, one at a time."""
    while not workplace.is_stopping():
        with workplace.app.app_context():
            claimed = analysis.claim_photo(job.room_id)
        if claimed is None:
            return
        _process_photo(claimed, workplace)
        with workplace.app.app_context():
            jobs.count_photo_done(job.id)


def _process_photo(claimed: analysis.ClaimedPhoto, workplace: Workplace) -> None:
    try:
        found = analyse_photo(
            workplace.storage.original(claimed.room_id, claimed.sha256),
            workplace.engine,
            detection_side_px=workplace.settings.detection_side_px,
            max_megapixels=workplace.settings.max_photo_megapixels,
        )
        with workplace.app.app_context():
            analysis.store_analysis(
                claimed,
                found,
                engine_name=workplace.engine.name,
                rule=workplace.rule,
                storage=workplace.storage,
            )
    except Exception:  # whatever a photo does to the libraries costs that photo only
        log.exception("The analysis of photo %d failed", claimed.id)
        with workplace.app.app_context():
            analysis.fail_attempt(claimed.id)


def cluster_room(job: ClaimedJob, workplace: Workplace) -> None:
    """Look at the room's unsorted faces again, all together."""
    with workplace.app.app_context():
        analysis.group_unsorted_faces(job.room_id, workplace.rule)


TASKS: dict[JobKind, Callable[[ClaimedJob, Workplace], None]] = {
    JobKind.PROCESS_PHOTOS: process_photos,
    JobKind.CLUSTER_ROOM: cluster_room,
}
