"""Cache values of rooms in memory for as long as they are current.

A value is kept under a stamp that grows with its source, `Room.revision`, read before the value was
made: a value is never older than the state of the database that the reader has seen.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from sqlalchemy import bindparam, select

from photoshare.db import db, of_app
from photoshare.models import Room

Value = TypeVar("Value")
Key = tuple[Hashable, ...]  # a room's id, and the kind of value

EXTENSION = "photoshare.shelves"  # key in app.extensions


class Shelves:
    """The values that one app keeps, made by its factory; thread-safe."""

    def __init__(self) -> None:
        self._kept: dict[Shelf[Any], _Kept] = {}
        self._oldest: dict[int, float] = {}  # stamps, for forgotten rooms

    def of(self, shelf: Shelf[Any]) -> _Kept:
        """Return the values on a shelf."""
        return self._kept.setdefault(shelf, _Kept())

    def is_outdated(self, room_id: int, stamp: int) -> bool:
        """Whether a value made under this stamp may show data deleted since."""
        return stamp < self._oldest.get(room_id, stamp)

    def forget(self, room_id: int, *, before: float) -> None:
        """Drop everything kept for a room, and refuse values of it older than a stamp."""
        if before:
            self._oldest[room_id] = before  # first: what is put on a shelf from now on is refused
        for kept in list(self._kept.values()):
            kept.forget(room_id)


class _Kept:
    """The values of one shelf in one app."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.values: OrderedDict[Key, tuple[int, Any]] = OrderedDict()
        self.making: dict[Key, threading.Lock] = {}

    def forget(self, room_id: int) -> None:
        """Drop everything kept for a room."""
        with self.lock:
            for key in [key for key in self.values if key[0] == room_id]:
                del self.values[key]


# Made once: every page and every photo asks.
_REVISION = select(Room.revision).where(Room.id == bindparam("room_id"))


class Shelf(Generic[Value]):
    """A thread-safe cache of the most recently used values, one in every app.

    Holds nothing itself: the values are with the running app, as the session of `db` is. All
    methods need an app context.

    Parameters
    ----------
    most : int
        The total weight allowed; the least recently used values go. The newest always stays.
    weigh : callable
        Returns the weight of a value; by default each weighs 1.
    """

    def __init__(self, most: int, weigh: Callable[[Value], int] = lambda _value: 1) -> None:
        self._most, self._weigh = most, weigh

    def find(self, room_id: int, stamp: int, *kind: Hashable) -> Value | None:
        """Return the value kept for a room, if it was made under this stamp."""
        key, here = (room_id, *kind), self._here()
        with here.lock:
            kept = here.values.get(key)
            if kept is None or kept[0] != stamp:
                return None
            here.values.move_to_end(key)
            found: Value = kept[1]
            return found

    def find_all(self, room_id: int, stamp: int) -> list[Value]:
        """Return the values of all kinds kept for a room that were made under this stamp."""
        here = self._here()
        with here.lock:
            return [
                value
                for key, (made, value) in here.values.items()
                if key[0] == room_id and made == stamp
            ]

    def keep(self, room_id: int, stamp: int, value: Value, *kind: Hashable) -> None:
        """Replace the kept value by this one, unless it shows data deleted since."""
        key, here = (room_id, *kind), self._here()
        with here.lock:
            if _shelves().is_outdated(room_id, stamp):
                return
            here.values[key] = (stamp, value)
            here.values.move_to_end(key)
            weight = sum(self._weigh(kept) for _, kept in here.values.values())
            while weight > self._most and len(here.values) > 1:
                _, (_, dropped) = here.values.popitem(last=False)
                weight -= self._weigh(dropped)

    def load(self, room_id: int, stamp: int, make: Callable[[], Value], *kind: Hashable) -> Value:
        """Return the kept value, or make it: once, however many threads ask at the same time."""
        found = self.find(room_id, stamp, *kind)
        if found is not None:
            return found
        key, here = (room_id, *kind), self._here()
        with here.lock:
            making = here.making.setdefault(key, threading.Lock())
        try:
            with making:
                found = self.find(room_id, stamp, *kind)
                if found is None:
                    found = make()
                    self.keep(room_id, stamp, found, *kind)
                return found
        finally:
            with here.lock:
                here.making.pop(key, None)

    def forget(self, room_id: int) -> None:
        """Drop everything that this shelf keeps for a room."""
        self._here().forget(room_id)

    def _here(self) -> _Kept:
        return _shelves().of(self)


def _shelves() -> Shelves:
    shelves: Shelves = of_app(EXTENSION)
    return shelves


def current_revision(room_id: int) -> int:
    """Return `Room.revision`, the stamp of values made from faces and people; 0: no room."""
    return db.session.scalar(_REVISION, {"room_id": room_id}) or 0


def forget_room(room_id: int, *, before: float = 0) -> None:
    """Drop everything kept for a room after a deletion, so that nothing deleted stays in memory.

    Parameters
    ----------
    room_id : int
    before : float
        The revision that the deletion made: values that are just being read from an older state
        are not kept either.
    """
    _shelves().forget(room_id, before=before)
