"""``rooms restore``, and what commands call that delete a room."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import with_appcontext

from photoshare.cli.answers import OneSentence, already_json, print_json
from photoshare.cli.rooms.finding import find_room
from photoshare.models import Room
from photoshare.services.rooms import bin
from photoshare.web.site import current_site


@click.command("restore")
@click.argument("code")
@already_json
@with_appcontext
def restore(code: str) -> None:
    """Bring the room CODE back from the bin, with everything."""
    room = find_room(code, even_in_bin=True)
    if room.binned_at is None:
        raise OneSentence("This room isn't in the bin.")
    bin.restore_room(room, current_site().storage)
    print_json({"code": room.code})


def delete(room: Room, *, is_now: bool) -> dict[str, Any]:
    """Put a room into the bin, or delete it for good: at once if the disk is full as well.

    Returns
    -------
    dict
        ``code`` and ``gone_at``, when it goes for good; or the report, if it is gone.
    """
    site = current_site()
    code, room_id = room.code, room.id
    if is_now:
        report = bin.delete_for_good(room_id, site.storage)
    else:
        report = bin.put_into_bin(room, site.storage)
    if report is not None:
        return report
    return {"code": code, "gone_at": bin.gone_at(room, site.settings.bin_time).isoformat()}
