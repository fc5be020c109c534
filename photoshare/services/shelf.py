"""What is kept in memory of rooms, for as long as it is true.

A value is kept under a stamp that grows with what it was made from, `Room.revision`, read before
the value was made: nobody ever gets a value older than what the database says.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from sqlalchemy import select

from photoshare.models import Room, db

Value = TypeVar("Value")


class Shelf(Generic[Value]):
    """The values that were looked at last; any thread may ask.

    Parameters
    ----------
    most : int
        What all values may weigh together; those unused for longest go. The newest always stays.
    weigh : callable
        Tells what a value weighs; by default each weighs 1.
    """

    def __init__(self, most: int, weigh: Callable[[Value], int] = lambda _value: 1) -> None:
        self._most, self._weigh = most, weigh
        self._lock = threading.Lock()
        self._values: OrderedDict[tuple[Hashable, ...], tuple[int, Value]] = OrderedDict()
        self._oldest: dict[tuple[Hashable, ...], float] = {}  # stamps, of rooms that were forgotten
        self._making: dict[tuple[Hashable, ...], threading.Lock] = {}
        _shelves.append(self)

    def find(self, room_id: int, stamp: int, *kind: Hashable) -> Value | None:
        """Return what is kept of a room, if it was made under this stamp."""
        key = (*_address(room_id), *kind)
        with self._lock:
            kept = self._values.get(key)
            if kept is None or kept[0] != stamp:
                return None
            self._values.move_to_end(key)
            return kept[1]

    def find_all(self, room_id: int, stamp: int) -> list[Value]:
        """Return what is kept of a room, of all kinds, if it was made under this stamp."""
        with self._lock:
            keys = self._keys_of(room_id)
            return [self._values[key][1] for key in keys if self._values[key][0] == stamp]

    def keep(self, room_id: int, stamp: int, value: Value, *kind: Hashable) -> None:
        """Keep a value in place of the former one, unless it shows what was deleted since."""
        key = (*_address(room_id), *kind)
        with self._lock:
            if stamp < self._oldest.get(_address(room_id), stamp):
                return
            self._values[key] = (stamp, value)
            self._values.move_to_end(key)
            weight = sum(self._weigh(kept) for _, kept in self._values.values())
            while weight > self._most and len(self._values) > 1:
                _, (_, dropped) = self._values.popitem(last=False)
                weight -= self._weigh(dropped)

    def load(self, room_id: int, stamp: int, make: Callable[[], Value], *kind: Hashable) -> Value:
        """Return what is kept, or make it: once, however many ask for it at the same time."""
        found = self.find(room_id, stamp, *kind)
        if found is not None:
            return found
        key = (*_address(room_id), *kind)
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        try:
            with making:
                found = self.find(room_id, stamp, *kind)
                if found is None:
                    found = make()
                    self.keep(room_id, stamp, found, *kind)
                return found
        finally:
            with self._lock:
                self._making.pop(key, None)

    def forget(self, room_id: int, *, before: float = 0) -> None:
        """Drop all that is kept of a room, and keep nothing of it any more from before a stamp."""
        with self._lock:
            for key in self._keys_of(room_id):
                del self._values[key]
            if before:
                self._oldest[_address(room_id)] = before

    def _keys_of(self, room_id: int) -> list[tuple[Hashable, ...]]:
        address = _address(room_id)
        return [key for key in self._values if key[: len(address)] == address]


_shelves: list[Shelf[Any]] = []


def current_revision(room_id: int) -> int:
    """Return `Room.revision`, the stamp of what is made from faces and people; 0: no room."""
    return db.session.scalar(select(Room.revision).where(Room.id == room_id)) or 0


def forget_room(room_id: int, *, before: float = 0) -> None:
    """Drop what is kept of a room in which something was deleted: nothing outlives that here.

    Parameters
    ----------
    room_id : int
    before : float
        The revision that the deletion made: what somebody reads at this moment as it was before,
        is not kept either.
    """
    for shelf in _shelves:
        shelf.forget(room_id, before=before)


def _address(room_id: int) -> tuple[Hashable, ...]:
    return str(db.engine.url), room_id
