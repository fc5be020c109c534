"""Hold what the views need of the running site: settings, files, job runner, face engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask, current_app

from photoshare.config import Settings
from photoshare.faces.types import FaceEngine
from photoshare.jobs.runner import JobRunner
from photoshare.rates import Rates
from photoshare.services.downloads.zip_shelf import ZipShelf
from photoshare.services.people.grouping import GroupingRule, grouping_rule
from photoshare.storage import Storage

EXTENSION = "photoshare"  # key in app.extensions


@dataclass(frozen=True, slots=True)
class Site:
    """One running PhotoShare."""

    settings: Settings
    storage: Storage
    jobs: JobRunner
    engine: Callable[[], FaceEngine]
    rates: Rates = field(default_factory=Rates)
    zips: ZipShelf = field(default_factory=ZipShelf)

    @property
    def rule(self) -> GroupingRule:
        """How faces are compared and grouped."""
        return grouping_rule(self.engine(), self.settings)


def site_of(app: Flask) -> Site:
    """Return the site that `photoshare.create_app` made for this app."""
    site: Site = app.extensions[EXTENSION]
    return site


def current_site() -> Site:
    """Return the site of the request that is being answered."""
    return site_of(current_app)
