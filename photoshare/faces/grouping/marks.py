"""Keep clusters apart regardless of likeness, by marks that exclude one another; pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]
Values = NDArray[np.int64]

NO_ENEMIES: Values = np.empty((0, 2), dtype=np.int64)
NO_ENEMIES.flags.writeable = False


class MarkTable(NamedTuple):
    """The marks of some clusters, one cluster after the other.

    Attributes
    ----------
    starts : int array of shape (n + 1,)
        Where the marks of each cluster begin, and where the last ones end.
    values : int array
        A mark for every face that has it: at least 0 is a scene, below 0 a link. A cluster of
        linked faces may have one several times.
    """

    starts: Rows
    values: Values

    def lookup(self, rows: Rows) -> MarkTable:
        """Return the marks of some clusters."""
        firsts = self.starts[rows]
        counts = self.starts[rows + 1] - firsts
        starts = starts_of(counts)
        places = np.arange(starts[-1]) + np.repeat(firsts - starts[:-1], counts)
        return MarkTable(starts, self.values[places])

    @property
    def owners(self) -> Rows:
        """The row of each mark."""
        rows = np.arange(len(self.starts) - 1)
        if len(rows) == len(self.values):  # every cluster has one, which is the usual case
            return rows
        return np.repeat(rows, np.diff(self.starts))


class MarkSource(Protocol):
    """Whatever knows the marks of clusters."""

    def lookup(self, rows: Rows) -> MarkTable:
        """Return the marks of some clusters, in the order of ``rows``."""
        ...


class Marks:
    """The marks of clusters: the scenes of their faces, and their links.

    Parameters
    ----------
    source : MarkSource
        Of all clusters.
    enemies : int array of shape (n_pairs, 2)
        Links that exclude each other, both ways round, in ascending order. A scene excludes itself.
    rows : int array of shape (n,), optional
        The clusters in question; all of a `MarkTable` by default. Looked up only on use.
    """

    def __init__(
        self, source: MarkSource, enemies: Values = NO_ENEMIES, rows: Rows | None = None
    ) -> None:
        self._source, self._enemies, self._rows = source, enemies, rows

    @cached_property
    def table(self) -> MarkTable:
        """The marks of the clusters in question."""
        if self._rows is not None:
            return self._source.lookup(self._rows)
        if isinstance(self._source, MarkTable):
            return self._source
        raise TypeError("only a table has the marks of all clusters")

    @cached_property
    def owners(self) -> Rows:
        """The row of each mark."""
        return self.table.owners

    def subset(self, rows: Rows) -> Marks:
        """Return the marks of some of the clusters."""
        whose = rows if self._rows is None else self._rows[rows]
        return Marks(self._source, self._enemies, whose)

    def joined(self, targets: Rows, count: int) -> Marks:
        """Put the marks of clusters with the same target, 0 to ``count`` - 1, together."""
        return Marks(marks_of(targets[self.owners], self.table.values, count), self._enemies)

    def followed_by(self, others: Marks, count: int, more: int) -> Marks:
        """Append the marks of ``more`` other clusters to those of ``count``."""
        return Marks(_Both(self, others, count), self._enemies, np.arange(count + more))

    def walls(self, others: Marks) -> tuple[Rows, Rows]:
        """List the clusters, and those of the others, that have marks which exclude each other."""
        owners, excluded = self._excluded()
        matches, found = pairs_of_equals(excluded, others.table.values)
        return owners[matches], others.owners[found]

    def are_walled(self, rows: Rows, others: Marks, columns: Rows) -> NDArray[np.bool_]:
        """Whether marks keep pairs apart: clusters of these rows, and columns of the others."""
        mine, rows = _numbered(rows)
        theirs, columns = _numbered(columns)
        ones, walled = self.subset(mine).walls(others.subset(theirs))
        if len(ones) == 0:
            return np.zeros(len(rows), dtype=np.bool_)
        walls = np.sort(ones * len(theirs) + walled)
        pairs = rows * len(theirs) + columns
        is_walled: NDArray[np.bool_] = np.append(walls, -1)[np.searchsorted(walls, pairs)] == pairs
        return is_walled

    def meetings(self) -> NDArray[np.int64]:
        """Count the pairs of marks in each cluster, of shape (n,), that exclude each other.

        Every face has one scene mark, which excludes itself, and so always counts as one.
        """
        owners, excluded = self._excluded()
        known, numbers = np.unique(
            np.concatenate([self.table.values, excluded]), return_inverse=True
        )
        keys = np.concatenate([self.owners, owners]) * len(known) + numbers
        count = len(self.table.values)
        matches, _ = pairs_of_equals(keys[count:], keys[:count])
        return np.bincount(owners[matches], minlength=len(self.table.starts) - 1)

    def _excluded(self) -> tuple[Rows, Values]:
        """List what excludes each cluster: the row, and the mark of others."""
        owners, values = self.owners, self.table.values
        if len(self._enemies) == 0:
            is_scene = values >= 0
            return (owners, values) if is_scene.all() else (owners[is_scene], values[is_scene])
        links, enemies = pairs_of_equals(values, self._enemies[:, 0])
        is_scene = values >= 0
        return (
            np.concatenate([owners[is_scene], owners[links]]),
            np.concatenate([values[is_scene], self._enemies[enemies, 1]]),
        )


@dataclass(frozen=True, slots=True)
class _Both:
    """The marks of some clusters, then of others, looked up on use."""

    some: Marks
    others: Marks
    count: int  # of the first ones

    def lookup(self, rows: Rows) -> MarkTable:
        """Return the marks of some clusters, in ascending order."""
        split = int(np.searchsorted(rows, self.count))
        one = self.some.subset(rows[:split]).table
        other = self.others.subset(rows[split:] - self.count).table
        starts = np.concatenate([one.starts, one.starts[-1] + other.starts[1:]])
        return MarkTable(starts, np.concatenate([one.values, other.values]))


def _numbered(values: Rows) -> tuple[Rows, Rows]:
    """List the different values in ascending order, and number each by its place there."""
    is_there = np.zeros(values.max(initial=-1) + 1, dtype=np.bool_)
    is_there[values] = True
    found = np.flatnonzero(is_there)
    numbers = np.empty(len(is_there), dtype=np.intp)
    numbers[found] = np.arange(len(found))
    return found, numbers[values]


def marks_of(owners: Rows, values: Values, count: int) -> MarkTable:
    """Make the table of ``count`` clusters from the owner of each mark."""
    order = np.argsort(owners, kind="stable")
    return MarkTable(starts_of(np.bincount(owners, minlength=count)), values[order])


def starts_of(counts: NDArray[np.intp]) -> Rows:
    """Return where each of several parts begins, and where the last one ends."""
    starts = np.zeros(len(counts) + 1, dtype=np.intp)
    np.cumsum(counts, out=starts[1:])
    return starts


def pairs_of_equals(some: Values, others: Values) -> tuple[Rows, Rows]:
    """List all pairs of equal values, as places in either array; only the shorter is sorted."""
    if len(some) < len(others):
        found_others, found = pairs_of_equals(others, some)
        return found, found_others
    order = np.argsort(others, kind="stable")
    ordered = others[order]
    firsts = np.searchsorted(ordered, some, side="left")
    counts = np.searchsorted(ordered, some, side="right") - firsts
    starts = starts_of(counts)
    found = np.arange(starts[-1]) + np.repeat(firsts - starts[:-1], counts)
    return np.repeat(np.arange(len(some)), counts), order[found]
