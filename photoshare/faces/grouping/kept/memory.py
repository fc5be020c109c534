"""Keep a room's encodings and their sums in memory from one photo to the next; pure.

A photo adds a few faces to a room of thousands. Copying the encodings of the others, scaling them
to length 1 and adding up those of every person again would cost far more than comparing the new
ones with them.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Keys = NDArray[np.int64]

SPARE = 1.25  # capacity of the array when it has to grow, as a multiple of the rows needed
LENGTH_ERROR = 1e-5  # of encodings of length 1, in single precision


class _Cosines(NamedTuple):
    """Products of pairs of rows."""

    rows: NDArray[np.intp]
    others: NDArray[np.intp]
    products: Floats


class _Sums(NamedTuple):
    """Sums by person, and the person of each row."""

    person_ids: Keys
    people: Keys
    sums: Floats


class FaceMemory:
    """Encodings of length 1, to which rows are only appended, and sums of them.

    Thread-safe. The first n rows stay unchanged for their readers, whatever is appended.

    Parameters
    ----------
    encodings : float32 array of shape (n_faces, size)
        Finite. Scaled to length 1 on first use, unless they have it; zeros stay.
    """

    def __init__(self, encodings: Floats) -> None:
        self._lock = threading.RLock()
        self._encodings = encodings
        self._rows: Floats | None = None
        self._used = len(encodings)
        self._sums: _Sums | None = None
        self._cosines: _Cosines | None = None
        self._kept: object | None = None

    def is_of(self, encodings: Floats) -> bool:
        """Whether these very encodings are the first rows of the memory."""
        owner = encodings if encodings.base is None else encodings.base
        return encodings is self._encodings or owner is self._rows

    def directions(self, count: int) -> Floats:
        """Return the first rows at length 1, of shape (count, size); read-only."""
        with self._lock:
            if self._rows is None:
                self._rows = unit_length(self._encodings)
            return self._rows[:count]

    def extended(self, count: int, new: Floats) -> tuple[FaceMemory, Floats]:
        """Append encodings after the first rows.

        Returns
        -------
        memory : FaceMemory
            This one, unless something else was appended there already.
        directions : float32 array of shape (count + len(new), size)
        """
        with self._lock:
            rows = self.directions(count)
            needed = count + len(new)
            is_free = count == self._used
            whole = self._rows
            if not is_free or whole is None or len(whole) < needed or not whole.flags.writeable:
                whole = np.empty((int(SPARE * needed), new.shape[1]), dtype=np.float32)
                whole[:count] = rows
            whole[count:needed] = unit_length(new)
            memory = self if is_free else FaceMemory(whole[:needed])
            memory._rows, memory._used = whole, needed
            return memory, whole[:needed]

    def take_back(self, count: int) -> None:
        """Erase all rows after the first ones: what was appended is no longer valid."""
        with self._lock:
            if self._rows is not None and self._used > count:
                self._rows[count : self._used] = 0
                self._used = count
                self._sums = self._cosines = self._kept = None

    def exchange_kept(self, kept: object | None) -> object | None:
        """Keep something made of these rows until the next photo; return what was kept before.

        Who takes it has it alone, and finds out whether it is still of use.
        """
        with self._lock:
            before, self._kept = self._kept, kept
            return before

    def cosines(self, rows: NDArray[np.intp], others: NDArray[np.intp]) -> Floats:
        """Return the products of pairs of rows; those that the last ones began with are kept.

        Parameters
        ----------
        rows, others : int arrays of shape (n_pairs,)
        """
        with self._lock:
            directions, kept = self.directions(self._used), self._cosines
            known = 0 if kept is None else len(kept.rows)
            if kept is None or not (
                np.array_equal(kept.rows, rows[:known])
                and np.array_equal(kept.others, others[:known])
            ):
                known, kept = 0, _Cosines(rows[:0], others[:0], np.empty(0, dtype=np.float32))
            new = np.einsum("ij,ij->i", directions[rows[known:]], directions[others[known:]])
            products: Floats = np.concatenate([kept.products, new])
            self._cosines = _Cosines(rows, others, products)
            return products

    def sums_of(self, person_ids: Keys) -> tuple[Keys, Floats]:
        """Add up the directions of every person's rows.

        Only people who gained or lost a row since the last time are added up again.

        Parameters
        ----------
        person_ids : int array of shape (n,)
            Of the first n rows; 0 for no person.

        Returns
        -------
        people : int array of shape (n_people,)
            In ascending order.
        sums : float32 array of shape (n_people, size)
        """
        with self._lock:
            rows, kept = self.directions(len(person_ids)), self._sums
            people = np.unique(person_ids[person_ids > 0])
            sums = np.empty((len(people), rows.shape[1]), dtype=np.float32)
            is_stale = np.ones(len(people), dtype=np.bool_)
            if kept is not None:
                is_stale = np.isin(people, _touched(kept.person_ids, person_ids))
                is_stale |= ~np.isin(people, kept.people)
                sums[~is_stale] = kept.sums[np.searchsorted(kept.people, people[~is_stale])]
            stale = people[is_stale]
            members = np.flatnonzero(np.isin(person_ids, stale))
            targets = np.searchsorted(stale, person_ids[members])
            sums[is_stale] = added_up(rows[members], targets, len(stale))
            self._sums = _Sums(person_ids.copy(), people, sums)
            return people, sums


def unit_length(encodings: Floats) -> Floats:
    """Scale encodings to length 1; return them unchanged if they have it. Zeros stay."""
    squares = np.einsum("ij,ij->i", encodings, encodings)
    if (np.abs(squares - 1) <= LENGTH_ERROR).all():
        return encodings
    lengths = np.maximum(np.sqrt(squares), np.finfo(np.float32).tiny)
    scaled: Floats = (encodings / lengths[:, None]).astype(np.float32, copy=False)
    return scaled


def added_up(rows: Floats, targets: NDArray[np.intp], count: int) -> Floats:
    """Add up the rows that have the same target, 0 to ``count`` - 1."""
    from scipy import sparse  # here, as in `photoshare.faces.likeness`

    ones, starts = np.ones(len(targets), dtype=np.float32), np.arange(len(targets) + 1)
    adder = sparse.csc_array((ones, targets, starts), shape=(count, len(targets)))
    sums: Floats = adder @ rows
    return sums


def _touched(before: Keys, now: Keys) -> Keys:
    """List the people who gained or lost a row."""
    shared = min(len(before), len(now))
    rows = np.flatnonzero(before[:shared] != now[:shared])
    return np.concatenate([before[rows], before[shared:], now[rows], now[shared:]])


class FaceRows:
    """Sums of groups, most of which are a single face's direction, without a copy.

    Parameters
    ----------
    directions : float32 array of shape (n_faces, size)
    faces : int array of shape (n_groups,)
        A face of each group.
    joined : int array of shape (n_joined,)
        The groups of several faces.
    sums : float32 array of shape (n_joined, size)
        The sums of these groups.
    """

    def __init__(
        self, directions: Floats, faces: NDArray[np.intp], joined: NDArray[np.intp], sums: Floats
    ) -> None:
        self._directions, self._faces, self._joined, self._sums = directions, faces, joined, sums
        self._place = np.full(len(faces), -1, dtype=np.intp)
        self._place[joined] = np.arange(len(joined))

    def __getitem__(self, groups: NDArray[np.intp]) -> Floats:
        rows: Floats = self._directions[self._faces[groups]]
        places = self._place[groups]
        is_joined = places >= 0
        rows[is_joined] = self._sums[places[is_joined]]
        return rows

    def dots(self, vectors: Floats) -> Floats:
        """Return the products of vectors, of shape (n, size), with every sum: (n, n_groups)."""
        products: Floats = (vectors @ self._directions.T)[:, self._faces]
        products[:, self._joined] = vectors @ self._sums.T
        return products

    def squares(self) -> Floats:
        """Return the squared length of every group's sum, of shape (n_groups,)."""
        found = np.ones(len(self._faces), dtype=np.float32)
        maybe = np.flatnonzero(self._directions[self._faces, 0] == 0)  # an encoding of zeros
        found[maybe] = self._directions[self._faces[maybe]].any(axis=1)
        found[self._joined] = np.einsum("ij,ij->i", self._sums, self._sums)
        return found
