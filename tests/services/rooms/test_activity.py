"""What happens in a room is noted for its hosts, folded, with the names of that time."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select, update

from photoshare.errors import NotFoundError
from photoshare.models import LogEntry, db, utc_now
from photoshare.services.rooms import activity, api_tokens, bin, ending, entering, guests, rooms
from photoshare.services.rooms.activity import ActivityKind, list_activity, note
from photoshare.web.site import Site
from tests.helpers import counted_queries, guest_access, host_access

pytestmark = pytest.mark.usefixtures("app_ctx")


def entries(room_id: int) -> list[tuple[str, str | None, int]]:
    """List what was noted: kind, name and count, the oldest first."""
    query = select(LogEntry.kind, LogEntry.name, LogEntry.count)
    rows = db.session.execute(query.where(LogEntry.room_id == room_id).order_by(LogEntry.id))
    return [(row.kind, row.name, row[2]) for row in rows]


def test_what_a_guest_does_many_times_within_an_hour_is_one_entry(room_id: int) -> None:
    ada, bob = guest_access(room_id, "Ada").guest.id, guest_access(room_id, "Bob").guest.id
    for guest_id in (ada, ada, bob, None, None, ada):
        note(room_id, ActivityKind.ADDED, guest_id, count=2)
    an_hour_ago = utc_now() - timedelta(hours=1)
    db.session.execute(update(LogEntry).values(created_at=an_hour_ago))
    note(room_id, ActivityKind.ADDED, ada)
    db.session.commit()

    assert entries(room_id)[2:] == [
        ("added", "Ada", 6),
        ("added", "Bob", 2),
        ("added", None, 4),
        ("added", "Ada", 1),
    ]


def test_other_things_are_entries_of_their_own(room_id: int) -> None:
    host = guest_access(room_id, "Hanna").guest.id
    for _ in range(2):
        note(room_id, ActivityKind.RENEWED_GUEST_LINK, host)
    db.session.commit()

    assert len(entries(room_id)) == 3


def test_names_stay_as_they_were(room_id: int, site: Site) -> None:
    ada = guest_access(room_id, "Ada")
    note(room_id, ActivityKind.ADDED, ada.guest.id)
    guests.rename_guest(ada.guest.id, "Lady Ada")
    note(room_id, ActivityKind.ADDED, ada.guest.id)
    guests.remove_guest(host_access(room_id), ada.guest, site.storage)

    assert entries(room_id) == [
        ("joined", "Ada", 1),
        ("added", "Ada", 1),
        ("added", "Lady Ada", 1),
        ("removed_guest", None, 1),
    ]


def test_who_leaves_is_named_no_longer(room_id: int, site: Site) -> None:
    ada, bob = guest_access(room_id, "Ada"), guest_access(room_id, "Bob")
    guests.stop_uploads(bob, ada.guest, is_stopped=True)

    guests.leave_room(ada, site.storage)

    assert entries(room_id) == [
        ("joined", "", 1),
        ("joined", "Bob", 1),
        ("stopped_uploads", "Bob", 1),
        ("left", "", 1),
    ]
    assert {entry.about for entry in list_activity(room_id, 1).items} == {""}


def test_nothing_is_noted_where_the_change_fails(room_id: int) -> None:
    note(room_id, ActivityKind.ADDED)
    db.session.rollback()

    assert entries(room_id) == []


def test_which_settings_were_changed_is_noted_and_not_what_they_are(room_id: int) -> None:
    room = host_access(room_id).room
    change = partial(rooms.change_settings, room, ends_on=room.ends_on)
    change(title=room.title, deletes_after_days=room.deletes_after_days)
    change(title="Secret", password="of mine", is_moderated=True)

    (entry,) = list_activity(room_id, 1).items
    assert entry.about == "title,is_moderated,deletes_after_days,password_hash"


def test_the_newest_are_on_the_first_page(room_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "PAGE_SIZE", 2)
    for name in ("Ada", "Bob", "Eve"):
        guest_access(room_id, name)
    guest_access(rooms.create_room("Other").room.id, "Zoe")

    pages = [[entry.name for entry in list_activity(room_id, page).items] for page in (1, 2)]

    assert pages == [["Eve", "Bob"], ["Ada"]]
    with pytest.raises(NotFoundError):
        list_activity(room_id, 3)


def test_it_goes_with_the_room(room_id: int, site: Site) -> None:
    guest_access(room_id, "Ada")

    rooms.delete_room(room_id, site.storage)

    assert entries(room_id) == []


@pytest.mark.sqlite
def test_the_work_of_an_event_does_not_grow_with_the_room(app: Flask, room_id: int) -> None:
    guest_id = guest_access(room_id, "Ada").guest.id
    with counted_queries(app) as statements:
        note(room_id, ActivityKind.ADDED, guest_id)
        note(room_id, ActivityKind.ADDED, guest_id)
        db.session.commit()

    plans = [
        row[3]
        for statement in statements
        if statement.startswith("SELECT max")
        for row in db.session.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN {statement}", tuple("?" * statement.count("?"))
        )
    ]
    assert len(statements) == 6
    assert len(plans) == 2
    assert all("ix_log_entry_same (room_id=? AND kind=? AND guest_id=?" in plan for plan in plans)


def test_what_happens_to_the_whole_room_is_noted(site: Site) -> None:
    new = rooms.create_room("Party")
    guest = entering.become_host(new.room, secret=new.host_secret, name="Hanna")
    host = entering.Access(new.room, guest)
    token = api_tokens.add_token(host, "Backup", api_tokens.Rights(may_read=True, may_add=False))
    api_tokens.remove_token(host, api_tokens.list_tokens(host)[0].id)
    ending.end_now(host.room, host.guest.id)
    ending.end_now(host.room, host.guest.id)  # it has ended already
    ending.reopen(host.room)
    bin.put_into_bin(host.room, site.storage, host.guest.id)
    bin.restore_room(host.room, site.storage)

    said = list_activity(new.room.id, 1).items
    assert [(entry.kind, entry.about, entry.name is None) for entry in reversed(said)] == [
        ("became_host", "", False),
        ("added_token", "Backup", False),
        ("removed_token", "Backup", False),
        ("ended", "", False),
        ("reopened", "", True),
        ("deleted_room", "", False),
        ("restored_room", "", True),
    ]
    assert not any(token in entry.about for entry in said)
