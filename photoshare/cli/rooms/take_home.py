"""``rooms export`` and ``rooms import-room``: take a room home, and make it on another server."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import with_appcontext

from photoshare.cli.answers import already_json, print_json
from photoshare.cli.rooms.finding import find_room
from photoshare.cli.rooms.links import links_of
from photoshare.maintenance.database_checks import prepare_database
from photoshare.services.moving_in.importing import Server, import_room
from photoshare.services.moving_in.restored import EngineHere
from photoshare.services.take_home.exporting import export_room
from photoshare.services.take_home.room_file import Choice, Folders
from photoshare.web.site import current_site

TELL_EVERY = 100  # photos


@click.command("export")
@click.argument("code")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--by",
    type=click.Choice([folders.value for folders in Folders]),
    default=Folders.DAY.value,
    help="A folder for every day, or for every person.",
)
@click.option("--without-encodings", is_flag=True, help="Leave the face encodings out.")
@already_json
@with_appcontext
def export(code: str, file: Path, by: str, without_encodings: bool) -> None:
    """Write the room CODE with all that it is into FILE, a zip; print its size as JSON."""
    room_id = find_room(code).id
    choice = Choice(Folders(by), has_encodings=not without_encodings)
    size_bytes = export_room(room_id, choice, current_site().storage, file.absolute())
    print_json({"file": str(file), "bytes": size_bytes})


@click.command("import-room")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--password", default="", help="Guests enter it to join the new room.")
@already_json
@with_appcontext
def make_room(file: Path, password: str) -> None:
    """Make a room of FILE, which `rooms export` wrote; print its links as JSON."""
    site = current_site()
    prepare_database(site.settings, is_thorough=False)
    engine = site.engine()
    here = EngineHere(engine.name, engine.encoding_size)
    server = Server(site.storage, site.settings, site.decoders, here, _tell_added)
    made = import_room(file, server, password=password)
    counts = {
        "photos": made.photo_count,
        "people": made.person_count,
        "corrections": made.correction_count,
        "searched_again": made.waiting_count,
    }
    print_json(links_of(made.new.room.code, made.new.host_secret) | counts)


def _tell_added(count: int) -> None:
    if count % TELL_EVERY == 0:
        click.echo(f"{count:,} photos taken in", err=True)
