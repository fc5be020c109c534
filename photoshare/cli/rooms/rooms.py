"""``rooms ...``: create, list, show, end and delete rooms.

The JSON that these commands print is an interface (docs/command-line.md).
"""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from photoshare.cli.answers import (
    OneSentence,
    already_json,
    in_one_sentence,
    json_option,
    plain,
    print_facts,
    print_json,
    print_table,
    size_words,
    time_words,
)
from photoshare.cli.rooms import bin
from photoshare.cli.rooms.finding import find_room
from photoshare.cli.rooms.links import links_of
from photoshare.errors import InvalidInputError
from photoshare.maintenance.database_checks import prepare_database
from photoshare.models import Room
from photoshare.services.owner.all_rooms import RoomCard, get_card, list_all_rooms
from photoshare.services.rooms import ending, rooms
from photoshare.services.rooms.bin import check_title
from photoshare.web.site import current_site


class _RoomCommands(AppGroup):
    """Commands that report a refusal in one sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with in_one_sentence():
            return super().invoke(ctx)


rooms_group = _RoomCommands("rooms", help="Create, list, end and delete rooms; add photos.")


@rooms_group.command("create")
@click.option("--title", required=True, help="The name guests see.")
@click.option("--password", default="", help="Guests enter it to join.")
@already_json
def create(title: str, password: str) -> None:
    """Create a room; print its code and both links as JSON."""
    prepare_database(current_site().settings, is_thorough=False)
    new = rooms.create_room(title, password=password)
    print_json(links_of(new.room.code, new.host_secret))


@rooms_group.command("list")
@json_option
def list_rooms(as_json: bool) -> None:
    """List all rooms, the newest first."""
    prepare_database(current_site().settings, is_thorough=False)
    cards = list_all_rooms()
    if as_json:
        print_json({"rooms": [_as_json(card) for card in cards]})
        return
    head = ("CODE", "PHOTOS", "SIZE", "GUESTS", "LAST USED", "ENDS", "TITLE")
    rows = [
        (
            *(card.code, card.photo_count, size_words(card.size_bytes), card.guest_count),
            *(time_words(card.used_at), _end_words(card), card.title),
        )
        for card in cards
    ]
    print_table(head, rows)


@rooms_group.command("show")
@click.argument("code")
@json_option
def show(code: str, as_json: bool) -> None:
    """Show the room CODE: how large it is, who is in, until when."""
    card = get_card(find_room(code, even_in_bin=True).id)
    links = links_of(card.code)
    if as_json:
        print_json(_as_json(card) | _sight_as_json(card) | links)
        return
    print_facts(
        {
            "Title": card.title,
            "Code": card.code,
            "Guest link": links["guest_url"],
            "Photos": f"{card.photo_count:,}, {size_words(card.size_bytes)}",
            "Guests": f"{card.guest_count:,}",
            "Opened": time_words(card.created_at),
            "Last used": time_words(card.used_at),
            "Ends": _end_words(card),
            "Password": "yes" if card.has_password else "no",
            "Photos seen by": _audience_words(card),
            "Faces searched for": card.faces_for,
            "Faces covered": "of those who asked" if card.covers_faces else "no",
            "Photos added": f"until {card.adds_until}" if card.adds_until else "until the end",
        }
    )


@rooms_group.command("end")
@click.argument("code")
@json_option
def end(code: str, as_json: bool) -> None:
    """End the room CODE now: no one can join or add photos then; nothing is deleted."""
    room = find_room(code)
    ending.end_now(room)
    click.echo(f"The room “{plain(room.title)}” has ended; its hosts can reopen it.", err=True)
    if as_json:
        print_json(_as_json(get_card(room.id)))


@rooms_group.command("delete")
@click.argument("code")
@click.option("--now", "is_now", is_flag=True, help="For good at once, without the bin.")
@click.option("--yes", "is_sure", is_flag=True, help="Don't ask for the title.")
@json_option
def delete(code: str, is_now: bool, is_sure: bool, as_json: bool) -> None:
    """Put the room CODE into the bin, with everything in it; asks for its title."""
    room = find_room(code, even_in_bin=is_now)
    title = plain(room.title)
    if not is_sure:
        _ask_for_title(room, is_now=is_now)
    outcome = bin.delete(room, is_now=is_now)
    if "gone_at" in outcome:
        click.echo(f"The room “{title}” is in the bin; rooms restore brings it back.", err=True)
    else:
        click.echo(f"The room “{title}” and everything in it have been deleted.", err=True)
    if as_json:
        print_json(outcome)


def _ask_for_title(room: Room, *, is_now: bool) -> None:
    where = "deletes “{}” for good" if is_now else "puts “{}” into the bin"
    question = f"This {where.format(plain(room.title))}. Type its title to go on"
    try:
        check_title(room, click.prompt(question, default="", err=True))
    except InvalidInputError as error:
        raise OneSentence("That isn't its title, so nothing is deleted.") from error


def _as_json(card: RoomCard) -> dict[str, Any]:
    """Return what is known of a room, with moments in UTC."""
    return {
        "code": card.code,
        "title": card.title,
        "created": card.created_at.isoformat(timespec="seconds"),
        "last_used": card.used_at.isoformat(timespec="seconds"),
        "ends_on": card.ends_on.isoformat() if card.ends_on else None,
        "ended": card.has_ended,
        "in_bin": card.is_in_bin,
        "password": card.has_password,
        "photos": card.photo_count,
        "bytes": card.size_bytes,
        "guests": card.guest_count,
    }


def _sight_as_json(card: RoomCard) -> dict[str, Any]:
    """Return who sees what in a room."""
    revealed_at = card.revealed_at
    return {
        "audience": card.audience,
        "revealed_at": revealed_at.isoformat(timespec="seconds") if revealed_at else None,
        "faces_for": card.faces_for,
        "adds_until": card.adds_until.isoformat() if card.adds_until else None,
        "covers_faces": card.covers_faces,
    }


def _audience_words(card: RoomCard) -> str:
    if card.revealed_at is None:
        return card.audience
    return f"{card.audience}: all from {time_words(card.revealed_at)} on"


def _end_words(card: RoomCard) -> str:
    if card.is_in_bin:
        return "in the bin"
    if card.ends_on is None:
        return "-"
    return f"{'ended' if card.has_ended else 'after'} {card.ends_on}"
