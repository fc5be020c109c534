"""What is kept in memory of rooms, for as long as it is true.

A value is kept under a stamp that changes with what it was made from, `Room.revision` for one, read
before the value was made: nobody ever gets a value older than what the database says.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from sqlalchemy import select

from photoshare.db import db
from photoshare.models import Room

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
        self._values: OrderedDict[tuple[Hashable, ...], tuple[Hashable, Value]] = OrderedDict()
        self._making: dict[tuple[Hashable, ...], threading.Lock] = {}
        _shelves.append(self)

    def find(self, room_id: int, stamp: Hashable, *kind: Hashable) -> Value | None:
        """Return what is kept of a room, if it was made under this stamp."""
        key = (*_address(room_id), *kind)
        with self._lock:
            kept_stamp, value = self._values.get(key, (None, None))
            if value is None or kept_stamp != stamp:
                return None
            self._values.move_to_end(key)
            return value

    def keep(self, room_id: int, stamp: Hashable, value: Value, *kind: Hashable) -> None:
        """Keep a value in place of the former one."""
        key = (*_address(room_id), *kind)
        with self._lock:
            self._values[key] = (stamp, value)
            self._values.move_to_end(key)
            weight = sum(self._weigh(kept) for _, kept in self._values.values())
            while weight > self._most and len(self._values) > 1:
                _, (_, dropped) = self._values.popitem(last=False)
                weight -= self._weigh(dropped)

    def load(
        self, room_id: int, stamp: Hashable, make: Callable[[], Value], *kind: Hashable
    ) -> Value:
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

    def forget(self, room_id: int) -> None:
        """Drop all that is kept of a room."""
        address = _address(room_id)
        with self._lock:
            for key in [key for key in self._values if key[: len(address)] == address]:
                del self._values[key]


_shelves: list[Shelf[Any]] = []


def current_revision(room_id: int) -> int:
    """Return `Room.revision`, the stamp of what is made from faces and people; 0: no room."""
    return db.session.scalar(select(Room.revision).where(Room.id == room_id)) or 0


def forget_room(room_id: int) -> None:
    """Drop what is kept of a room that is deleted: neither names nor encodings outlive it."""
    for shelf in _shelves:
        shelf.forget(room_id)


def _address(room_id: int) -> tuple[Hashable, ...]:
    return str(db.engine.url), room_id
