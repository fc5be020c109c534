"""``rooms people`` and ``rooms correct``: read who is in the photos, and correct it."""

from __future__ import annotations

import json
from pathlib import Path

import click
from flask.cli import with_appcontext

from photoshare.cli.answers import OneSentence, already_json, print_json
from photoshare.cli.rooms.finding import find_room
from photoshare.services.corrections import replay
from photoshare.services.rooms import export
from photoshare.web.site import current_site


@click.command("people")
@click.argument("code")
@already_json
@with_appcontext
def list_people(code: str) -> None:
    """Print the photos, people and unsorted faces of the room CODE as JSON."""
    print_json(export.room_as_dict(find_room(code).id))


@click.command("correct")
@click.argument("code")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@already_json
@with_appcontext
def correct(code: str, file: Path) -> None:
    """Apply the corrections in FILE, a JSON list, to the room CODE; print how many."""
    room_id = find_room(code).id
    try:
        count = replay.replay(room_id, json.loads(file.read_text(encoding="utf-8")))
    except ValueError as error:
        raise OneSentence(f"{file} isn't a JSON file: {error}.") from error
    current_site().jobs.group_again(room_id)  # for the next search or a running server
    print_json({"corrections": count})
