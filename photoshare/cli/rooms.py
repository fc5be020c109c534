"""``rooms ...``: create rooms, list and correct who is in them.

The JSON that these commands print is an interface (docs/command-line.md).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from photoshare.cli.answers import OneSentence, in_one_sentence, print_json
from photoshare.maintenance.database_checks import prepare_database
from photoshare.models import Room
from photoshare.services.addresses import find_listening, guest_url
from photoshare.services.corrections import replay
from photoshare.services.rooms import entering, export, host_links, rooms
from photoshare.web.pages.links import absolute_url
from photoshare.web.site import current_site

DEFAULT_ADDRESS = "http://127.0.0.1:8000"  # for printed links while no server runs


class _RoomCommands(AppGroup):
    """Commands that report a refusal in one sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with in_one_sentence():
            return super().invoke(ctx)


rooms_group = _RoomCommands("rooms", help="Create rooms, add photos, list people.")


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
    room = find_room(code)
    _print_links(room.code, host_links.renew_first_link(room))


@rooms_group.command("guest-link")
@click.argument("code")
@click.option("--new", is_flag=True, help="Make a new one; the old one no longer lets anyone in.")
def show_guest_link(code: str, new: bool) -> None:
    """Print the guest link of the room CODE as JSON."""
    room = find_room(code)
    if new:
        rooms.renew_code(room)
    _print_links(room.code)


def _print_links(code: str, host_secret: str | None = None) -> None:
    """Print a room's code and its links as JSON."""
    print_json(links_of(code, host_secret))


def links_of(code: str, host_secret: str | None = None) -> dict[str, str]:
    """Return a room's code and its links, with the address that guests use."""
    settings = current_site().settings
    listening = find_listening(settings.data)
    address = guest_url(settings.data) or (listening.url if listening else DEFAULT_ADDRESS)
    with current_app.test_request_context(base_url=address + settings.url_prefix):
        links = {"guest_url": absolute_url("rooms.show", room_code=code)}
        if host_secret is not None:
            url = absolute_url("rooms.host_link", room_code=code, secret=host_secret)
            links["host_url"] = url
    return {"code": code} | links


@rooms_group.command("people")
@click.argument("code")
def list_people(code: str) -> None:
    """Print the photos, people and unsorted faces of the room CODE as JSON."""
    print_json(export.room_as_dict(find_room(code).id))


@rooms_group.command("correct")
@click.argument("code")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def correct(code: str, file: Path) -> None:
    """Apply the corrections in FILE, a JSON list, to the room CODE; print how many."""
    room_id = find_room(code).id
    try:
        count = replay.replay(room_id, json.loads(file.read_text(encoding="utf-8")))
    except ValueError as error:
        raise OneSentence(f"{file} isn't a JSON file: {error}.") from error
    current_site().jobs.group_again(room_id)  # for the next search or a running server
    print_json({"corrections": count})


def find_room(code: str) -> Room:
    """Find a room by its code, in a database that has been brought up to date."""
    prepare_database(current_site().settings, is_thorough=False)
    return entering.find_any_room(code)
