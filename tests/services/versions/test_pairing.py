"""versions.pairing: what is one photo is found, in any order, and nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from photoshare.db import db
from photoshare.models import LookBand, Photo
from photoshare.services.versions import pairing
from tests.drawn_scenes import TAKEN, as_jpeg, draw_scene, messenger_copy, with_moved_part
from tests.helpers import guest_access, host_access
from tests.services.versions.conftest import become, fronts, kinds, shown

pytestmark = pytest.mark.usefixtures("app_ctx")

Add = Callable[..., int]
Pair = Callable[[int], bool]
SCENE = draw_scene(1)
ORIGINAL = as_jpeg(SCENE, taken=TAKEN)
COPIES = {
    "original.jpg": ORIGINAL,
    "messenger.jpg": messenger_copy(SCENE),
    "small.jpg": messenger_copy(SCENE, side=640, quality=45),
}


@pytest.mark.parametrize("order", list(itertools.permutations(COPIES)))
def test_copies_stand_behind_their_photo_in_whatever_order_they_come(
    room_id: int, add_photo: Add, pair: Pair, order: tuple[str, ...]
) -> None:
    for name in order:
        add_photo(room_id, COPIES[name], name)
        pair(room_id)
    add_photo(room_id, as_jpeg(draw_scene(2), taken=TAKEN), "another.jpg")
    pair(room_id)

    behind = dict.fromkeys(("messenger.jpg", "small.jpg"), "original.jpg")
    assert fronts(room_id) == {"original.jpg": None, "another.jpg": None} | behind
    assert set(kinds(room_id).values()) == {"version"}
    assert sorted(shown(host_access(room_id))) == ["another.jpg", "original.jpg"]


def test_ten_versions_are_one_photo(room_id: int, add_photo: Add, pair: Pair) -> None:
    for number in range(10):
        copy = messenger_copy(SCENE, side=600 + 20 * number, quality=50 + 3 * number)
        add_photo(room_id, copy, f"{number}.jpg", guest_id=guest_access(room_id).guest.id)
    pair(room_id)

    assert list(fronts(room_id).values()).count(None) == 1
    assert shown(host_access(room_id)) == ["9.jpg"]  # with the most pixels


def test_a_photo_saved_again_stands_behind_the_one_with_its_metadata(
    room_id: int, add_photo: Add, pair: Pair
) -> None:
    add_photo(room_id, as_jpeg(SCENE, quality=92), "saved-again.jpg")
    add_photo(room_id, ORIGINAL, "original.jpg")
    pair(room_id)

    assert fronts(room_id) == {"saved-again.jpg": "original.jpg", "original.jpg": None}


def test_two_shots_of_a_tripod_are_two_photos(room_id: int, add_photo: Add, pair: Pair) -> None:
    later = as_jpeg(SCENE, taken=TAKEN + timedelta(seconds=9), note="the same scene")
    add_photo(room_id, ORIGINAL, "first.jpg")
    add_photo(room_id, messenger_copy(SCENE), "copy.jpg")
    add_photo(room_id, later, "second.jpg")
    pair(room_id)

    found = fronts(room_id)
    assert found["first.jpg"] is None
    assert found["second.jpg"] is None
    assert found["copy.jpg"] == "first.jpg"


def test_a_burst_is_one_and_what_the_camera_took_later_is_not(
    room_id: int, add_photo: Add, pair: Pair
) -> None:
    moves = {0: SCENE, 1: with_moved_part(SCENE, 5), 8: with_moved_part(SCENE, 6)}
    for seconds, scene in moves.items():
        content = as_jpeg(scene, taken=TAKEN + timedelta(seconds=seconds))
        become(add_photo(room_id, content, f"{seconds}.jpg"), camera="Pear 12")
    other = as_jpeg(with_moved_part(SCENE, 9), taken=TAKEN)
    become(add_photo(room_id, other, "other-camera.jpg"), camera="Plum 9")
    pair(room_id)

    found = fronts(room_id)
    assert {found["0.jpg"], found["1.jpg"]} in ({None, "0.jpg"}, {None, "1.jpg"})
    assert found["8.jpg"] is None
    assert found["other-camera.jpg"] is None


@pytest.mark.parametrize("is_movie_first", [True, False])
def test_a_live_photo_is_one_by_its_content_id(
    room_id: int, add_photo: Add, pair: Pair, is_movie_first: bool
) -> None:
    still = as_jpeg(SCENE, taken=TAKEN, content_id="AAAA-1")

    def add_movie() -> None:
        movie = add_photo(room_id, as_jpeg(draw_scene(3)), "renamed.mov")
        become(movie, image_format="MOV", duration_ms=2900, content_id="AAAA-1")

    if is_movie_first:
        add_movie()
        pair(room_id)
    photo_id = add_photo(room_id, still, "IMG_1.HEIC")
    if not is_movie_first:
        pair(room_id)
        add_movie()
    pair(room_id)

    assert db.session.get_one(Photo, photo_id).content_id == "AAAA-1"
    assert fronts(room_id) == {"IMG_1.HEIC": None, "renamed.mov": "IMG_1.HEIC"}
    assert kinds(room_id) == {"renamed.mov": "movie"}


@pytest.mark.parametrize(
    ("change", "is_one"),
    [
        ({}, True),
        ({"duration_ms": 30_000}, False),
        ({"file_name": "IMG_2.MOV"}, False),
        ({"image_format": "MP4"}, False),
        ({"content_id": "BBBB-2"}, False),
        ({"guest_id": None}, False),
    ],
)
def test_without_a_content_id_the_name_and_time_tell(
    room_id: int, add_photo: Add, pair: Pair, change: dict[str, object], is_one: bool
) -> None:
    guest_id = guest_access(room_id).guest.id
    still = as_jpeg(SCENE, taken=TAKEN, content_id="AAAA-1")
    add_photo(room_id, still, "IMG_1.HEIC", guest_id=guest_id)
    movie = add_photo(room_id, as_jpeg(draw_scene(3)), "img_1.mov", guest_id=guest_id)
    become(movie, **({"image_format": "MOV", "duration_ms": 2900} | change))
    pair(room_id)

    behind = db.session.scalar(select(Photo.behind_as).where(Photo.id == movie))
    assert behind == ("movie" if is_one else None)


@pytest.mark.parametrize("seconds", [0, 1, 30])
def test_a_raw_file_stands_behind_its_jpeg_of_the_same_moment(
    room_id: int, add_photo: Add, pair: Pair, seconds: int
) -> None:
    raw = as_jpeg(draw_scene(4), taken=TAKEN + timedelta(seconds=seconds))
    become(add_photo(room_id, raw, "DSC_7.NEF"), image_format="NEF")
    add_photo(room_id, as_jpeg(draw_scene(5, width=600), taken=TAKEN), "dsc_7.jpg")
    pair(room_id)

    is_one = seconds <= 2
    assert fronts(room_id) == {"dsc_7.jpg": None, "DSC_7.NEF": "dsc_7.jpg" if is_one else None}
    assert kinds(room_id) == ({"DSC_7.NEF": "raw"} if is_one else {})


def test_a_copy_of_a_live_photo_comes_behind_with_its_movie(
    room_id: int, add_photo: Add, pair: Pair
) -> None:
    add_photo(room_id, COPIES["messenger.jpg"], "messenger.jpg")
    add_photo(room_id, as_jpeg(SCENE, taken=TAKEN, content_id="AAAA-1"), "still.jpg")
    movie = add_photo(room_id, as_jpeg(draw_scene(3)), "movie.mov")
    become(movie, image_format="MOV", duration_ms=2900, content_id="AAAA-1")
    pair(room_id)

    assert fronts(room_id) == {
        "still.jpg": None,
        "messenger.jpg": "still.jpg",
        "movie.mov": "still.jpg",
    }
    assert kinds(room_id) == {"messenger.jpg": "version", "movie.mov": "movie"}


def test_a_stop_in_between_loses_nothing_and_a_second_run_changes_nothing(
    room_id: int, add_photo: Add, pair: Pair, site: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in COPIES.items():
        add_photo(room_id, content, name)
    before = pairing._write

    def die(*arguments: object, **values: object) -> None:
        monkeypatch.setattr(pairing, "_write", before)
        raise RuntimeError("killed")

    assert not pairing.pair_photos(
        room_id,
        site.storage,  # type: ignore[attr-defined]
        is_stopping=lambda: False,
        at_most=1,
    )
    monkeypatch.setattr(pairing, "_write", die)
    with pytest.raises(RuntimeError):
        pair(room_id)
    assert list(fronts(room_id).values()) == [None] * 3

    assert pair(room_id)
    once = fronts(room_id)
    assert list(once.values()).count("original.jpg") == 2
    db.session.execute(update(Photo).values(paired_by=None))
    db.session.commit()
    pair(room_id)
    assert fronts(room_id) == once
    assert db.session.scalar(select(func.count()).select_from(LookBand)) == 3 * 16


def test_a_photo_that_came_before_looks_were_kept_gets_one(
    room_id: int, add_photo: Add, pair: Pair
) -> None:
    old = add_photo(room_id, ORIGINAL, "old.jpg")
    look = db.session.get_one(Photo, old).look
    become(old, look=None)
    add_photo(room_id, COPIES["messenger.jpg"], "new.jpg")
    pair(room_id)

    assert fronts(room_id)["new.jpg"] == "old.jpg"
    found = db.session.get_one(Photo, old).look
    assert found is not None
    assert look is not None
    assert sum((one ^ two).bit_count() for one, two in zip(found, look, strict=True)) <= 8


def test_the_photos_of_another_room_are_never_compared(
    room_id: int, add_photo: Add, pair: Pair
) -> None:
    from photoshare.services.rooms import rooms

    elsewhere = rooms.create_room("Elsewhere").room.id
    add_photo(elsewhere, ORIGINAL, "original.jpg")
    add_photo(room_id, COPIES["messenger.jpg"], "copy.jpg")
    pair(room_id)
    pair(elsewhere)

    assert fronts(room_id) == {"copy.jpg": None}


def test_what_cannot_be_read_does_not_stop_the_others(
    room_id: int, add_photo: Add, pair: Pair, site: object
) -> None:
    broken = add_photo(room_id, as_jpeg(draw_scene(8)), "broken.jpg")
    sha256 = db.session.get_one(Photo, broken).sha256
    site.storage.derivative(room_id, sha256, "320.webp").write_bytes(b"RIFF")  # type: ignore[attr-defined]
    for name, content in COPIES.items():
        add_photo(room_id, content, name)

    assert pair(room_id)
    assert list(fronts(room_id).values()).count("original.jpg") == 2
