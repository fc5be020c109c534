"""photos.photos: the order of an album, its pages, the neighbours of a photo."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete

from photoshare.db import db
from photoshare.models import PHOTO_WAITING, Photo
from photoshare.services.photos import listing
from photoshare.services.photos.albums import Album, Order, WholeRoom, open_album
from photoshare.services.photos.listing import PAGE_SIZE, cursor_of
from tests.helpers import counted_queries, host_access, insert_person, insert_photos

pytestmark = pytest.mark.usefixtures("app_ctx")


def test_an_album_lists_the_oldest_upload_first(app: Flask, room_id: int) -> None:
    ids = insert_photos(app, room_id, 3)

    page = listing.list_photos(WholeRoom(room_id))

    assert [photo.id for photo in page.photos] == ids
    assert (page.count, page.has_previous, page.has_next) == (3, False, False)


def test_an_album_tells_its_story_by_capture_time_then_by_upload(app: Flask, room_id: int) -> None:
    noon = datetime(2026, 7, 4, 12)

    def insert(seed: str, captured_at: datetime | None, created_at: datetime) -> int:
        values = {"captured_at": captured_at, "created_at": created_at.replace(tzinfo=UTC)}
        return insert_photos(app, room_id, 1, seed=seed, **values)[0]

    dinner = insert("a", noon + timedelta(hours=7), noon + timedelta(days=1))
    unknown = insert("b", None, noon + timedelta(hours=3))  # sorted by its upload
    morning = insert("c", noon - timedelta(hours=3), noon + timedelta(days=2))
    burst = insert("d", noon, noon + timedelta(days=1))
    burst_too = insert("e", noon, noon)
    in_order = [morning, burst, burst_too, unknown, dinner]

    album, room = WholeRoom(room_id), WholeRoom(room_id, order=Order.NEWEST)

    assert [photo.id for photo in listing.list_photos(album).photos] == in_order
    assert [photo.id for photo in listing.list_photos(room).photos] == in_order[::-1]
    for before, here, after in zip(in_order, in_order[1:], in_order[2:], strict=False):
        assert neighbours(album, here) == (before, after)
        assert neighbours(room, here) == (after, before)
    assert neighbours(album, in_order[0]) == (None, in_order[1])
    assert neighbours(album, in_order[-1]) == (in_order[-2], None)


def neighbours(album: Album, photo_id: int) -> tuple[int | None, int | None]:
    found = listing.find_neighbours(album, listing.get_photo(host_access(album.room_id), photo_id))
    return found.previous_id, found.next_id


def page_ids(page: listing.PhotoPage) -> list[int]:
    return [photo.id for photo in page.photos]


@pytest.mark.parametrize("order", [Order.OLDEST, Order.NEWEST])
def test_the_pages_hold_every_photo_once_forwards_and_backwards(
    app: Flask, room_id: int, order: Order
) -> None:
    ids = insert_photos(app, room_id, 2 * PAGE_SIZE + 1)
    album = WholeRoom(room_id, order=order)
    if order is Order.NEWEST:
        ids.reverse()

    first = listing.list_photos(album)
    second = listing.list_photos(album, after=cursor_of(first.photos[-1], album))
    third = listing.list_photos(album, after=cursor_of(second.photos[-1], album))
    back = listing.list_photos(album, before=cursor_of(third.photos[0], album))
    start = listing.list_photos(album, before=cursor_of(back.photos[0], album))

    assert page_ids(first) + page_ids(second) + page_ids(third) == ids
    assert page_ids(back) == page_ids(second)
    assert page_ids(start) == page_ids(first)
    pages = (first, second, third, back, start)
    assert [page.has_next for page in pages] == [True, True, False, True, True]
    assert [page.has_previous for page in pages] == [False, True, True, True, False]
    assert {page.count for page in pages} == {2 * PAGE_SIZE + 1}


def test_photos_that_come_and_go_meanwhile_shift_no_page(app: Flask, room_id: int) -> None:
    ids = insert_photos(app, room_id, PAGE_SIZE + 3)
    album = WholeRoom(room_id, order=Order.NEWEST)
    first = listing.list_photos(album)
    last = cursor_of(first.photos[-1], album)
    insert_photos(app, room_id, 5, seed="new")
    db.session.execute(delete(Photo).where(Photo.id.in_([ids[-1], ids[3], ids[0]])))
    db.session.commit()

    second = listing.list_photos(album, after=last)

    assert page_ids(second) == [ids[2], ids[1]]


def test_a_full_last_page_has_no_next(app: Flask, room_id: int) -> None:
    insert_photos(app, room_id, PAGE_SIZE)

    assert not listing.list_photos(WholeRoom(room_id)).has_next


def test_a_page_in_front_of_a_photo_holds_no_other(app: Flask, room_id: int) -> None:
    ids, album = insert_photos(app, room_id, 5), WholeRoom(room_id)
    cursor = cursor_of(listing.get_photo(host_access(room_id), ids[2]), album)

    page = listing.list_photos(album, before=cursor)

    assert page_ids(page) == ids[:2]
    assert (page.has_previous, page.has_next) == (False, True)


@pytest.mark.parametrize("order", [Order.OLDEST, Order.NEWEST])
def test_a_page_begins_at_a_photo_or_where_it_was(app: Flask, room_id: int, order: Order) -> None:
    ids = insert_photos(app, room_id, 5)
    album = WholeRoom(room_id, order=order)
    cursor = cursor_of(listing.get_photo(host_access(room_id), ids[2]), album)
    in_order = ids[::-1] if order is Order.NEWEST else ids

    page = listing.list_photos(album, at=cursor)
    db.session.execute(delete(Photo).where(Photo.id == ids[2]))
    db.session.commit()
    without_it = listing.list_photos(album, at=cursor)

    assert page_ids(page) == in_order[2:]
    assert page_ids(without_it) == in_order[3:]
    assert page.has_previous
    assert without_it.has_previous


def test_an_empty_album_has_one_empty_page(room_id: int) -> None:
    assert listing.list_photos(WholeRoom(room_id)).photos == []


def test_the_albums_divide_the_photos(app: Flask, room_id: int) -> None:
    with_lea, with_both, with_nobody = insert_photos(app, room_id, 3)
    (waiting,) = insert_photos(app, room_id, 1, state=PHOTO_WAITING, sha256="f" * 64)
    lea = insert_person(app, room_id, [with_lea, with_both], "Lea")
    tom = insert_person(app, room_id, [with_both], "Tom")

    def ids(**which: Any) -> list[int]:
        album = open_album(host_access(room_id), **which)
        return sorted(photo.id for photo in listing.list_photos(album).photos)

    assert ids() == [with_lea, with_both, with_nobody, waiting]
    assert ids(person_id=lea) == [with_lea, with_both]
    assert ids(person_id=tom) == [with_both]
    assert ids(is_without_faces=True) == [with_nobody]
    assert ids(people=(lea, tom)) == [with_lea, with_both]
    assert ids(people=(lea, tom), is_together=True) == [with_both]
    assert ids(photo_ids=(with_nobody, with_lea)) == [with_lea, with_nobody]


def test_neighbours_are_those_of_the_album(app: Flask, room_id: int) -> None:
    first, second, third = insert_photos(app, room_id, 3)
    lea = insert_person(app, room_id, [first, third], "Lea")

    album = open_album(host_access(room_id), person_id=lea)

    assert neighbours(WholeRoom(room_id), second) == (first, third)
    assert neighbours(album, first) == (None, third)


def test_most_hearts_come_first_then_the_newest(app: Flask, room_id: int) -> None:
    ids = insert_hearts(app, room_id, (0, 2, 1, 2, 0))
    album = open_album(host_access(room_id), order=Order.HEARTS)
    in_order = [ids[index] for index in (3, 1, 2, 4, 0)]

    photos = [listing.get_photo(host_access(room_id), photo_id) for photo_id in in_order]

    assert page_ids(listing.list_photos(album)) == in_order
    positions = [listing.find_position(album, photo).number for photo in photos]
    assert positions == [1, 2, 3, 4, 5]
    assert listing.find_position(album, photos[-1]).first_id == in_order[0]
    found = [neighbours(album, photo_id) for photo_id in in_order]
    assert found == list(zip([None, *in_order], [*in_order[1:], None], strict=False))


def insert_hearts(app: Flask, room_id: int, counts: Sequence[int]) -> list[int]:
    """Insert photos with so many hearts each."""
    seeds = enumerate(counts)
    return [insert_photos(app, room_id, 1, seed=f"{n}", heart_count=it)[0] for n, it in seeds]


def test_the_pages_by_hearts_hold_every_photo_once(app: Flask, room_id: int) -> None:
    ids = insert_hearts(app, room_id, [index % 4 for index in range(10)])
    album = open_album(host_access(room_id), order=Order.HEARTS)
    pages, size = [listing.list_photos(album, size=3)], 3

    while pages[-1].has_next:
        cursor = cursor_of(pages[-1].photos[-1], album)
        pages.append(listing.list_photos(album, after=cursor, size=size))
    back = listing.list_photos(album, before=cursor_of(pages[2].photos[0], album), size=size)

    shown = [photo_id for page in pages for photo_id in page_ids(page)]
    assert sorted(shown) == ids
    assert page_ids(listing.list_photos(album)) == shown
    assert page_ids(back) == page_ids(pages[1])
    assert (back.has_previous, back.has_next, back.count) == (True, True, 10)
    assert page_ids(listing.list_photos(album, at="20260704T120000000000-3")) == shown


@pytest.mark.sqlite
def test_a_page_by_hearts_is_read_from_its_index(app: Flask, room_id: int) -> None:
    ids = insert_hearts(app, room_id, (0, 1, 2))
    album = open_album(host_access(room_id), order=Order.HEARTS)
    photo = listing.get_photo(host_access(room_id), ids[1])
    cursor = cursor_of(photo, album)

    with counted_queries(app) as statements:
        listing.list_photos(album, after=cursor)
        listing.list_photos(album, before=cursor)
        listing.list_photos(album, at=cursor)
        listing.find_neighbours(album, photo)
        listing.find_position(album, photo)
    ordered = [query for query in statements if "ORDER BY photo.heart_count" in query]
    plans = [explain(query) for query in ordered]

    assert len(plans) == 6 + 2 + 1
    assert all("ix_photo_room_id_hearts (room_id=?" in plan for plan in plans), plans
    assert not any("TEMP B-TREE" in plan for plan in plans), plans


def explain(query: str) -> str:
    rows = db.session.connection().exec_driver_sql(
        f"EXPLAIN QUERY PLAN {query}", (1,) * query.count("?")
    )
    return " | ".join(row[3] for row in rows)


def test_hearts_order_nothing_where_the_host_switched_them_off(app: Flask, room_id: int) -> None:
    ids = insert_hearts(app, room_id, (1, 0))
    access = host_access(room_id)
    access.room.has_hearts = False

    album = open_album(access, order=Order.HEARTS)

    assert page_ids(listing.list_photos(album)) == ids[::-1]
