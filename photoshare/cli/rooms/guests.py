"""``rooms guests``: who is in a room."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import with_appcontext

from photoshare.cli.answers import json_option, print_json, print_table, size_words, time_words
from photoshare.cli.rooms.finding import find_room
from photoshare.services.rooms.guests import GuestCard, list_guests


@click.command("guests")
@click.argument("code")
@json_option
@with_appcontext
def list_guests_of(code: str, as_json: bool) -> None:
    """List who is in the room CODE or has photos there, most photos first."""
    cards = list_guests(find_room(code).id)
    if as_json:
        print_json({"guests": [_as_json(card) for card in cards]})
        return
    head = ("NAME", "PHOTOS", "SIZE", "LAST SEEN", "DEVICE", "")
    rows = [
        (
            *(_name_of(card), card.photo_count, size_words(card.size_bytes)),
            *(time_words(card.seen_at), card.device or "-", _words_about(card)),
        )
        for card in cards
    ]
    print_table(head, rows)


def _name_of(card: GuestCard) -> str:
    return card.name or ("(command line)" if card.id is None else "(no name)")


def _words_about(card: GuestCard) -> str:
    marks = {
        "host": card.is_host,
        "uploads stopped": card.is_upload_stopped,
        "no longer in the room": not card.is_here and card.id is not None,
    }
    return ", ".join(words for words, is_so in marks.items() if is_so)


def _as_json(card: GuestCard) -> dict[str, Any]:
    """Return what hosts see of a guest, with moments in UTC; ``id`` is null for imported photos."""
    return {
        "id": card.id,
        "name": card.name,
        "host": card.is_host,
        "here": card.is_here,
        "uploads_stopped": card.is_upload_stopped,
        "photos": card.photo_count,
        "bytes": card.size_bytes,
        "last_seen": card.seen_at.isoformat(timespec="seconds") if card.seen_at else None,
        "device": card.device or None,
    }
