"""What guests add to a moderated room waits: it is no photo before a host's yes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from photoshare.config import GB
from photoshare.errors import DiskFullError, NotAllowedError, NotFoundError, RoomFullError
from photoshare.maintenance.database_checks import _refuse_rows_without_photos
from photoshare.models import Deletion, Face, Photo, Room, WaitingPhoto, db
from photoshare.services.moderation import deciding, waiting
from photoshare.services.moderation.deciding import add_waiting, discard_waiting
from photoshare.services.photos import adding, deleting, lost_photos
from photoshare.services.photos.adding import AddedPhoto
from photoshare.services.rooms import guests, rooms
from photoshare.services.rooms.entering import Access
from photoshare.services.work import leftovers
from photoshare.web.site import Site
from tests.fakes import BLUE, RED, draw_photo
from tests.helpers import guest_access, host_access

FAR_AHEAD = 1e12  # seconds since the epoch: every file is old enough to be swept


@dataclass
class Moderated:
    """A moderated room with two guests; needs an app context."""

    site: Site
    host: Access
    ada: Access
    bob: Access

    @property
    def room_id(self) -> int:
        return self.host.room.id

    def add(self, access: Access | None, content: bytes, name: str = "a.jpg") -> AddedPhoto:
        return adding.add_photo(
            self.room_id,
            BytesIO(content),
            name,
            guest_id=access.guest.id if access else None,
            storage=self.site.storage,
            settings=self.site.settings,
            decoders=self.site.decoders,
        )

    def files(self) -> set[str]:
        folder = self.site.storage.room_folder(self.room_id)
        return {path.name[:64] for path in folder.glob("*/*") if path.is_file()}

    def switch(self, *, is_moderated: bool) -> None:
        room = update(Room).where(Room.id == self.room_id).values(is_moderated=is_moderated)
        db.session.execute(room)
        db.session.commit()


@pytest.fixture
def moderated(app_ctx: None, site: Site, room_id: int) -> Moderated:
    ada, bob = guest_access(room_id, "Ada"), guest_access(room_id, "Bob")
    host = host_access(room_id)
    host.guest.name = "Hanna"
    db.session.add(host.guest)
    made = Moderated(site, host, ada, bob)
    made.switch(is_moderated=True)
    return made


def count(model: type[Photo | WaitingPhoto | Face]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_what_a_guest_adds_waits_and_is_not_searched_before_the_yes(
    moderated: Moderated, run_jobs: Callable[[], None]
) -> None:
    added = moderated.add(moderated.ada, draw_photo(RED))
    moderated.site.jobs.search_photos(moderated.room_id)
    run_jobs()

    assert (added.is_waiting, added.is_duplicate) == (True, False)
    assert (count(Photo), count(WaitingPhoto), count(Face)) == (0, 1, 0)

    assert add_waiting(moderated.host, moderated.site.storage) == 1
    moderated.site.jobs.search_photos(moderated.room_id)
    run_jobs()

    assert (count(Photo), count(WaitingPhoto), count(Face)) == (1, 0, 1)


def test_a_photo_that_waited_is_the_same_as_one_that_was_added_at_once(
    moderated: Moderated,
) -> None:
    content = draw_photo(RED)
    moderated.add(moderated.ada, content, "ada.jpg")
    add_waiting(moderated.host, moderated.site.storage)
    waited, waited_id = photo_as_dict(), db.session.scalars(select(Photo.id)).one()
    deleting.delete_photos(moderated.host, [waited_id], moderated.site.storage)
    moderated.switch(is_moderated=False)
    moderated.add(moderated.ada, content, "ada.jpg")

    own = ("id", "created_at", "moment")
    at_once = photo_as_dict()
    assert {name: waited[name] for name in waited if name not in own} == {
        name: at_once[name] for name in at_once if name not in own
    }


def photo_as_dict() -> dict[str, object]:
    columns = Photo.__table__.columns
    return dict(db.session.execute(select(*columns)).mappings().one())


def test_hosts_and_the_command_line_never_wait(moderated: Moderated) -> None:
    of_host = moderated.add(moderated.host, draw_photo(RED))
    of_command_line = moderated.add(None, draw_photo(BLUE))

    assert not of_host.is_waiting
    assert not of_command_line.is_waiting
    assert (count(Photo), count(WaitingPhoto)) == (2, 0)


def test_the_switch_is_about_later_uploads_only(moderated: Moderated) -> None:
    moderated.switch(is_moderated=False)
    moderated.add(moderated.ada, draw_photo(RED))
    moderated.switch(is_moderated=True)
    moderated.add(moderated.ada, draw_photo(BLUE))
    moderated.switch(is_moderated=False)

    assert (count(Photo), count(WaitingPhoto)) == (1, 1)
    assert waiting.count_waiting(moderated.host) == 1


def test_the_same_bytes_by_the_same_guest_are_here_already(moderated: Moderated) -> None:
    first = moderated.add(moderated.ada, draw_photo(RED))

    again = moderated.add(moderated.ada, draw_photo(RED))

    assert again == AddedPhoto(first.photo_id, is_duplicate=True, is_waiting=True)
    assert count(WaitingPhoto) == 1


def test_only_who_sent_it_is_told_that_a_photo_waits(moderated: Moderated) -> None:
    moderated.add(moderated.ada, draw_photo(RED))
    (sha256,) = moderated.files()
    room_id = moderated.room_id

    assert adding.find_known(room_id, [sha256], moderated.ada.guest.id) == [sha256]
    assert adding.find_known(room_id, [sha256], moderated.bob.guest.id) == []
    assert adding.find_known(room_id, [sha256]) == []
    of_bob = moderated.add(moderated.bob, draw_photo(RED))
    assert (of_bob.is_waiting, of_bob.is_duplicate) == (True, False)


def test_hosts_see_all_that_waits_and_guests_their_own(moderated: Moderated, room_id: int) -> None:
    moderated.add(moderated.ada, draw_photo(RED))
    of_bob = moderated.add(moderated.bob, draw_photo(BLUE)).photo_id
    other = host_access(rooms.create_room("Other").room.id)

    assert [waiting.count_waiting(one) for one in (moderated.host, moderated.ada, other)] == [
        2,
        1,
        0,
    ]
    assert waiting.get_waiting(moderated.bob, of_bob).guest.name == "Bob"
    for access in (moderated.ada, other):
        with pytest.raises(NotFoundError):
            waiting.get_waiting(access, of_bob)
        with pytest.raises(NotFoundError):
            discard_waiting(access, moderated.site.storage, waiting_id=of_bob)
    with pytest.raises(NotAllowedError):
        add_waiting(moderated.bob, moderated.site.storage, waiting_id=of_bob)
    assert count(WaitingPhoto) == 2


def test_a_yes_to_one_ends_the_waiting_of_the_same_photo_of_others(moderated: Moderated) -> None:
    of_ada = moderated.add(moderated.ada, draw_photo(RED)).photo_id
    moderated.add(moderated.bob, draw_photo(RED))

    add_waiting(moderated.host, moderated.site.storage, waiting_id=of_ada)

    assert count(WaitingPhoto) == 0
    assert db.session.scalars(select(Photo.guest_id)).all() == [moderated.ada.guest.id]


def test_a_yes_to_all_makes_one_photo_of_the_same_bytes(moderated: Moderated) -> None:
    moderated.add(moderated.ada, draw_photo(RED))
    moderated.add(moderated.bob, draw_photo(RED))
    moderated.add(moderated.bob, draw_photo(BLUE))

    assert add_waiting(moderated.host, moderated.site.storage) == 2
    assert (count(Photo), count(WaitingPhoto)) == (2, 0)


def test_all_of_a_guest_are_decided_at_once_in_portions(
    moderated: Moderated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "AT_ONCE", 2)
    for seed in range(5):
        moderated.add(moderated.ada, draw_photo(RED, seed=seed))
        moderated.add(moderated.bob, draw_photo(BLUE, seed=seed))
    host, storage = moderated.host, moderated.site.storage

    assert add_waiting(host, storage, guest_id=moderated.ada.guest.id) == 5
    assert discard_waiting(host, storage, guest_id=moderated.bob.guest.id) == 5

    assert count(WaitingPhoto) == 0
    assert set(db.session.scalars(select(Photo.guest_id))) == {moderated.ada.guest.id}
    assert len(moderated.files()) == 5


def test_what_is_refused_leaves_nothing(moderated: Moderated) -> None:
    photo_id = moderated.add(moderated.ada, draw_photo(RED)).photo_id

    discard_waiting(moderated.host, moderated.site.storage, waiting_id=photo_id)

    assert count(WaitingPhoto) == 0
    assert moderated.files() == set()
    with pytest.raises(NotFoundError):
        discard_waiting(moderated.host, moderated.site.storage, waiting_id=photo_id)


def test_files_stay_while_the_same_bytes_wait_from_another_guest(moderated: Moderated) -> None:
    of_ada = moderated.add(moderated.ada, draw_photo(RED)).photo_id
    of_bob = moderated.add(moderated.bob, draw_photo(RED)).photo_id
    storage = moderated.site.storage

    discard_waiting(moderated.ada, storage, waiting_id=of_ada)
    assert len(moderated.files()) == 1
    discard_waiting(moderated.bob, storage, waiting_id=of_bob)

    assert moderated.files() == set()


def test_files_stay_while_the_same_bytes_may_come_back_from_a_deletion(
    moderated: Moderated,
) -> None:
    photo = moderated.add(moderated.host, draw_photo(RED)).photo_id
    storage = moderated.site.storage
    deleting.delete_photos(moderated.host, [photo], storage)
    waits = moderated.add(moderated.ada, draw_photo(RED)).photo_id

    deleting.delete_for_good(storage, Deletion.room_id > 0)
    assert len(moderated.files()) == 1, "it waits"
    discard_waiting(moderated.ada, storage, waiting_id=waits)

    assert moderated.files() == set()


def test_what_a_host_adds_as_well_waits_no_longer(moderated: Moderated) -> None:
    moderated.add(moderated.ada, draw_photo(RED))

    moderated.add(moderated.host, draw_photo(RED))

    assert (count(Photo), count(WaitingPhoto)) == (1, 0)


def test_the_hourly_sweep_keeps_what_waits(moderated: Moderated) -> None:
    moderated.add(moderated.ada, draw_photo(RED))
    before = moderated.files()

    assert leftovers.sweep(moderated.site.storage, older_than=FAR_AHEAD) == 0
    assert moderated.files() == before


def test_what_waits_counts_against_the_limits_of_the_room(moderated: Moderated) -> None:
    moderated.add(moderated.ada, draw_photo(RED))
    settings, size = moderated.site.settings, waiting.measure_queue(moderated.room_id)[1]
    one_photo = replace(settings, max_room_photos=1)
    one_gb = replace(settings, max_room_gb=1)

    adding.check_room_limits(moderated.room_id, GB - size, one_gb)
    with pytest.raises(RoomFullError):
        adding.check_room_limits(moderated.room_id, GB - size + 1, one_gb)
    with pytest.raises(RoomFullError):
        adding.check_room_limits(moderated.room_id, 1, one_photo)


def test_a_failed_commit_takes_no_files_from_what_waits_with_the_same_bytes(
    moderated: Moderated, monkeypatch: pytest.MonkeyPatch
) -> None:
    moderated.add(moderated.ada, draw_photo(RED))
    before = moderated.files()

    def fail(*_: object) -> None:
        raise DiskFullError("full")

    with monkeypatch.context() as patched:
        patched.setattr(db.session, "flush", fail)
        with pytest.raises(DiskFullError):
            moderated.add(moderated.bob, draw_photo(RED))

    assert moderated.files() == before
    assert waiting.count_waiting(moderated.host) == 1


def test_what_was_measured_by_former_rules_is_measured_again(moderated: Moderated) -> None:
    moderated.add(moderated.ada, draw_photo(RED))
    db.session.execute(update(WaitingPhoto).values(cleaning_rules=0))
    db.session.commit()

    add_waiting(moderated.host, moderated.site.storage)

    assert db.session.scalars(select(Photo.crc32)).all() == [None]


def test_the_photos_of_a_guest_who_leaves_go_on_waiting_without_a_name(
    moderated: Moderated,
) -> None:
    moderated.add(moderated.ada, draw_photo(RED))

    guests.leave_room(moderated.ada, moderated.site.storage)

    (photo,) = waiting.list_waiting(moderated.host, 1).items
    assert photo.guest.name == ""


def test_a_page_past_the_end_is_the_last(
    moderated: Moderated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PAGE_SIZE", 2)
    for seed in range(3):
        moderated.add(moderated.ada, draw_photo(RED, seed=seed))

    assert [waiting.list_waiting(moderated.host, page).number for page in (1, 2, 3, 999)] == [
        1,
        2,
        2,
        2,
    ]
    assert waiting.list_waiting(moderated.bob, 5).number == 1


def test_a_lost_file_of_what_waits_is_reported(moderated: Moderated) -> None:
    moderated.add(moderated.ada, draw_photo(RED), "ada.jpg")
    (sha256,) = moderated.files()
    storage = moderated.site.storage
    assert lost_photos.find_missing(storage) == (1, [])

    storage.original(moderated.room_id, sha256).unlink()

    found, missing = lost_photos.find_missing(storage)
    assert (found, [one.file_name for one in missing]) == (1, ["ada.jpg"])


def test_a_deleted_room_takes_what_waits_with_it(moderated: Moderated, app: Flask) -> None:
    moderated.add(moderated.ada, draw_photo(RED))

    rooms.delete_room(moderated.room_id, moderated.site.storage)

    assert count(WaitingPhoto) == 0


def test_a_data_folder_without_its_photos_is_noticed_where_all_of_them_wait(
    moderated: Moderated,
) -> None:
    moderated.add(moderated.ada, draw_photo(RED))
    settings = replace(moderated.site.settings, data=moderated.site.settings.data / "other")

    with pytest.raises(Exception, match="isn't their data folder"):
        _refuse_rows_without_photos(settings)
