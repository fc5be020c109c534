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

from photoshare.models import Room, db

Value = TypeVar("Value")

# Made once: every page and every photo asks.
_REVISION = select(Room.revision).where(Room.id == bindparam("room_id"))


class Shelf(Generic[Value]):
    """A thread-safe cache of the most recently used values.

    Parameters
    ----------
    most : int
        The total weight allowed; the least recently used values go. The newest always stays.
    weigh : callable
        Returns the weight of a value; by default each weighs 1.
    """

    def __init__(self, most: int, weigh: Callable[[Value], int] = lambda _value: 1) -> None:
        self._most, self._weigh = most, weigh
        self._lock = threading.Lock()
        self._values: OrderedDict[tuple[Hashable, ...], tuple[int, Value]] = OrderedDict()
        self._oldest: dict[tuple[Hashable, ...], float] = {}  # stamps, for forgotten rooms
        self._making: dict[tuple[Hashable, ...], threading.Lock] = {}
        _shelves.append(self)

    def find(self, room_id: int, stamp: int, *kind: Hashable) -> Value | None:
        """Return the value kept for a room, if it was made under this stamp."""
        key = (*_address(room_id), *kind)
        with self._lock:
            kept = self._values.get(key)
            if kept is None or kept[0] != stamp:
                return None
            self._values.move_to_end(key)
            return kept[1]

    def find_all(self, room_id: int, stamp: int) -> list[Value]:
        """Return the values of all kinds kept for a room that were made under this stamp."""
        with self._lock:
            keys = self._keys_of(room_id)
            return [self._values[key][1] for key in keys if self._values[key][0] == stamp]

    def keep(self, room_id: int, stamp: int, value: Value, *kind: Hashable) -> None:
        """Replace the kept value by this one, unless it shows data deleted since."""
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
        """Return the kept value, or make it: once, however many threads ask at the same time."""
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
        """Drop everything kept for a room, and refuse values of it older than a stamp."""
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
    for shelf in _shelves:
        shelf.forget(room_id, before=before)


def _address(room_id: int) -> tuple[Hashable, ...]:
    return str(db.engine.url), room_id
