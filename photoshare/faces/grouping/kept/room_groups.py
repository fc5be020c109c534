"""The present groups of a room: its people, and units without one; kept from photo to photo; pure.

A photo changes a few groups of thousands. `room_groups` follows those changes in what was kept of
the room (`FaceMemory.exchange_kept`), and makes everything anew only if something else has changed,
such as a correction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from photoshare.faces.grouping.clusters import Clusters, Floats, MergeRule, Rows
from photoshare.faces.grouping.kept.group_columns import GroupColumns
from photoshare.faces.grouping.kept.memory import added_up
from photoshare.faces.grouping.kept.present import Said, has_loose_links, present_groups
from photoshare.faces.grouping.marks import Marks, MarkTable, marks_of
from photoshare.faces.grouping.near_pairs import near_pairs
from photoshare.faces.grouping.units import enemies_of, extra_marks, make_units
from photoshare.faces.types import NO_PERSON, FaceSet

Flags = NDArray[np.bool_]
Keys = NDArray[np.int64]

FIXED_KEY = 1 << 40  # unit keys of fixed people are this much above their ids, which are smaller


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


class _Before(NamedTuple):
    """The columns of the faces that the groups were made of."""

    photo_ids: Keys
    panels: Keys
    is_founder: Flags
    bond_ids: Keys
    person_ids: Keys


class _FaceMarks:
    """Knows the marks of the faces of a room."""

    def __init__(self, room: RoomGroups) -> None:
        self._room = room

    def lookup(self, rows: Rows) -> MarkTable:
        """Return the marks of some faces, in ascending order."""
        owners, values = self._room.marks_of(rows)
        return marks_of(owners, values, len(rows))


class RoomGroups:
    """The present groups, one row each; some rows are not in use.

    Attributes
    ----------
    faces : FaceSet
    of_face : int array of shape (n_faces,)
        The group of each face.
    is_unsettled : bool array of shape (n_faces,)
        Whether linked faces are not one person yet, or a person breaks a rule.
    clusters : Clusters
        Unused rows are infinitely far from everything.
    """

    def __init__(self, faces: FaceSet, said: Said) -> None:
        units = make_units(faces, said.fixed_people, said.apart, said.min_founders, said.unseen)
        present, of_unit, people, is_unsettled = present_groups(faces, units, said.fixed_people)
        self.faces, self._said = faces, said
        self.of_face = of_unit[units.of_face]
        self.is_unsettled = is_unsettled[units.of_face]
        _, first_faces = np.unique(units.of_face, return_index=True)
        keys = np.where(units.clusters.is_fixed, FIXED_KEY + people[of_unit], first_faces)
        self._keys = keys[units.of_face].astype(np.int64)
        is_unit = np.bincount(of_unit, minlength=len(people)) == 1
        a_face = np.empty(len(people), dtype=np.intp)
        a_face[self.of_face] = np.arange(len(faces))
        present = replace(present, terms=present.own_terms, sums=self._sums_of(present))
        self._columns = GroupColumns(present, people, is_unit, a_face)
        self._row_of = {int(person): row for row, person in enumerate(people) if person}
        # Several units of linked faces, or links to be looked at again whenever someone moves.
        inner = np.bincount(units.of_face)[units.of_face] > 1
        inner &= ~self.is_unit[self.of_face]
        self._inner = np.unique(self.of_face[inner])
        self._may_follow = len(self._inner) == 0 and not has_loose_links(faces, self._keys)
        self._mark()

    def __len__(self) -> int:
        return len(self._columns)

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
        return self._columns.in_use

    @property
    def is_unit(self) -> Flags:
        """Whether a group is a single unit, of shape (n_groups,)."""
        return self._columns.is_unit

    @property
    def a_face(self) -> Rows:
        """A face of each group, of shape (n_groups,)."""
        return self._columns.faces

    def _mark(self) -> None:
        """Look up what keeps faces apart besides their scenes; make the clusters."""
        said = self._said
        self._extra = extra_marks(self.faces, said.apart, said.unseen)
        self._enemies = enemies_of(said.apart)
        self.clusters = self._columns.clusters(Marks(self, self._enemies, np.arange(len(self))))

    def lookup(self, rows: Rows) -> MarkTable:
        """Return the marks of some groups."""
        if len(self._extra[0]) == 0 and (self.clusters.counts[rows] == 1).all():
            values = self.faces.scene_ids_of(self.a_face[rows])
            return MarkTable(np.arange(len(rows) + 1), values)
        faces = self.faces_in(rows)
        place = np.empty(len(self), dtype=np.intp)
        place[rows] = np.arange(len(rows))
        owners, values = self.marks_of(faces)
        return marks_of(place[self.of_face[faces[owners]]], values, len(rows))

    def faces_in(self, rows: Rows) -> Rows:
        """List the faces of some groups in ascending order."""
        is_wanted = np.zeros(len(self), dtype=np.bool_)
        is_wanted[rows] = True
        return np.flatnonzero(is_wanted[self.of_face])

    def marks_of(self, faces: Rows) -> tuple[Rows, Keys]:
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
        keys, firsts, of_face = np.unique(self._keys[faces], return_index=True, return_inverse=True)
        groups = self.of_face[faces[firsts]]
        counts = np.bincount(of_face, minlength=len(keys))
        owners, values = self.marks_of(faces)
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
            found[~is_whole] = added_up(directions[faces[linked]], of_face[linked], len(groups))[
                ~is_whole
            ]
        return found

    def near(self, units: Clusters, is_asked: Flags, rule: MergeRule) -> Rows:
        """List the groups in question with a unit that may merge with one of ``units``."""
        is_near = np.zeros(len(self), dtype=np.bool_)
        single = self.clusters.only(is_asked & self.is_unit)
        is_near[near_pairs(units, single, rule).columns] = True
        faces = near_pairs(units, self._faces_of_people(is_asked), rule).columns
        is_near[self.of_face[faces]] = True
        if len(self._inner):
            inner = self.units_of(self._inner)
            is_near[inner.groups[near_pairs(units, inner.clusters, rule).columns]] = True
        return np.flatnonzero(is_near & is_asked)

    def near_groups(self, some: Clusters, is_asked: Flags, rule: MergeRule) -> tuple[Flags, Rows]:
        """Return which clusters may merge with groups in question, and list these groups."""
        is_near = np.zeros(len(some), dtype=np.bool_)
        if not is_asked.any():
            return is_near, np.empty(0, dtype=np.intp)
        pairs = near_pairs(some, self.clusters.only(is_asked), rule)
        is_near[pairs.rows] = True
        return is_near, np.unique(pairs.columns)

    def _faces_of_people(self, is_asked: Flags) -> Clusters:
        """Return all faces as clusters; near are only units of people of several in question.

        Not so the faces of people with linked ones, whose units are looked up.
        """
        is_asked = is_asked & ~self.is_unit
        is_asked[self._inner] = False
        count = len(self.faces)
        return Clusters(
            self.faces.memory.directions(count),
            np.ones(count, dtype=np.float32),
            self.faces.is_founder.astype(np.int64),
            np.zeros(count, dtype=np.bool_),
            Marks(_FaceMarks(self), self._enemies),
            np.where(is_asked, np.float32(1), np.float32(np.inf))[self.of_face],
        )

    def rest(self) -> None:
        """Let go of the encodings until `follow`.

        They keep this in turn, and whatever is deleted has to leave the memory at once, which a
        circle would not.
        """
        columns = (getattr(self.faces, name) for name in _Before._fields)
        self._before = _Before(*columns)
        del self.faces, self.clusters

    def follow(self, faces: FaceSet, said: Said) -> bool:
        """Become the groups of a room that has changed; return whether that was possible.

        It is possible if faces were only appended, and people changed whose faces nobody linked.
        """
        before = self._before
        moved = _moved(before, faces)
        if moved is None or not self._may_follow or not self._said.is_same(said):
            return False
        if self.is_unsettled.any() or faces.bond_ids[moved].any():
            return False
        known = len(before.person_ids)
        was = np.zeros(len(moved), dtype=np.int64)
        was[moved < known] = before.person_ids[moved[moved < known]]
        now = faces.person_ids[moved]
        people = set(was.tolist()) | set(now.tolist())
        members = {one: np.flatnonzero(faces.person_ids == one) for one in people - {NO_PERSON}}
        loose = [rows for whom, rows in members.items() if whom not in said.fixed_people]
        if any(faces.bond_ids[rows].any() for rows in loose):
            return False
        self.faces, self._said = faces, said
        added = np.zeros(len(faces) - known, dtype=np.int64)
        self.of_face = np.concatenate([self.of_face, added])
        self._keys = np.concatenate([self._keys, np.arange(known, len(faces))])
        self.is_unsettled = np.concatenate([self.is_unsettled, added > 0])
        were_single = moved[(was == NO_PERSON) & (moved < known)]
        self._columns.release(self.of_face[were_single].tolist())
        gone = [self._row_of.pop(whom) for whom, rows in members.items() if len(rows) == 0]
        self._columns.release(gone)
        self._place({whom: rows for whom, rows in members.items() if len(rows)})
        self._place_single(moved[now == NO_PERSON])
        self._mark()
        return True

    def _place(self, members: dict[int, Rows]) -> None:
        """Give people their faces."""
        new = [one for one in members if one not in self._row_of]
        self._row_of |= dict(zip(new, self._columns.reserve(len(new)).tolist(), strict=True))
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
        sums = added_up(directions[everybody], places, len(rows))
        self._columns.write(rows, sums, sizes.astype(np.float32), founders, is_fixed)
        self._columns.people[rows], self.is_unit[rows] = people, is_fixed | (sizes == 1)
        self.of_face[everybody] = rows[places]
        self.a_face[rows[places]] = everybody
        self._keys[everybody] = np.where(is_fixed[places], FIXED_KEY + people[places], everybody)
        scenes = marks_of(places, faces.scene_ids_of(everybody), len(rows))
        is_wrong = (Marks(scenes).meetings() > sizes) & ~is_fixed
        self.is_unsettled[everybody] = is_wrong[places]

    def _place_single(self, faces: Rows) -> None:
        """Make a group of each unsorted face."""
        rows = self._columns.reserve(len(faces))
        founders = self.faces.is_founder[faces].astype(np.int64)
        directions = self.faces.memory.directions(len(self.faces))
        ones = np.ones(len(rows), dtype=np.float32)
        self._columns.write(rows, directions[faces], ones, founders, ones < 0)
        self._columns.people[rows], self.is_unit[rows] = NO_PERSON, True
        self.of_face[faces], self.a_face[rows], self._keys[faces] = rows, faces, faces


def room_groups(faces: FaceSet, said: Said) -> RoomGroups:
    """Return the present groups of a room, by following what was kept if possible."""
    kept = faces.memory.exchange_kept(None)
    if isinstance(kept, RoomGroups) and kept.follow(faces, said):
        return kept
    return RoomGroups(faces, said)


def keep_groups(room: RoomGroups) -> None:
    """Keep the groups for the next photo; they can't be used until then."""
    memory = room.faces.memory
    room.rest()
    memory.exchange_kept(room)


def _moved(before: _Before, after: FaceSet) -> Rows | None:
    """List the rows that are new or whose person has changed; None if others have changed."""
    count = len(before.person_ids)
    if count > len(after):
        return None
    for name in ("photo_ids", "panels", "is_founder", "bond_ids"):
        if not np.array_equal(getattr(before, name), getattr(after, name)[:count]):
            return None
    changed = np.flatnonzero(before.person_ids != after.person_ids[:count])
    return np.concatenate([changed, np.arange(count, len(after))])
