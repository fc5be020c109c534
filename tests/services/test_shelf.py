"""photoshare.services.shelf: the cache of rooms."""

from __future__ import annotations

import threading

import pytest
from flask import Flask

from photoshare.services.shelf import Shelf, forget_room

pytestmark = pytest.mark.usefixtures("app_ctx")


def test_a_value_is_made_once_for_a_stamp() -> None:
    shelf: Shelf[list[int]] = Shelf(9)

    first = shelf.load(1, 1, lambda: [1])
    again = shelf.load(1, 1, lambda: [2])
    later = shelf.load(1, 2, lambda: [3])

    assert (first, again, later) == ([1], [1], [3])
    assert shelf.find(1, 1) is None


def test_kinds_and_rooms_are_kept_apart() -> None:
    shelf: Shelf[str] = Shelf(9)
    shelf.keep(1, 0, "guest", False)
    shelf.keep(1, 0, "host", True)
    shelf.keep(2, 0, "other", True)

    assert [shelf.find(1, 0, False), shelf.find(1, 0, True)] == ["guest", "host"]
    forget_room(1)
    assert [shelf.find(1, 0, False), shelf.find(1, 0, True)] == [None, None]
    assert shelf.find(2, 0, True) == "other"


def test_what_is_being_read_while_something_is_deleted_is_not_kept() -> None:
    shelf: Shelf[str] = Shelf(9)

    def read() -> str:
        forget_room(1, before=6)
        return "deleted"

    assert shelf.load(1, 5, read) == "deleted"
    assert shelf.find_all(1, 5) == []
    assert shelf.load(1, 6, lambda: "what is left") == "what is left"
    assert shelf.find_all(1, 6) == ["what is left"]


def test_what_was_not_looked_at_for_longest_goes_first() -> None:
    shelf: Shelf[str] = Shelf(6, len)
    shelf.keep(1, 0, "aaa")
    shelf.keep(2, 0, "bbb")
    shelf.find(1, 0)
    shelf.keep(3, 0, "c")

    assert [shelf.find(room, 0) for room in (1, 2, 3)] == ["aaa", None, "c"]


def test_the_newest_stays_however_large_it_is() -> None:
    shelf: Shelf[str] = Shelf(2, len)
    shelf.keep(1, 0, "a")
    shelf.keep(2, 0, "very large")

    assert [shelf.find(1, 0), shelf.find(2, 0)] == [None, "very large"]


def test_many_who_ask_at_once_wait_for_one(app: Flask) -> None:
    shelf: Shelf[int] = Shelf(9)
    made: list[int] = []
    is_asked, may_end = threading.Event(), threading.Event()

    def make() -> int:
        is_asked.set()
        assert may_end.wait(30)
        made.append(1)
        return len(made)

    def ask() -> None:
        with app.app_context():
            shelf.load(1, 0, make)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert is_asked.wait(30)
    may_end.set()
    for thread in threads:
        thread.join()

    assert made == [1]


def test_a_value_that_cannot_be_made_is_tried_again() -> None:
    shelf: Shelf[int] = Shelf(9)

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        shelf.load(1, 0, fail)
    assert shelf.load(1, 0, lambda: 7) == 7
