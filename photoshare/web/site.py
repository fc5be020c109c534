"""Hold what the views need of the running site: settings, files, job runner, face engine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock, Semaphore

from flask import Flask, current_app

from photoshare.config import Settings
from photoshare.faces.types import FaceEngine
from photoshare.jobs.runner import JobRunner
from photoshare.pictures.decoder_pool import DecoderPool
from photoshare.rates import Rates, Turns
from photoshare.services.downloads.zip_shelf import ZipShelf
from photoshare.services.health import Health
from photoshare.services.people.grouping import GroupingRule, grouping_rule
from photoshare.storage import Storage
from photoshare.web.monitor.metrics import Metrics
from photoshare.workers.crew import Crew

EXTENSION = "photoshare"  # key in app.extensions
# Pictures made at the same time on request; more than the machine's cores would not help.
RENDERS_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Site:
    """One running PhotoShare: all that it keeps in memory, so that two in a process share nothing.

    What services keep of the database is beside it, in `photoshare.services.shelf.Shelves`.
    """

    settings: Settings
    storage: Storage
    jobs: JobRunner
    engine: Callable[[], FaceEngine]
    decoders: DecoderPool
    health: Health
    zips: ZipShelf
    crew: Crew | None = None  # None: the settings name no workers
    rates: Rates = field(default_factory=Rates)
    guesses: Turns = field(default_factory=Turns)
    metrics: Metrics | None = None  # None: the settings have no token for them
    renders: Semaphore = field(default_factory=lambda: Semaphore(RENDERS_AT_ONCE))
    cutting: Lock = field(default_factory=Lock)  # tiles of one photo at a time

    @property
    def rule(self) -> GroupingRule:
        """How faces are compared and grouped."""
        return grouping_rule(self.engine(), self.settings)


def site_of(app: Flask) -> Site:
    """Return the site that `photoshare.create_app` made for this app."""
    site: Site = app.extensions[EXTENSION]
    return site


def owner_of(app: Flask) -> str:
    """Return a word that tells this installation from others; nobody finds the key by it."""
    key = str(app.config["SECRET_KEY"]).strip().encode()
    return hashlib.sha256(b"whose bucket is this? " + key).hexdigest()[:32]


def current_site() -> Site:
    """Return the site of the request that is being answered."""
    return site_of(current_app)
