"""The command line: ``flask --app app rooms ...``, ``backup`` and ``doctor``.

The JSON that the ``rooms`` commands print is an interface (docs/command-line.md).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import click
from filelock import FileLock, Timeout
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from photoshare.config import LOCK_FILE
from photoshare.errors import PhotoshareError, RejectedPhotoError
from photoshare.maintenance import backup, doctor
from photoshare.maintenance.database_checks import prepare_database
from photoshare.models import Room
from photoshare.services.addresses import find_listening, guest_url
from photoshare.services.corrections import replay
from photoshare.services.photos import adding
from photoshare.services.rooms import entering, export, host_links, rooms
from photoshare.services.work.progress import room_progress
from photoshare.web.pages.links import absolute_url
from photoshare.web.site import current_site

DEFAULT_ADDRESS = "http://127.0.0.1:8000"  # for printed links while no server runs
PROGRESS_S = 0.5  # how often the progress bar reads the table


class _OneSentence(click.ClickException):
    """An error that ends the command with a one-sentence message and exit code 1."""


class _RoomCommands(AppGroup):
    """Commands that report a refusal in one sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except PhotoshareError as error:
            raise _OneSentence(str(error)) from error


rooms_group = _RoomCommands("rooms", help="Create rooms, add photos, list people.")


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


@rooms_group.command("create")
@click.option("--title", required=True, help="The name guests see.")
@click.option("--password", default="", help="Guests enter it to join.")
def create(title: str, password: str) -> None:
    """Create a room; print its code and both links as JSON."""
    prepare_database(current_site().settings.data, is_thorough=False)
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
    prepare_database(current_site().settings.data, is_thorough=False)
    return entering.find_any_room(code)


@click.command("backup")
@click.argument("folder", type=click.Path(path_type=Path))
@with_appcontext
def back_up(folder: Path) -> None:
    """Back up the database, originals and key into FOLDER, which must be new."""
    try:
        made = backup.back_up(current_site().storage, folder.absolute())
    except PhotoshareError as error:
        raise _OneSentence(str(error)) from error
    click.echo(
        f"The backup in {made.folder} is complete, with {made.photo_count} photos.", err=True
    )
    if made.lost:
        raise _OneSentence(
            f"The originals of {len(made.lost)} photos are missing or damaged in the data folder, "
            f"so the backup doesn't have them either: {', '.join(made.lost[:20])}"
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
    app.cli.add_command(back_up)
    app.cli.add_command(examine)
