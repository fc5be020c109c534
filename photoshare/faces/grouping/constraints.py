"""What people have said about faces, as must-links and cannot-links; pure: no database, no files.

The newest word counts: constraints are taken from the newest to the oldest, and of an older one
only what contradicts nothing newer. So taking one back makes what it had overruled valid again.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from photoshare.faces.types import NO_PERSON

Scene: TypeAlias = Hashable  # a photo, or a panel of a collage; whatever tells them apart


@dataclass(frozen=True, slots=True)
class Constraint:
    """One correction, bound to faces.

    Attributes
    ----------
    sides : tuple of tuples of int
        Face ids. The faces of a side are one person; the first side is another person than each
        of the other sides.
    is_face : bool
        False: the faces of the first side are no faces at all.
    are_people : bool
        Whether every side is a person to be kept; else only the first one, and the others are
        single faces that belong anywhere but to it.
    are_linked : bool
        False: something was said of a person as a whole, a name for one. Its faces do not move by
        themselves, but what put them together is an older word, which may be taken back.
    """

    sides: tuple[tuple[int, ...], ...]
    is_face: bool = True
    are_people: bool = True
    are_linked: bool = True


@dataclass(frozen=True, slots=True)
class Links:
    """What holds of a sequence of constraints.

    Attributes
    ----------
    link_of : dict of int to int
        For each face that is linked or apart from another: the id of its link, which is the
        smallest face id in it. Faces of one link are one person.
    apart : frozenset of (int, int)
        Pairs of link ids, the smaller first, that are two people.
    not_faces : frozenset of int
        Faces that are none.
    kept : frozenset of int
        Faces whose person was confirmed: they do not move by themselves.
    """

    link_of: dict[int, int]
    apart: frozenset[tuple[int, int]]
    not_faces: frozenset[int]
    kept: frozenset[int]

    def are_apart(self, some: int, other: int) -> bool:
        """Whether two links are two people."""
        return (min(some, other), max(some, other)) in self.apart


@dataclass
class _Linking:
    """Links in the making: a union-find that knows scenes and enemies of each link."""

    scene_of: Mapping[int, Scene]
    parents: dict[int, int] = field(default_factory=dict)
    members: dict[int, set[int]] = field(default_factory=dict)
    scenes: dict[int, set[Scene]] = field(default_factory=dict)
    enemies: dict[int, set[int]] = field(default_factory=dict)

    def root(self, face: int) -> int:
        """Find the link of a face; a face that was never mentioned gets one of its own."""
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
        """Whether two links can be one person, by what was ``said`` of each in which scenes.

        That two faces of a scene are one person is never concluded: it has to be said of both.
        """
        shared = self.scenes[some] & self.scenes[other]
        return other not in self.enemies[some] and shared.issubset(said[some] & said[other])

    def join(self, some: int, other: int) -> int:
        """Make two links one; return its root."""
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
        """Join the faces of a side as far as nothing forbids it; return the root of most of them.

        What a newer word took out stays out, each link by itself: that it is one person was said
        of all together only.
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
        """Note that two links are two people, unless something newer made them one."""
        some, other = self.root(some), self.root(other)
        if some != other:
            self.enemies[some].add(other)
            self.enemies[other].add(some)


def resolve_constraints(constraints: Sequence[Constraint], scene_of: Mapping[int, Scene]) -> Links:
    """Tell what holds of all that was said.

    Parameters
    ----------
    constraints : sequence of Constraint, the oldest first
    scene_of : mapping of face id to scene
        Of every face that is mentioned. Two faces of one scene are linked only by a side that names
        them both: whoever said that knew the photo.

    Returns
    -------
    Links
        The last constraint always holds as a whole.
    """
    linking = _Linking(scene_of)
    is_face: dict[int, bool] = {}  # by the newest constraint that mentions the face
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
    """Number the links by their smallest faces; a lone face without enemies needs none."""
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
    """Change who the faces are as little as the links ask for.

    Parameters
    ----------
    person_of : mapping of face id to person id
        Of every face of the room; NO_PERSON for an unsorted one.
    scene_of : mapping of face id to scene
    links : Links

    Returns
    -------
    dict of int to int
        The new person of each face that changes: NO_PERSON, a person that was there, or -1, -2,
        ... for new people. Afterwards the faces of a link are one person, links that are apart are
        not, nobody has two faces of a scene that are not linked, and what is no face belongs to
        nobody.
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
    """Make the faces of each link one person: whoever most of them are, or somebody new."""
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
    """Choose who most faces of a link are: the oldest of several; somebody rather than nobody."""
    known = [person for person in people if person != NO_PERSON]
    return min(set(known), key=lambda person: (-known.count(person), person < 0, abs(person)))


def _twice_in_a_scene(person_of: Mapping[int, int], scene_of: Mapping[int, Scene]) -> set[int]:
    """Tell who has several faces of one scene: of a merge, perhaps, that was taken back."""
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
    """List what cannot stay with a person: the smaller of two links, the loose face beside one."""
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
