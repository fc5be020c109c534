"""Hold what is compared of the groups of a room in columns with spare rows; pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.clusters import Clusters, Floats, Rows, own_terms_of
from photoshare.faces.grouping.kept.memory import SPARE
from photoshare.faces.grouping.marks import Marks

Keys = NDArray[np.int64]
Flags = NDArray[np.bool_]
Number = TypeVar("Number", bound=np.generic)


class GroupColumns:
    """Groups, one row each; a row that is not in use is infinitely far from everything.

    Parameters
    ----------
    clusters : Clusters
        The groups so far. Their sums may be read-only; then they are copied before they change.

    Attributes
    ----------
    people : int array of shape (n_rows,)
        NO_PERSON for a unit without a person.
    is_unit : bool array of shape (n_rows,)
        Whether the group is a single unit.
    faces : int array of shape (n_rows,)
        A face of each group.
    """

    def __init__(self, clusters: Clusters, people: Keys, is_unit: Flags, faces: Rows) -> None:
        self.people, self.is_unit, self.faces = people, is_unit, faces
        self._sums, self._counts = clusters.rows, clusters.counts
        self._founders, self._is_fixed = clusters.founders, clusters.is_fixed
        self._terms = clusters.own_terms
        self._count = len(clusters)
        self._free: list[int] = []

    def __len__(self) -> int:
        return self._count

    @property
    def in_use(self) -> Flags:
        """Which rows are a group."""
        found: Flags = np.isfinite(self._terms[: len(self)])
        return found

    def clusters(self, marks: Marks) -> Clusters:
        """Return the groups as they are now; not a copy."""
        used = slice(len(self))
        return Clusters(
            self._sums[used],
            self._counts[used],
            self._founders[used],
            self._is_fixed[used],
            marks,
            self._terms[used],
        )

    def release(self, rows: Collection[int]) -> None:
        """Take rows out of use."""
        gone = list(rows)
        self._counts[gone], self._founders[gone], self._is_fixed[gone] = 1, 0, False
        self._terms[gone] = np.inf
        self.people[gone], self.is_unit[gone] = 0, False
        self._free.extend(gone)

    def reserve(self, count: int) -> Rows:
        """Return rows that are not in use."""
        missing = count - len(self._free)
        if missing > 0:
            used, needed = self._count, self._count + missing
            if needed > len(self._counts):
                size = int(SPARE * needed) + 1
                self._sums = _enlarged(self._sums, used, size)
                self._counts = _enlarged(self._counts, used, size)
                self._founders = _enlarged(self._founders, used, size)
                self._is_fixed = _enlarged(self._is_fixed, used, size)
                self._terms = _enlarged(self._terms, used, size)
            self.people = _enlarged(self.people, used, needed)
            self.is_unit = _enlarged(self.is_unit, used, needed)
            self.faces = _enlarged(self.faces, used, needed)
            self._count = needed
            self._free.extend(range(used, needed))
        return np.array([self._free.pop() for _ in range(count)], dtype=np.intp)

    def write(
        self, rows: Rows, sums: Floats, counts: Floats, founders: Keys, is_fixed: Flags
    ) -> None:
        """Write groups into reserved rows."""
        if not self._sums.flags.writeable:
            self._sums = self._sums.copy()
        self._sums[rows], self._counts[rows] = sums, counts
        self._founders[rows], self._is_fixed[rows] = founders, is_fixed
        self._terms[rows] = own_terms_of(np.einsum("ij,ij->i", sums, sums), counts)


def _enlarged(column: NDArray[Number], used: int, size: int) -> NDArray[Number]:
    """Return a column with the rows in use and space for more."""
    larger = np.empty((size, *column.shape[1:]), dtype=column.dtype)
    larger[:used] = column[:used]
    return larger
