"""The command line: ``rooms ...``, ``backup``, ``check-backup``, ``restore`` and ``doctor``.

The JSON that the ``rooms`` commands print is an interface (docs/command-line.md).
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from filelock import FileLock, Timeout
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from photoshare.config import LOCK_FILE
from photoshare.errors import PhotoshareError, RejectedPhotoError
from photoshare.maintenance import backup, dated_backups, doctor, migrating, moving, restore
from photoshare.maintenance.database_checks import prepare_database
from photoshare.models import Room
from photoshare.services.addresses import find_listening, guest_url
from photoshare.services.corrections import replay
from photoshare.services.photos import adding
from photoshare.services.rooms import entering, export, host_links, rooms
from photoshare.services.work.progress import room_progress
from photoshare.web.pages.links import absolute_url
from photoshare.web.site import current_site, owner_of

DEFAULT_ADDRESS = "http://127.0.0.1:8000"  # for printed links while no server runs
NAMED = 20  # lost photos; more than that means a lost disk
TELL_EVERY = 100  # photos
PROGRESS_S = 0.5  # how often the progress bar reads the table


class _OneSentence(click.ClickException):
    """An error that ends the command with a one-sentence message and exit code 1."""


@contextlib.contextmanager
def _in_one_sentence() -> Iterator[None]:
    """Report a refusal in one sentence: what is wrong with a bucket as well, unlike to guests."""
    try:
        yield
    except PhotoshareError as error:
        raise _OneSentence(getattr(error, "reason", str(error))) from error


@contextlib.contextmanager
def _alone(data: Path, refusal: str) -> Iterator[None]:
    """Hold the data folder; refuse while a server or another command does."""
    try:
        held = FileLock(data / LOCK_FILE).acquire(timeout=0)
    except Timeout:
        raise _OneSentence(refusal) from None
    with held:
        yield


class _RoomCommands(AppGroup):
    """Commands that report a refusal in one sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _in_one_sentence():
            return super().invoke(ctx)


rooms_group = _RoomCommands("rooms", help="Create rooms, add photos, list people.")


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


@rooms_group.command("create")
@click.option("--title", required=True, help="The name guests see.")
@click.option("--password", default="", help="Guests enter it to join.")
def create(title: str, password: str) -> None:
    """Create a room; print its code and both links as JSON."""
    prepare_database(current_site().settings, is_thorough=False)
    new = rooms.create_room(title, password=password)
    _print_links(new.room.code, new.host_secret)


@rooms_group.command("host-link")
@click.argument("code")
def renew_host_link(code: str) -> None:
    """Make a new first host link for the room CODE, as when it was lost; print it as JSON."""
    room = _room(code)
    _print_links(room.code, host_links.renew_first_link(room))


@rooms_group.command("guest-link")
@click.argument("code")
@click.option("--new", is_flag=True, help="Make a new one; the old one no longer lets anyone in.")
def show_guest_link(code: str, new: bool) -> None:
    """Print the guest link of the room CODE as JSON."""
    room = _room(code)
    if new:
        rooms.renew_code(room)
    _print_links(room.code)


def _print_links(code: str, host_secret: str | None = None) -> None:
    """Print a room's code and its links as JSON, with the address that guests use."""
    settings = current_site().settings
    listening = find_listening(settings.data)
    address = guest_url(settings.data) or (listening.url if listening else DEFAULT_ADDRESS)
    with current_app.test_request_context(base_url=address + settings.url_prefix):
        links = {"guest_url": absolute_url("rooms.show", room_code=code)}
        if host_secret is not None:
            url = absolute_url("rooms.host_link", room_code=code, secret=host_secret)
            links["host_url"] = url
    _print_json({"code": code} | links)


@rooms_group.command("import")
@click.argument("code")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--wait", is_flag=True, help="Look for people now and show the progress.")
def import_folder(code: str, folder: Path, wait: bool) -> None:
    """Add every picture in FOLDER to the room CODE; print the result as JSON."""
    room_id = _room_id(code)
    report: dict[str, Any] = {"added": 0, "duplicates": 0, "rejected": []}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        _import_file(room_id, path, path.relative_to(folder).as_posix(), report)
    current_site().jobs.search_photos(room_id)
    if wait:
        _process(room_id)
    _print_json(report)


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
            )
    except (RejectedPhotoError, OSError) as error:
        report["rejected"].append({"file": name, "reason": str(error)})
    else:
        report["duplicates" if added.is_duplicate else "added"] += 1


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
                raise _OneSentence(progress.error)
            time.sleep(PROGRESS_S)


@rooms_group.command("people")
@click.argument("code")
def list_people(code: str) -> None:
    """Print the photos, people and unsorted faces of the room CODE as JSON."""
    _print_json(export.room_as_dict(_room_id(code)))


@rooms_group.command("correct")
@click.argument("code")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def correct(code: str, file: Path) -> None:
    """Apply the corrections in FILE, a JSON list, to the room CODE; print how many."""
    room_id = _room_id(code)
    try:
        count = replay.replay(room_id, json.loads(file.read_text(encoding="utf-8")))
    except ValueError as error:
        raise _OneSentence(f"{file} isn't a JSON file: {error}.") from error
    current_site().jobs.group_again(room_id)  # for the next search or a running server
    _print_json({"corrections": count})


@rooms_group.command("search-again")
@click.argument("code")
@click.option("--wait", is_flag=True, help="Search now and show the progress.")
def search_again(code: str, wait: bool) -> None:
    """Search every photo in the room CODE for faces again; corrections are kept."""
    room_id = _room_id(code)
    current_site().jobs.search_again(room_id)
    if wait:
        _process(room_id)


def _room_id(code: str) -> int:
    return _room(code).id


def _room(code: str) -> Room:
    prepare_database(current_site().settings, is_thorough=False)
    return entering.find_any_room(code)


@click.command("backup")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--keep", type=click.IntRange(min=1), help="Add a dated backup to FOLDER; keep that many."
)
@with_appcontext
def back_up(folder: Path, keep: int | None) -> None:
    """Back up the database, originals and key into FOLDER, which must be new without --keep."""
    storage, folder = current_site().storage, folder.absolute()
    with _in_one_sentence():
        backup.refuse_postgresql(current_site().settings)
        if keep is None:
            made = backup.back_up(storage, folder)
        else:
            made = dated_backups.add_backup(storage, folder, keep=keep)
    _say_backup(f"The backup in {made.folder} is complete", made, "so the backup doesn't have them")


@click.command("check-backup")
@click.argument("folder", type=click.Path(path_type=Path))
def check_backup(folder: Path) -> None:
    """Read all of the backup in FOLDER, and compare every photo with its SHA-256."""
    with _in_one_sentence():
        found = backup.check_backup(folder.absolute())
    _say_backup(f"The backup in {folder} is sound", found, "so it can't give them back")


@click.command("restore")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Move the rooms that are there aside.")
@with_appcontext
def restore_backup(folder: Path, replace: bool) -> None:
    """Put the backup in FOLDER in the place of the data folder, and upgrade its database."""
    settings = current_site().settings
    data = settings.data
    with _in_one_sentence():
        backup.refuse_postgresql(settings)
    if settings.storage:
        raise _OneSentence(
            "A backup is restored into files: leave PHOTOSHARE_STORAGE out, and run move-files "
            "with it afterwards."
        )
    with _in_one_sentence():
        found, replaced = restore.restore(folder.absolute(), data, replace=replace)
        prepare_database(settings, is_thorough=True)
    if replaced:
        click.echo(f"What was there before is in {replaced}; delete it when all is well.", err=True)
    _say_backup(f"{data} is restored", found, "so they couldn't be restored")


def _say_backup(outcome: str, found: backup.Backup, consequence: str) -> None:
    """Print the outcome; fail if there are photos whose originals are lost."""
    click.echo(f"{outcome}, with {found.photo_count} photos.", err=True)
    if found.lost:
        raise _OneSentence(
            f"The originals of {len(found.lost)} photos are missing or damaged, {consequence}: "
            f"{', '.join(found.lost[:NAMED])}"
        )


@click.command("move-files")
@with_appcontext
def move_files() -> None:
    """Move the photos of the data folder into the bucket that PHOTOSHARE_STORAGE names."""
    site = current_site()
    refusal = "Stop the server first: it would not find what is moved."
    with _alone(site.settings.data, refusal), _in_one_sentence():
        moved = moving.move_files(site.storage, owner_of(current_app), tell=_tell_moved)
    click.echo(f"{moved.photo_count:,} photos are in {site.settings.storage} now.", err=True)
    if moved.damaged:
        raise _OneSentence(
            f"{len(moved.damaged)} originals are damaged and stay where they are: "
            f"{', '.join(map(str, moved.damaged[:20]))}"
        )


def _tell_moved(count: int) -> None:
    if count % TELL_EVERY == 0:
        click.echo(f"{count:,} photos moved", err=True)


@click.command("migrate-to")
@click.argument("url")
@with_appcontext
def migrate_to(url: str) -> None:
    """Copy all rows from SQLite to the empty PostgreSQL database at URL; stop the server first."""
    settings = current_site().settings
    refusal = "PhotoShare is running on this data folder. Stop it first."
    with _alone(settings.data, refusal), _in_one_sentence():
        moved = migrating.move_to(settings, url)
    for table in moved:
        click.echo(f"{table.name}: {table.row_count:,} rows", err=True)
    click.echo(
        "Every row is in PostgreSQL now. Set PHOTOSHARE_DATABASE_URL and start PhotoShare again. "
        f"{settings.database} stays as it was: delete it once all is well, with what it holds.",
        err=True,
    )


@click.command("doctor")
@with_appcontext
def examine() -> None:
    """Check everything PhotoShare needs; show what's wrong and how to fix it."""
    findings = doctor.examine(current_site().settings)
    for finding in findings:
        click.echo(f"{'ok  ' if finding.is_good else 'BAD '} {finding.subject}: {finding.state}")
        if not finding.is_good:
            click.echo(f"     {finding.remedy}")
    if not all(finding.is_good for finding in findings):
        raise _OneSentence("Something is wrong; the lines above show how to fix it.")


def init_app(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(rooms_group)
    for command in (back_up, check_backup, restore_backup, move_files, migrate_to):
        app.cli.add_command(command)
    app.cli.add_command(examine)
