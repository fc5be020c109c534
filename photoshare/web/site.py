"""What the views need of the running site: settings, files, job runner."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Flask, current_app

from photoshare.config import Settings
from photoshare.jobs.runner import JobRunner
from photoshare.services.zip_shelf import ZipShelf
from photoshare.storage import Storage

EXTENSION = "photoshare"  # key in app.extensions


@dataclass(frozen=True, slots=True)
class Site:
    """One running PhotoShare."""

    settings: Settings
    storage: Storage
    jobs: JobRunner
    zips: ZipShelf = field(default_factory=ZipShelf)


def site_of(app: Flask) -> Site:
    """Return the site that `photoshare.create_app` made for this app."""
    site: Site = app.extensions[EXTENSION]
    return site


def current_site() -> Site:
    """Return the site of the request that is being answered."""
    return site_of(current_app)
