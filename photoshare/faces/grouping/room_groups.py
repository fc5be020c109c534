"""The present groups of a room: its people, and units without one; kept from photo to photo; pure.

A photo changes a few groups of thousands. `room_groups` follows those changes in what was kept of
the room (`FaceMemory.exchange_kept`), and makes everything anew only if something else has changed,
such as a correction.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.clusters import Clusters, Floats, MergeRule, Rows
from photoshare.faces.grouping.linkage import BLOCK_NUMBERS, measure_excesses
from photoshare.faces.grouping.marks import Marks, MarkTable, marks_of
from photoshare.faces.grouping.memory import SPARE, added_up
from photoshare.faces.grouping.units import (
    Units,
    enemies_of,
    extra_marks,
    make_units,
    sums_of_groups,
)
from photoshare.faces.types import NO_PERSON, FaceSet

Flags = NDArray[np.bool_]
Keys = NDArray[np.int64]

FIXED_KEY = 1 << 40  # unit keys of fixed people are this much above their ids, which are smaller
ROUNDING = 1e-4  # above the error of a product in single precision


@dataclass(frozen=True, slots=True)
class Said:
    """What outranks the encodings; as the parameters of `plan_groups`."""

    fixed_people: frozenset[int]
    apart: NDArray[np.int64]
    unseen: frozenset[tuple[int, int]]
    min_founders: int

    def is_same(self, other: Said) -> bool:
        """Whether the same was said; who is unseen does not matter."""
        return (
            self.fixed_people == other.fixed_people
            and self.min_founders == other.min_founders
            and np.array_equal(self.apart, other.apart)
        )


@dataclass(frozen=True, slots=True)
class OpenUnits:
    """The units of some groups.

    Attributes
    ----------
    faces : int array of shape (n_faces,)
        In ascending order.
    of_face : int array of shape (n_faces,)
        The unit of each.
    keys : int array of shape (n_units,)
        In ascending order: first those of faces, then those of fixed people.
    groups : int array of shape (n_units,)
        The present group of each.
    clusters : Clusters
        One row per unit.
    """

    faces: Rows
    of_face: Rows
    keys: Keys
    groups: Rows
    clusters: Clusters


class RoomGroups:
    """The present groups, one row each; some rows are not in use.

    Attributes
    ----------
    faces : FaceSet
    of_face : int array of shape (n_faces,)
        The group of each face.
    people : int array of shape (n_groups,)
        NO_PERSON for a unit without a person.
    is_unit : bool array of shape (n_groups,)
        Whether the group is a single unit.
    is_unsettled : bool array of shape (n_faces,)
        Whether linked faces are not one person yet, or a person breaks a rule.
    clusters : Clusters
        Unused rows are infinitely far from everything.
    """

    def __init__(self, faces: FaceSet, said: Said) -> None:
        units = make_units(faces, said.fixed_people, said.apart, said.min_founders, said.unseen)
        present, of_unit, people, is_unsettled = _present_groups(faces, units, said.fixed_people)
        self.faces, self._said = faces, said
        self.of_face = of_unit[units.of_face]
        self.is_unsettled = is_unsettled[units.of_face]
        _, first_faces = np.unique(units.of_face, return_index=True)
        keys = np.where(units.clusters.is_fixed, FIXED_KEY + people[of_unit], first_faces)
        self._keys = keys[units.of_face].astype(np.int64)
        self.people = people
        self.is_unit = np.bincount(of_unit, minlength=len(people)) == 1
        self._faces_of = np.empty(len(people), dtype=np.intp)  # one of each group
        self._faces_of[self.of_face] = np.arange(len(faces))
        self._columns = [self._sums_of(present), present.counts, present.founders, present.is_fixed]
        self._columns.append(present.own_terms)
        self._free: list[int] = []
        self._row_of = {int(person): row for row, person in enumerate(people) if person}
        # Several units of linked faces, or links to be looked at again whenever somebody moves.
        inner = np.bincount(units.of_face)[units.of_face] > 1
        inner &= ~self.is_unit[self.of_face]
        self._inner = np.unique(self.of_face[inner])
        self._may_follow = len(self._inner) == 0 and not _has_loose_links(faces, self._keys)
        self._mark()

    def __len__(self) -> int:
        return len(self.people)

    def _sums_of(self, present: Clusters) -> Floats:
        """Return the sums of the groups; not a copy as long as every face is its own group."""
        if not np.array_equal(self.of_face, np.arange(len(present))):
            return present.rows
        sums = self.faces.memory.directions(len(self.faces)).view()
        sums.flags.writeable = False
        return sums

    @property
    def in_use(self) -> Flags:
        """Which rows are a group."""
        found: Flags = np.isfinite(self._columns[4][: len(self)])
        return found

    @property
    def first_faces(self) -> Rows:
        """A face of each group, of shape (n_groups,)."""
        return self._faces_of

    def _mark(self) -> None:
        """Look up what keeps faces apart besides their scenes; make the clusters."""
        said = self._said
        self._extra = extra_marks(self.faces, said.apart, said.unseen)
        self._enemies = enemies_of(said.apart)
        sums, counts, founders, is_fixed, terms = (one[: len(self)] for one in self._columns)
        marks = Marks(self, self._enemies, np.arange(len(self)))
        self.clusters = Clusters(sums, counts, founders, is_fixed, marks, terms)

    def lookup(self, rows: Rows) -> MarkTable:
        """Return the marks of some groups."""
        if len(self._extra[0]) == 0 and (self.clusters.counts[rows] == 1).all():
            values = self.faces.scene_ids_of(self._faces_of[rows])
            return MarkTable(np.arange(len(rows) + 1), values)
        faces = self.faces_in(rows)
        place = np.empty(len(self), dtype=np.intp)
        place[rows] = np.arange(len(rows))
        owners, values = self._marks_of(faces)
        return marks_of(place[self.of_face[faces[owners]]], values, len(rows))

    def faces_in(self, rows: Rows) -> Rows:
        """List the faces of some groups in ascending order."""
        is_wanted = np.zeros(len(self), dtype=np.bool_)
        is_wanted[rows] = True
        return np.flatnonzero(is_wanted[self.of_face])

    def _marks_of(self, faces: Rows) -> tuple[Rows, Keys]:
        """List the marks of faces in ascending order: the places of their owners, and the marks."""
        owners, values = np.arange(len(faces)), self.faces.scene_ids_of(faces)
        extra, extra_values = self._extra
        if len(extra) == 0:
            return owners, values
        places = np.searchsorted(faces, extra)
        is_found = np.append(faces, -1)[places] == extra
        return (
            np.concatenate([owners, places[is_found]]),
            np.concatenate([values, extra_values[is_found]]),
        )

    def units_of(self, rows: Rows) -> OpenUnits:
        """Return the units of some groups, those of fixed people last."""
        faces = self.faces_in(rows)
        keys, firsts, of_face = np.unique(
            self._keys[faces], return_index=True, return_inverse=True
        )
        groups = self.of_face[faces[firsts]]
        counts = np.bincount(of_face, minlength=len(keys))
        owners, values = self._marks_of(faces)
        is_fixed = keys >= FIXED_KEY
        clusters = Clusters(
            self._unit_sums(faces, of_face, firsts, groups),
            counts.astype(np.float32),
            np.bincount(of_face, weights=self.faces.is_founder[faces], minlength=len(keys)),
            is_fixed,
            Marks(marks_of(of_face[owners], values, len(keys)), self._enemies),
        )
        is_person = is_fixed | (counts > 1)
        clusters = clusters.established(is_fixed, is_person, self._said.min_founders)
        return OpenUnits(faces, of_face, keys, groups, clusters)

    def _unit_sums(self, faces: Rows, of_face: Rows, firsts: Rows, groups: Rows) -> Floats:
        """Return the sums of units: the whole group's where it is one, which is not added up."""
        sums: Floats = self.clusters.rows
        is_whole = self.is_unit[groups]
        if is_whole.all():
            is_everything = np.array_equal(groups, np.arange(len(sums)))
            return sums if is_everything else sums[groups]
        directions = self.faces.memory.directions(len(self.faces))
        found: Floats = directions[faces[firsts]]
        found[is_whole] = sums[groups[is_whole]]
        if len(self._inner):
            linked = np.isin(of_face, np.flatnonzero(~is_whole))
            found[~is_whole] = added_up(
                directions[faces[linked]], of_face[linked], len(groups)
            )[~is_whole]
        return found

    def near(self, units: Clusters, rule: MergeRule) -> Rows:
        """List the groups with a unit that may merge with one of ``units``."""
        is_near = np.zeros(len(self), dtype=np.bool_)
        height = max(1, BLOCK_NUMBERS // len(self.faces))
        for start in range(0, len(units), height):
            rows = np.arange(start, min(start + height, len(units)))
            some = units if len(rows) == len(units) else units.subset(rows)
            excesses = measure_excesses(some, self.clusters, rule)
            is_near |= self.is_unit & (excesses <= 0).any(axis=0)
            faces = self._near_faces(some, rule)
            if len(faces):
                excesses = measure_excesses(some, self._single_faces(faces), rule)
                is_near[self.of_face[faces[(excesses <= 0).any(axis=0)]]] = True
            if len(self._inner):
                inner = self.units_of(self._inner)
                excesses = measure_excesses(some, inner.clusters, rule)
                is_near[inner.groups[(excesses <= 0).any(axis=0)]] = True
        return np.flatnonzero(is_near)

    def near_groups(self, some: Clusters, is_asked: Flags, rule: MergeRule) -> tuple[Flags, Rows]:
        """Return which clusters may merge with groups in question, and list these groups."""
        is_near = np.zeros(len(some), dtype=np.bool_)
        is_found = np.zeros(len(self), dtype=np.bool_)
        height = max(1, BLOCK_NUMBERS // len(self))
        for start in range(0, len(some) if is_asked.any() else 0, height):
            rows = np.arange(start, min(start + height, len(some)))
            part = some if len(rows) == len(some) else some.subset(rows)
            are_near = (measure_excesses(part, self.clusters, rule) <= 0) & is_asked
            is_near[rows] = are_near.any(axis=1)
            is_found |= are_near.any(axis=0)
        return is_near, np.flatnonzero(is_found)

    def _near_faces(self, some: Clusters, rule: MergeRule) -> Rows:
        """List the faces of people of several units that are near enough, whatever else."""
        directions = self.faces.memory.directions(len(self.faces))
        products = some.means @ directions.T
        least = some.own_terms + 1 - rule.eps**2 - rule.looseness * (1 - 1 / some.counts)
        products -= (least / 2 - ROUNDING).astype(np.float32)[:, None]
        faces = np.flatnonzero(products.max(axis=0) >= 0)
        groups = self.of_face[faces]
        return faces[~self.is_unit[groups] & ~np.isin(groups, self._inner)]

    def _single_faces(self, faces: Rows) -> Clusters:
        """Return faces in ascending order as clusters."""
        owners, values = self._marks_of(faces)
        return Clusters(
            self.faces.memory.directions(len(self.faces))[faces],
            np.ones(len(faces), dtype=np.float32),
            self.faces.is_founder[faces].astype(np.int64),
            np.zeros(len(faces), dtype=np.bool_),
            Marks(marks_of(owners, values, len(faces)), self._enemies),
        )

    def follow(self, faces: FaceSet, said: Said) -> bool:
        """Become the groups of a room that has changed; return whether that was possible.

        It is possible if faces were only appended, and people changed whose faces nobody linked.
        """
        before = self.faces
        moved = _moved(before, faces)
        if moved is None or not self._may_follow or not self._said.is_same(said):
            return False
        if self.is_unsettled.any() or faces.bond_ids[moved].any():
            return False
        was = np.zeros(len(moved), dtype=np.int64)
        was[moved < len(before)] = before.person_ids[moved[moved < len(before)]]
        now = faces.person_ids[moved]
        people = set(was.tolist()) | set(now.tolist())
        members = {one: np.flatnonzero(faces.person_ids == one) for one in people - {NO_PERSON}}
        loose = [rows for one, rows in members.items() if one not in said.fixed_people]
        if any(faces.bond_ids[rows].any() for rows in loose):
            return False
        self.faces, self._said = faces, said
        added = np.zeros(len(faces) - len(before), dtype=np.int64)
        self.of_face = np.concatenate([self.of_face, added])
        self._keys = np.concatenate([self._keys, np.arange(len(before), len(faces))])
        self.is_unsettled = np.concatenate([self.is_unsettled, added > 0])
        self._release(self.of_face[moved[(was == NO_PERSON) & (moved < len(before))]].tolist())
        gone = [self._row_of.pop(one) for one, rows in members.items() if len(rows) == 0]
        self._release(gone)
        self._place({one: rows for one, rows in members.items() if len(rows)})
        self._place_single(moved[now == NO_PERSON])
        self._mark()
        return True

    def _release(self, rows: list[int]) -> None:
        """Take rows out of use."""
        _, counts, founders, is_fixed, terms = self._columns
        counts[rows], founders[rows], is_fixed[rows], terms[rows] = 1, 0, False, np.inf
        self.people[rows], self.is_unit[rows] = NO_PERSON, False
        self._free.extend(rows)

    def _new_rows(self, count: int) -> Rows:
        """Return rows that are not in use, and use them."""
        missing = count - len(self._free)
        if missing > 0:
            size = len(self)
            if size + missing > len(self._columns[0]):
                room = int(SPARE * (size + missing)) + 1
                self._columns = [_enlarged(column, size, room) for column in self._columns]
            self.people = np.concatenate([self.people, np.zeros(missing, dtype=np.int64)])
            self.is_unit = np.concatenate([self.is_unit, np.zeros(missing, dtype=np.bool_)])
            self._faces_of = np.concatenate([self._faces_of, np.zeros(missing, dtype=np.intp)])
            self._free.extend(range(size, size + missing))
        return np.array([self._free.pop() for _ in range(count)], dtype=np.intp)

    def _place(self, members: dict[int, Rows]) -> None:
        """Give people their faces."""
        new = [one for one in members if one not in self._row_of]
        self._row_of |= dict(zip(new, self._new_rows(len(new)).tolist(), strict=True))
        if not members:
            return
        faces, said = self.faces, self._said
        rows = np.array([self._row_of[one] for one in members])
        sizes = np.array([len(found) for found in members.values()])
        everybody = np.concatenate(list(members.values()))
        places = np.repeat(np.arange(len(rows)), sizes)
        people = np.array(list(members), dtype=np.int64)
        is_fixed = np.isin(people, list(said.fixed_people))
        founders = np.bincount(places, faces.is_founder[everybody], len(rows)).astype(np.int64)
        founders[is_fixed] = np.maximum(founders[is_fixed], said.min_founders)
        directions = faces.memory.directions(len(faces))
        self._fill(rows, added_up(directions[everybody], places, len(rows)), sizes, founders)
        self._columns[3][rows] = is_fixed
        self.people[rows], self.is_unit[rows] = people, is_fixed | (sizes == 1)
        self.of_face[everybody] = rows[places]
        self._faces_of[rows[places]] = everybody
        self._keys[everybody] = np.where(
            is_fixed[places], FIXED_KEY + people[places], everybody
        )
        scenes = marks_of(places, faces.scene_ids_of(everybody), len(rows))
        is_wrong = (Marks(scenes).meetings() > sizes) & ~is_fixed
        self.is_unsettled[everybody] = is_wrong[places]

    def _place_single(self, faces: Rows) -> None:
        """Make a group of each unsorted face."""
        rows = self._new_rows(len(faces))
        founders = self.faces.is_founder[faces].astype(np.int64)
        directions = self.faces.memory.directions(len(self.faces))
        self._fill(rows, directions[faces], np.ones(len(rows)), founders)
        self._columns[3][rows] = False
        self.people[rows], self.is_unit[rows] = NO_PERSON, True
        self.of_face[faces], self._faces_of[rows], self._keys[faces] = rows, faces, faces

    def _fill(self, rows: Rows, sums: Floats, counts: NDArray[np.generic], founders: Keys) -> None:
        """Write groups into the columns."""
        if not self._columns[0].flags.writeable:
            self._columns[0] = self._columns[0].copy()
        ones = counts.astype(np.float32)
        self._columns[0][rows], self._columns[1][rows] = sums, ones
        self._columns[2][rows] = founders
        squares = np.einsum("ij,ij->i", sums, sums) / ones**2
        self._columns[4][rows] = (1 + squares) / 2


def room_groups(faces: FaceSet, said: Said) -> RoomGroups:
    """Return the present groups of a room, by following what was kept if possible."""
    kept = faces.memory.exchange_kept(None)
    if isinstance(kept, RoomGroups) and kept.follow(faces, said):
        return kept
    return RoomGroups(faces, said)


def keep_groups(room: RoomGroups) -> None:
    """Keep the groups for the next photo."""
    room.faces.memory.exchange_kept(room)


def _moved(before: FaceSet, after: FaceSet) -> Rows | None:
    """List the rows that are new or whose person has changed; None if others have changed."""
    count = len(before)
    if before.memory is not after.memory or count > len(after):
        return None
    for name in ("photo_ids", "panels", "is_founder", "bond_ids"):
        if not np.array_equal(getattr(before, name), getattr(after, name)[:count]):
            return None
    changed = np.flatnonzero(before.person_ids != after.person_ids[:count])
    return np.concatenate([changed, np.arange(count, len(after))])


def _enlarged(column: NDArray[np.generic], used: int, size: int) -> NDArray[np.generic]:
    """Return a column with the rows in use and space for more."""
    larger = np.empty((size, *column.shape[1:]), dtype=column.dtype)
    larger[:used] = column[:used]
    return larger


def _has_loose_links(faces: FaceSet, keys: Keys) -> bool:
    """Whether linked faces are not one unit, for a reason that may not last."""
    linked = np.flatnonzero(faces.bond_ids > 0)
    links = faces.bond_ids[linked]
    pairs = np.unique(np.stack([links, keys[linked]]), axis=1)
    return pairs.shape[1] > len(np.unique(links))


def _present_groups(
    faces: FaceSet, units: Units, fixed_people: Collection[int]
) -> tuple[Clusters, Rows, NDArray[np.int64], NDArray[np.bool_]]:
    """Make a group of each person, and of each unit without a person.

    Returns
    -------
    present : Clusters
        One row per group.
    groups : int array of shape (n_units,)
    person_of_group : int array of shape (n_groups,)
        NO_PERSON for a unit without a person.
    is_unsettled : bool array of shape (n_units,)
        Whether linked faces are not one person yet, or a person breaks a rule.
    """
    count, person_ids = len(units.clusters), faces.person_ids
    person_of_unit = np.zeros(count, dtype=np.int64)
    person_of_unit[units.of_face] = person_ids
    is_fixed_face = np.isin(person_ids, list(fixed_people)) & (person_ids != NO_PERSON)
    person_of_unit[units.of_face[is_fixed_face]] = person_ids[is_fixed_face]
    is_moving = person_ids != person_of_unit[units.of_face]
    is_unsettled = np.zeros(count, dtype=np.bool_)
    is_unsettled[units.of_face[is_moving]] = True
    left_behind = np.isin(person_of_unit, person_ids[is_moving]) & (person_of_unit != NO_PERSON)
    is_unsettled |= left_behind
    sizes = np.bincount(units.of_face)
    is_unsettled |= (person_of_unit == NO_PERSON) & (sizes > 1)
    keys = np.where(person_of_unit == NO_PERSON, np.arange(count) - count, person_of_unit)
    found, groups = np.unique(keys, return_inverse=True)
    nowhere = np.empty((count, 0), dtype=np.float32)  # meetings are found without encodings
    merged = replace(units.clusters, sums=nowhere).joined(groups, len(found))
    allowed = units.clusters.counts.copy()  # linked faces, whatever they share; one of each other
    linked = np.flatnonzero((allowed > 1) & ~units.clusters.is_fixed)
    if len(linked):
        allowed[linked] = units.clusters.marks.subset(linked).meetings()
    is_wrong = merged.marks.meetings() > np.bincount(groups, weights=allowed) + 0.5
    is_wrong &= ~merged.is_fixed
    people = np.maximum(found, NO_PERSON)
    present = replace(merged, sums=sums_of_groups(faces, groups[units.of_face], people))
    return present, groups, people, is_unsettled | is_wrong[groups]


