"""``rooms host-link`` and ``rooms guest-link``: what leads into a room."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from photoshare.cli.answers import already_json, print_json
from photoshare.cli.rooms.finding import find_room
from photoshare.services.addresses import find_listening, guest_url
from photoshare.services.rooms import host_links, rooms
from photoshare.web.pages.links import absolute_url
from photoshare.web.site import current_site

DEFAULT_ADDRESS = "http://127.0.0.1:8000"  # for printed links while no server runs


@click.command("host-link")
@click.argument("code")
@already_json
@with_appcontext
def renew_host_link(code: str) -> None:
    """Make a new first host link for the room CODE, as when it was lost; print it as JSON."""
    room = find_room(code, even_in_bin=True)  # by which its host can restore it
    print_json(links_of(room.code, host_links.renew_first_link(room)))


@click.command("guest-link")
@click.argument("code")
@click.option("--new", is_flag=True, help="Make a new one; the old one no longer lets anyone in.")
@already_json
@with_appcontext
def show_guest_link(code: str, new: bool) -> None:
    """Print the guest link of the room CODE as JSON."""
    room = find_room(code)
    if new:
        rooms.renew_code(room)
    print_json(links_of(room.code))


def links_of(code: str, host_secret: str | None = None) -> dict[str, str]:
    """Return a room's code and its links, with the address that guests use."""
    settings = current_site().settings
    listening = find_listening(settings.data)
    address = guest_url(settings.data) or (listening.url if listening else DEFAULT_ADDRESS)
    with current_app.test_request_context(base_url=address + settings.url_prefix):
        links = {"code": code, "guest_url": absolute_url("rooms.show", room_code=code)}
        if host_secret is not None:
            url = absolute_url("rooms.host_link", room_code=code, secret=host_secret)
            links["host_url"] = url
    return links
