"""``rooms guests``."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask

from tests.cli.commands import run, run_json
from tests.conftest import Cast
from tests.helpers import guest_of, insert_photos

pytestmark = pytest.mark.slow


def test_guests_are_listed_with_their_photos(app: Flask, cast: Cast) -> None:
    gustav = guest_of(app, cast.guest, cast.room_id)
    insert_photos(app, cast.room_id, 2, guest_id=gustav, size_bytes=1_500_000)
    insert_photos(app, cast.room_id, 1, seed="imported", size_bytes=500)
    cast.host.post(f"{cast.url}/guests/{gustav}/uploads", data={"is_stopped": "1"})

    table = run(app, "rooms", "guests", cast.code).stdout.splitlines()
    guests = run_json(app, "rooms", "guests", cast.code, "--json")["guests"]

    assert table[0].split() == ["NAME", "PHOTOS", "SIZE", "LAST", "SEEN", "DEVICE"]
    assert table[1].startswith("Gustav ")
    assert table[1].endswith("computer  uploads stopped")
    assert table[2].startswith("(command line)")
    assert table[3].endswith("host")
    assert datetime.fromisoformat(guests[0].pop("last_seen")).tzinfo == UTC
    assert guests[0] == {
        "id": gustav,
        "name": "Gustav",
        "host": False,
        "here": True,
        "uploads_stopped": True,
        "photos": 2,
        "bytes": 3_000_000,
        "device": "computer",
    }
    assert (guests[1]["id"], guests[1]["last_seen"], guests[1]["device"]) == (None, None, None)


def test_who_has_left_is_listed_for_their_photos(app: Flask, cast: Cast) -> None:
    insert_photos(app, cast.room_id, 1, guest_id=guest_of(app, cast.guest, cast.room_id))
    cast.guest.post(f"{cast.url}/leave")

    table = run(app, "rooms", "guests", cast.code).stdout.splitlines()

    assert table[1].startswith("(no name)")
    assert table[1].endswith("no longer in the room")
