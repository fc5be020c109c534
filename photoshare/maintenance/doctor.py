"""Check everything PhotoShare needs, and say in one sentence each how to fix a problem."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from sqlalchemy.exc import DatabaseError

from photoshare.config import IS_INSTALLED, MB, PROGRAM, ROOT, Settings
from photoshare.db import known_revisions, schema_version
from photoshare.errors import (
    DamagedDatabaseError,
    PhotoshareError,
    StorageError,
    damaged_database_error,
)
from photoshare.faces.engines.choose import choose_engine
from photoshare.maintenance.database_checks import find_damage
from photoshare.maintenance.dated_backups import is_late, list_backups, moment_of
from photoshare.networks import TrustedProxies, resolve
from photoshare.services.photos.lost_photos import find_missing
from photoshare.services.work import photo_queue
from photoshare.storage import open_storage
from photoshare.web.pages import assets
from photoshare.workers.crew import look_once

NAMED = 20  # lost photos listed by name; more than that means a lost disk
REINSTALL = (
    "Install PhotoShare again from its folder: pip install --force-reinstall ."
    if IS_INSTALLED
    else "Install the packages again: rm -rf .venv && ./run.sh"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    subject: str
    is_good: bool
    state: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Run every check; none of them changes anything."""
    checks: list[Callable[[Settings], Iterator[Finding]]] = [
        _python,
        _packages,
        _htmx,
        _engine,
        _data_folder,
        _free_space,
        _bucket,
        _database,
        _originals,
        _backups,
        _trusted_proxies,
        _workers,
        _monitoring,
    ]
    return [finding for check in checks for finding in check(settings)]


def _python(_settings: Settings) -> Iterator[Finding]:
    is_good = (3, 11) <= sys.version_info < (3, 15)
    remedy = "Use Python 3.11 to 3.14: rm -rf .venv && PYTHON=/path/to/python3.12 ./run.sh"
    yield Finding("Python", is_good, platform.python_version(), remedy)


def _packages(_settings: Settings) -> Iterator[Finding]:
    """Compare what is installed with what holds on this Python: a checkout pins every version."""
    wrong = []
    if IS_INSTALLED:
        lines = requires("photoshare") or []
    else:
        lines = re.findall(r"^(\S+==.*) \\$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    needed = [
        package
        for package in map(Requirement, lines)
        if package.marker is None or package.marker.evaluate({"extra": ""})
    ]
    for pin in needed:
        try:
            installed = version(pin.name)
        except PackageNotFoundError:
            installed = "missing"
        if installed == "missing" or installed not in pin.specifier:
            wrong.append(f"{pin.name} is {installed}, not {str(pin.specifier).removeprefix('==')}")
    kind = "required" if IS_INSTALLED else "pinned"
    state = "; ".join(wrong) if wrong else f"{len(needed)} packages as {kind}"
    yield Finding("Packages", not wrong, state, REINSTALL)


def _htmx(_settings: Settings) -> Iterator[Finding]:
    try:
        assets.htmx_folder()
    except PhotoshareError as error:
        yield Finding("htmx", False, str(error), REINSTALL)
    else:
        yield Finding("htmx", True, f"{assets.HTMX_VERSION}, checked by its hash")


def _engine(settings: Settings) -> Iterator[Finding]:
    try:
        with tempfile.TemporaryDirectory() as folder:  # a check leaves nothing in the data folder
            chosen = choose_engine(settings.engine, Path(folder))
            chosen.engine.warm_up()
    except (PhotoshareError, ImportError) as error:
        yield Finding("Face engine", False, str(error), REINSTALL)
    else:
        yield Finding("Face engine", True, f"{chosen.engine.name}. {chosen.reason}")


def _data_folder(settings: Settings) -> Iterator[Finding]:
    is_good = os.access(settings.data, os.W_OK | os.X_OK)
    remedy = (
        "Make the user who runs PhotoShare its owner, or set PHOTOSHARE_DATA to another folder."
    )
    state = f"{settings.data} {'is' if is_good else 'is not'} writable"
    yield Finding("Data folder", is_good, state, remedy)


def _free_space(settings: Settings) -> Iterator[Finding]:
    free_mb = shutil.disk_usage(settings.data).free // MB
    is_good = free_mb >= settings.min_free_mb
    remedy = f"Uploads are refused below {settings.min_free_mb} MB (PHOTOSHARE_MIN_FREE_MB)."
    yield Finding("Free space", is_good, f"{free_mb:,} MB", remedy)


def _bucket(settings: Settings) -> Iterator[Finding]:
    """Write, read and delete an object in the bucket, if the settings name one."""
    if not settings.storage:
        return
    try:
        keeps_versions = open_storage(settings).probe()
    except StorageError as error:
        state, _, remedy = error.reason.partition(". ")
        yield Finding("Bucket", False, state, remedy)
        return
    except PhotoshareError as error:
        yield Finding("Bucket", False, "can't be used", str(error))
        return
    yield Finding(
        "Bucket",
        not keeps_versions,
        f"{settings.storage} {'keeps old versions' if keeps_versions else 'can be used'}",
        "What is deleted stays in it: switch versioning off, or let a lifecycle rule expire "
        "noncurrent versions after a day.",
    )


def _database(settings: Settings) -> Iterator[Finding]:
    if settings.is_postgresql:
        yield from _postgresql(settings)
        return
    if not _has_database(settings):
        yield Finding("Database", True, "not created yet; the first start creates it")
        return
    newest = known_revisions()[0]
    try:
        current = schema_version()
        complaint = find_damage()
    except DamagedDatabaseError as error:
        yield Finding("Database", False, f"it can't be read ({error.__cause__})", str(error))
        return
    except DatabaseError as error:
        remedy = "Make the user who runs PhotoShare its owner, and stop other programs that use it."
        yield Finding("Database", False, f"it can't be opened ({error.orig})", remedy)
        return
    if complaint:
        remedy = str(damaged_database_error(complaint))
        yield Finding("Database", False, "SQLite's quick_check found a problem", remedy)
    remedy = "Start the server once to upgrade it; if it's newer, update PhotoShare."
    yield Finding("Database", current == newest, f"schema {current} of {newest}", remedy)
    if current == newest:
        yield _photos(settings)


def _postgresql(settings: Settings) -> Iterator[Finding]:
    newest = known_revisions()[0]
    try:
        current = schema_version()
    except DatabaseError as error:
        state = f"PostgreSQL can't be reached ({' '.join(str(error.orig).split())})"
        yield Finding("Database", False, state, "Start it, or correct PHOTOSHARE_DATABASE_URL.")
        return
    remedy = "Start the server once to make or upgrade it; if it's newer, update PhotoShare."
    state = f"PostgreSQL, schema {current} of {newest}"
    yield Finding("Database", current == newest, state, remedy)
    if current == newest:
        yield _photos(settings)


def _photos(settings: Settings) -> Finding:
    """Report how many photos have faces from another engine; not a problem."""
    engine = choose_engine(settings.engine, settings.data).engine
    outdated, searched = photo_queue.count_outdated(engine.name)
    state = f"{searched:,} searched for faces"
    if outdated:
        state += f", {outdated:,} of them by another engine; the server will search those again"
    return Finding("Photos", True, state)


def _originals(settings: Settings) -> Iterator[Finding]:
    """Look for the original of every photo in the database."""
    try:
        if not _has_database(settings) or schema_version() != known_revisions()[0]:
            return
        count, missing = find_missing(open_storage(settings))
    except StorageError:
        yield Finding("Originals", False, "can't be checked", "See Bucket.")
        return
    except (DatabaseError, DamagedDatabaseError):
        yield Finding("Originals", False, "can't be checked", "See Database.")
        return
    state = f"{count:,}, all there"
    if missing:
        names = [f"{photo.file_name} ({photo.room_title})" for photo in missing[:NAMED]]
        names += [f"{len(missing) - NAMED:,} more"] if len(missing) > NAMED else []
        state = f"{len(missing):,} of {count:,} missing or damaged: {', '.join(names)}"
    remedy = (
        "Restore them from a backup, or ask anyone who still has one to add it to the room again."
    )
    yield Finding("Originals", not missing, state, remedy)


def _backups(settings: Settings) -> Iterator[Finding]:
    """Tell how old the newest daily backup is."""
    if not settings.backup_folder:
        yield Finding("Daily backup", True, "off; PHOTOSHARE_BACKUP_FOLDER switches it on")
        return
    folder = Path(settings.backup_folder)
    made = list_backups(folder)
    state = f"{len(made)} in {folder}"
    if made:
        state += f", the newest of {moment_of(made[-1]):%Y-%m-%d %H:%M} UTC"
    is_good = not is_late(moment_of(made[-1]) if made else None)
    remedy = (
        "The running server makes one every day; its log says why it can't. The user who runs "
        "PhotoShare has to be able to write to the folder."
    )
    yield Finding("Daily backup", is_good, state, remedy)


def _trusted_proxies(settings: Settings) -> Iterator[Finding]:
    """Look up the names of the trusted proxies, as the server does."""
    for name in TrustedProxies(settings.trusted_proxy).names:
        subject = f"Trusted proxy {name}"
        try:
            found = resolve(name)
        except OSError as error:
            state = f"it can't be found ({error.strerror or error})"
            remedy = (
                "Start the proxy, or correct PHOTOSHARE_TRUSTED_PROXY. Until it can be found, all "
                "guests of the proxy share one set of limits."
            )
            yield Finding(subject, False, state, remedy)
        else:
            yield Finding(subject, True, ", ".join(sorted(found)))


def _workers(settings: Settings) -> Iterator[Finding]:
    """Ask the scheduler for its workers, as the server does, and what each has done."""
    if not settings.workers:
        return
    try:
        report = look_once(settings)
    except PhotoshareError as error:
        yield Finding("Workers", False, str(error), REINSTALL)
        return
    remedy = (
        f"Start the scheduler, then workers: {PROGRAM} scheduler, {PROGRAM} worker "
        f"{settings.workers} (docs/scale.md). Until then, the server searches photos itself."
    )
    state = f"{len(report.fit)} of {len(report.workers)} can work for this server"
    if not report.is_reachable:
        state = f"the scheduler {settings.workers} doesn't answer"
    yield Finding("Workers", bool(report.fit), state, remedy)
    for worker in report.workers:
        done = f"{worker.photos:,} photos searched, {worker.busy} in hand"
        state = f"{worker.threads} threads, {done}, {worker.processor_s:,.0f} seconds of processor"
        remedy = "Start it with the same version, settings and model files as the server."
        is_good = not worker.refusal
        yield Finding(f"Worker {worker.name}", is_good, worker.refusal or state, remedy)


def _monitoring(settings: Settings) -> Iterator[Finding]:
    """Tell how it is watched; a token that is too short, or an unknown format, isn't accepted."""
    metrics = f"on, with a token of {len(settings.metrics_token)} characters"
    yield Finding("Metrics", True, metrics if settings.metrics_token else "off")
    state = f"level {settings.log_level}, as {settings.log_format}, accesses {settings.access_log}"
    yield Finding("Log", True, state)


def _has_database(settings: Settings) -> bool:
    return settings.is_postgresql or settings.database.exists()  # connecting would create it
