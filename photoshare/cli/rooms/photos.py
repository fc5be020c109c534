"""``rooms import`` and ``rooms search-again``: add photos to a room, and search it."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from filelock import FileLock, Timeout
from flask import current_app
from flask.cli import with_appcontext

from photoshare.cli.answers import OneSentence, already_json, print_json
from photoshare.cli.rooms.finding import find_room
from photoshare.config import LOCK_FILE
from photoshare.errors import RejectedPhotoError
from photoshare.services.photos import adding
from photoshare.services.work.progress import room_progress
from photoshare.web.site import current_site

PROGRESS_S = 0.5  # how often the progress bar reads the table


@click.command("import")
@click.argument("code")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--wait", is_flag=True, help="Look for people now and show the progress.")
@already_json
@with_appcontext
def import_folder(code: str, folder: Path, wait: bool) -> None:
    """Add every picture in FOLDER to the room CODE; print the result as JSON."""
    room_id = find_room(code).id
    report: dict[str, Any] = {"added": 0, "duplicates": 0, "rejected": []}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        _import_file(room_id, path, path.relative_to(folder).as_posix(), report)
    current_site().jobs.search_photos(room_id)
    if wait:
        _process(room_id)
    print_json(report)


def _import_file(room_id: int, path: Path, name: str, report: dict[str, Any]) -> None:
    site = current_site()
    try:
        with path.open("rb") as stream:
            added = adding.add_photo(
                room_id,
                stream,
                name,
                guest_id=None,
                storage=site.storage,
                settings=site.settings,
                decoders=site.decoders,
                changed_at=_changed_at(path),
            )
    except (RejectedPhotoError, OSError) as error:
        report["rejected"].append({"file": name, "reason": str(error)})
    else:
        report["duplicates" if added.is_duplicate else "added"] += 1


def _changed_at(path: Path) -> datetime:
    """Return when a file was last changed, by the clock of this machine."""
    return datetime.fromtimestamp(path.stat().st_mtime).astimezone().replace(tzinfo=None)


def _process(room_id: int) -> None:
    """Find the people of a room in this process, or watch the server that uses the data folder."""
    site = current_site()
    try:
        held = FileLock(site.settings.data / LOCK_FILE).acquire(timeout=0)
    except Timeout:
        click.echo("The running server is doing the work; here is its progress.", err=True)
        _show_progress(room_id)
        return
    with held:
        site.jobs.start()
        try:
            _show_progress(room_id)
        finally:
            site.jobs.stop()


def _show_progress(room_id: int) -> None:
    """Draw a progress bar until every photo of the room is done."""
    progress = room_progress(room_id)
    with click.progressbar(
        length=progress.photo_count, label="Finding people", file=sys.stderr
    ) as bar:
        while progress.is_working or progress.is_searching_again:
            with current_app.app_context():  # to see what the job thread has written since
                progress = room_progress(room_id)
            bar.update(progress.done_count - progress.again_count - bar.pos)
            if progress.error:
                raise OneSentence(progress.error)
            time.sleep(PROGRESS_S)


@click.command("search-again")
@click.argument("code")
@click.option("--wait", is_flag=True, help="Search now and show the progress.")
@with_appcontext
def search_again(code: str, wait: bool) -> None:
    """Search every photo in the room CODE for faces again; corrections are kept."""
    room_id = find_room(code).id
    current_site().jobs.search_again(room_id)
    if wait:
        _process(room_id)
