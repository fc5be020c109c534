"""Resolve corrections of faces as must-links and cannot-links; pure: no database, no files.

The newest correction wins: constraints are applied from newest to oldest, an older one only where
it does not contradict a newer one. Undoing one therefore restores what it had overruled.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from photoshare.faces.types import NO_PERSON

Scene: TypeAlias = Hashable  # a photo, or a panel of a collage; anything that identifies it


@dataclass(frozen=True, slots=True)
class Constraint:
    """One correction, expressed in faces.

    Attributes
    ----------
    sides : tuple of tuples of int
        Face ids. The faces of a side are one person; the first side is not the same person as any
        other side.
    is_face : bool
        False: the faces of the first side are not faces.
    are_people : bool
        Whether every side is a person to be kept; else only the first one is, and the others are
        single faces that do not belong to it.
    are_linked : bool
        False: the correction is about a person as a whole, such as a name. Clustering does not move
        its faces, but they belong together by an earlier correction, which may be undone.
    """

    sides: tuple[tuple[int, ...], ...]
    is_face: bool = True
    are_people: bool = True
    are_linked: bool = True


@dataclass(frozen=True, slots=True)
class Links:
    """The combined result of a sequence of constraints.

    Attributes
    ----------
    link_of : dict of int to int
        For each face that is linked to or kept apart from another: the id of its link, which is
        the smallest face id in it. Faces of one link are one person.
    apart : frozenset of (int, int)
        Pairs of link ids, the smaller first, that are different people.
    not_faces : frozenset of int
        Faces marked as not a face.
    kept : frozenset of int
        Faces whose person was confirmed: clustering does not move them.
    """

    link_of: dict[int, int]
    apart: frozenset[tuple[int, int]]
    not_faces: frozenset[int]
    kept: frozenset[int]

    def are_apart(self, some: int, other: int) -> bool:
        """Whether two links are different people."""
        return (min(some, other), max(some, other)) in self.apart


@dataclass
class _Linking:
    """Links being built: a union-find with the scenes of each link and the links apart from it."""

    scene_of: Mapping[int, Scene]
    parents: dict[int, int] = field(default_factory=dict)
    members: dict[int, set[int]] = field(default_factory=dict)
    scenes: dict[int, set[Scene]] = field(default_factory=dict)
    enemies: dict[int, set[int]] = field(default_factory=dict)

    def root(self, face: int) -> int:
        """Find the link of a face; a face seen for the first time gets its own."""
        if face not in self.parents:
            self.parents[face] = face
            self.members[face] = {face}
            self.scenes[face] = {self.scene_of[face]}
            self.enemies[face] = set()
        while self.parents[face] != face:
            self.parents[face] = self.parents[self.parents[face]]
            face = self.parents[face]
        return face

    def may_join(self, some: int, other: int, said: Mapping[int, set[Scene]]) -> bool:
        """Whether two links can be one person, given the scenes ``said`` of each.

        Two faces of a scene are never inferred to be one person: a correction has to name both.
        """
        shared = self.scenes[some] & self.scenes[other]
        return other not in self.enemies[some] and shared.issubset(said[some] & said[other])

    def join(self, some: int, other: int) -> int:
        """Join two links; return the root of the result."""
        if len(self.members[some]) < len(self.members[other]):
            some, other = other, some
        self.parents[other] = some
        self.members[some] |= self.members.pop(other)
        self.scenes[some] |= self.scenes.pop(other)
        for enemy in self.enemies.pop(other):
            self.enemies[enemy].discard(other)
            self.enemies[enemy].add(some)
            self.enemies[some].add(enemy)
        return some

    def link_side(self, faces: Sequence[int]) -> int:
        """Join the faces of a side where nothing forbids it; return the root of most of them.

        Faces that a newer correction removed stay out, each link on its own: this side only said
        that all of them together are one person.
        """
        counts: dict[int, int] = {}
        said: dict[int, set[Scene]] = {}
        for face in faces:
            root = self.root(face)
            counts[root] = counts.get(root, 0) + 1
            said.setdefault(root, set()).add(self.scene_of[face])
        order = sorted(counts, key=lambda root: (-counts[root], min(self.members[root])))
        joined = order[0]
        for root in order[1:]:
            if self.may_join(joined, root, said):
                said_of_both = said[joined] | said[root]
                joined = self.join(joined, root)
                said[joined] = said_of_both
        return joined

    def separate(self, some: int, other: int) -> None:
        """Record that two links are different people, unless a newer correction joined them."""
        some, other = self.root(some), self.root(other)
        if some != other:
            self.enemies[some].add(other)
            self.enemies[other].add(some)


def resolve_constraints(constraints: Sequence[Constraint], scene_of: Mapping[int, Scene]) -> Links:
    """Work out the combined result of all constraints.

    Parameters
    ----------
    constraints : sequence of Constraint, the oldest first
    scene_of : mapping of face id to scene
        Of every face in a constraint. Two faces of one scene are linked only by a side that names
        them both: its author knew the photo.

    Returns
    -------
    Links
        The last constraint always applies in full.
    """
    linking = _Linking(scene_of)
    is_face: dict[int, bool] = {}  # by the newest constraint with the face
    kept: set[int] = set()
    for constraint in reversed(constraints):
        for faces in constraint.sides:
            for face in faces:
                is_face.setdefault(face, constraint.is_face)
        if not constraint.is_face:
            continue
        sides = [[face for face in faces if is_face[face]] for faces in constraint.sides]
        kept.update(*(sides if constraint.are_people else sides[:1]))
        if not constraint.are_linked:
            continue
        roots = [linking.link_side(faces) if faces else None for faces in sides]
        for root in roots[1:]:
            if root is not None and roots[0] is not None:
                linking.separate(roots[0], root)
    return _as_links(linking, {face for face, known in is_face.items() if not known}, kept)


def _as_links(linking: _Linking, not_faces: Iterable[int], kept: Iterable[int]) -> Links:
    """Number the links by their smallest faces; a lone face apart from no other needs none."""
    number_of = {root: min(faces) for root, faces in linking.members.items()}
    link_of = {
        face: number_of[root]
        for root, faces in linking.members.items()
        if len(faces) > 1 or linking.enemies[root]
        for face in faces
    }
    pairs = {
        (min(number_of[root], number_of[enemy]), max(number_of[root], number_of[enemy]))
        for root, enemies in linking.enemies.items()
        for enemy in enemies
    }
    return Links(link_of, frozenset(pairs), frozenset(not_faces), frozenset(kept))


def settle_people(
    person_of: Mapping[int, int], scene_of: Mapping[int, Scene], links: Links
) -> dict[int, int]:
    """Change the people of faces as little as the links require.

    Parameters
    ----------
    person_of : mapping of face id to person id
        Of every face of the room; NO_PERSON for an unsorted one.
    scene_of : mapping of face id to scene
    links : Links

    Returns
    -------
    dict of int to int
        The new person of each face that changes: NO_PERSON, an existing person, or -1, -2, ... for
        new people. Afterwards the faces of a link are one person, links that are apart are not,
        nobody has two faces of a scene that are not linked, and faces marked as not a face belong
        to nobody.
    """
    new_people = (-number for number in itertools.count(1))
    after = dict(person_of)
    after |= dict.fromkeys(links.not_faces & after.keys(), NO_PERSON)
    after |= _gathered(after, links, new_people)
    touched = {after[face] for face in links.link_of.keys() & after.keys()}
    touched |= _twice_in_a_scene(after, scene_of)
    touched.discard(NO_PERSON)
    of_person: dict[int, list[int]] = {person: [] for person in sorted(touched)}
    for face, person in after.items():
        if person in touched:
            of_person[person].append(face)
    for faces in of_person.values():
        for group in _misplaced(faces, scene_of, links):
            after |= dict.fromkeys(group, next(new_people) if len(group) > 1 else NO_PERSON)
    return {face: person for face, person in after.items() if person != person_of[face]}


def _gathered(
    person_of: Mapping[int, int], links: Links, new_people: Iterator[int]
) -> dict[int, int]:
    """Make the faces of each link one person: the one most of them have, or a new one."""
    members: dict[int, list[int]] = {}
    for face, link in sorted(links.link_of.items()):
        if face in person_of:
            members.setdefault(link, []).append(face)
    changes: dict[int, int] = {}
    for faces in members.values():
        people = [person_of[face] for face in faces]
        if len(faces) > 1 and (len(set(people)) > 1 or people[0] == NO_PERSON):
            known = any(person != NO_PERSON for person in people)
            changes |= dict.fromkeys(faces, _most_common(people) if known else next(new_people))
    return changes


def _most_common(people: Sequence[int]) -> int:
    """Choose the person of most faces of a link: the oldest of several, any rather than none."""
    known = [person for person in people if person != NO_PERSON]
    return min(set(known), key=lambda person: (-known.count(person), person < 0, abs(person)))


def _twice_in_a_scene(person_of: Mapping[int, int], scene_of: Mapping[int, Scene]) -> set[int]:
    """Return people with several faces in one scene, perhaps from a merge that was undone."""
    seen: set[tuple[int, Scene]] = set()
    found = set()
    for face, person in person_of.items():
        place = (person, scene_of[face])
        if place in seen:
            found.add(person)
        seen.add(place)
    return found


def _misplaced(
    faces: Iterable[int], scene_of: Mapping[int, Scene], links: Links
) -> list[list[int]]:
    """List what cannot stay with a person: the smaller of two links, a loose face beside a link."""
    items: dict[tuple[bool, int], list[int]] = {}
    for face in sorted(faces):
        link = links.link_of.get(face)
        items.setdefault((link is None, face if link is None else link), []).append(face)
    order = sorted(items, key=lambda item: (item[0], -len(items[item]), item[1]))
    scenes: set[Scene] = set()
    staying: list[int] = []
    leaving = []
    for is_loose, number in order:
        group = items[is_loose, number]
        if not scenes.isdisjoint(scene_of[face] for face in group) or (
            not is_loose and any(links.are_apart(number, link) for link in staying)
        ):
            leaving.append(group)
            continue
        scenes.update(scene_of[face] for face in group)
        if not is_loose:
            staying.append(number)
    return leaving
