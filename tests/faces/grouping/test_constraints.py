"""The combined result of corrections: the newest one wins, older ones apply where they fit."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from photoshare.faces.grouping.constraints import (
    Constraint,
    Links,
    resolve_constraints,
    settle_people,
)
from photoshare.faces.types import NO_PERSON

FACES = range(1, 13)
PHOTOS = {face: (face + 1) // 2 for face in FACES}  # two faces per photo
ALONE = {face: face for face in FACES}  # every face in its own photo


def same(*faces: int) -> Constraint:
    return Constraint((faces,))


def two(faces: tuple[int, ...], others: tuple[int, ...]) -> Constraint:
    return Constraint((faces, others))


def resolve(*constraints: Constraint, photos: dict[int, int] = ALONE) -> Links:
    return resolve_constraints(constraints, photos)


def test_nothing_said_means_nothing() -> None:
    assert resolve() == Links({}, frozenset(), frozenset(), frozenset())


def test_the_faces_of_a_side_are_linked_by_the_smallest_id() -> None:
    links = resolve(same(5, 3, 9))

    assert links.link_of == {5: 3, 3: 3, 9: 3}
    assert links.kept == {3, 5, 9}


def test_links_that_share_a_face_are_one() -> None:
    assert set(resolve(same(1, 2), same(4, 5), same(2, 4)).link_of.values()) == {1}


def test_the_first_side_is_apart_from_the_others() -> None:
    links = resolve(Constraint(((1, 2), (3,), (4,)), are_people=False))

    assert links.apart == {(1, 3), (1, 4)}
    assert links.kept == {1, 2}


def test_a_newer_word_takes_a_face_out_of_an_older_link() -> None:
    links = resolve(same(1, 2, 3), two((1, 3), (2,)))

    assert links.link_of == {1: 1, 3: 1, 2: 2}
    assert links.are_apart(2, 1)


def test_a_newer_merge_overrules_that_two_are_apart() -> None:
    links = resolve(two((1, 2), (3, 4)), same(1, 2, 3, 4))

    assert set(links.link_of.values()) == {1}
    assert links.apart == frozenset()


def test_two_faces_rejected_one_after_the_other_may_be_one_person() -> None:
    """The first was rejected with the second still in the album: that says nothing about both."""
    first = Constraint(((1, 2, 3, 4), (5,)), are_people=False)
    second = Constraint(((1, 2, 3), (4,)), are_people=False)

    links = resolve(first, second)

    assert links.apart == {(1, 4), (1, 5)}


def test_faces_of_one_photo_are_linked_by_who_named_them_both() -> None:
    links = resolve(same(1, 2, 3), photos=PHOTOS)

    assert set(links.link_of.values()) == {1}


def test_that_faces_of_one_photo_are_linked_is_never_concluded() -> None:
    links = resolve(same(1, 3), same(2, 3), photos=PHOTOS)

    assert links.link_of == {2: 2, 3: 2}


def test_who_is_twice_on_a_photo_takes_in_who_is_on_others() -> None:
    links = resolve(same(1, 2), same(1, 2, 3), same(3, 5), photos=PHOTOS)

    assert links.link_of == dict.fromkeys((1, 2, 3, 5), 1)


def test_a_newer_word_parts_two_faces_of_a_photo_again() -> None:
    links = resolve(same(1, 2), two((1,), (2,)), photos=PHOTOS)

    assert links.link_of == {1: 1, 2: 2}
    assert links.are_apart(1, 2)


def test_two_faces_of_a_photo_that_nobody_linked_are_parted_at_last() -> None:
    """As after the undo of a merge, if one of them was corrected since."""
    assert settle_people({1: 7, 2: 7, 3: 7}, PHOTOS, resolve()) == {2: NO_PERSON}


def test_what_is_no_face_is_in_no_link() -> None:
    links = resolve(same(1, 2, 3), Constraint(((2,),), is_face=False))

    assert links.link_of == {1: 1, 3: 1}
    assert links.not_faces == {2}


def test_a_face_that_was_none_is_one_again_by_a_newer_word() -> None:
    links = resolve(Constraint(((2,),), is_face=False), same(1, 2))

    assert links.not_faces == frozenset()
    assert links.link_of == {1: 1, 2: 1}


def test_a_side_whose_photos_are_gone_says_nothing() -> None:
    assert resolve(Constraint(((), (4,)), are_people=False)).apart == frozenset()


def test_settling_changes_nothing_where_nothing_was_said() -> None:
    assert settle_people({1: 7, 2: NO_PERSON}, ALONE, resolve()) == {}


def test_linked_faces_become_whoever_most_of_them_are() -> None:
    assert settle_people({1: 7, 2: 8, 3: 8, 4: 0}, ALONE, resolve(same(1, 2, 3, 4))) == {1: 8, 4: 8}


def test_linked_unsorted_faces_become_somebody_new() -> None:
    assert settle_people({1: 0, 2: 0}, ALONE, resolve(same(1, 2))) == {1: -1, 2: -1}


def test_of_two_links_apart_the_larger_stays() -> None:
    people = dict.fromkeys(range(1, 6), 7)

    after = people | settle_people(people, ALONE, resolve(two((1, 2), (3, 4, 5))))

    assert after == {1: -1, 2: -1, 3: 7, 4: 7, 5: 7}


def test_a_loose_face_gives_way_to_a_linked_one_of_its_photo() -> None:
    assert settle_people({1: 7, 2: 7, 3: 7}, PHOTOS, resolve(same(2, 3), photos=PHOTOS)) == {1: 0}


sides = st.lists(st.sampled_from(FACES), max_size=5, unique=True)


@st.composite
def constraints(draw: st.DrawFn) -> Constraint:
    first = tuple(draw(sides))
    others = [tuple(face for face in draw(sides) if face not in first)]
    if draw(st.booleans()):
        others = [(face,) for face in others[0]]
        return Constraint((first, *others), are_people=False)
    return Constraint((first, *others), is_face=draw(st.integers(0, 5)) > 0)


@given(st.lists(constraints(), max_size=8))
def test_links_never_contradict_themselves(said: list[Constraint]) -> None:
    links = resolve_constraints(said, PHOTOS)

    for one, other in combinations(links.link_of, 2):
        if links.link_of[one] == links.link_of[other] and PHOTOS[one] == PHOTOS[other]:
            assert any({one, other} <= set(side) for word in said for side in word.sides)
    assert all(some < other for some, other in links.apart)
    assert links.not_faces.isdisjoint(links.link_of)
    assert {number for pair in links.apart for number in pair} <= set(links.link_of.values())


@given(st.lists(constraints(), max_size=8), st.lists(sides, min_size=1, max_size=1))
def test_the_last_word_holds_as_a_whole(said: list[Constraint], last: list[list[int]]) -> None:
    links = resolve_constraints([*said, same(*last[0])], ALONE)

    assert len({links.link_of.get(face, face) for face in last[0]}) <= 1
    assert links.not_faces.isdisjoint(last[0])


@given(
    st.lists(constraints(), max_size=8),
    st.lists(st.integers(0, 3), min_size=len(FACES), max_size=len(FACES)),
)
def test_after_settling_everything_holds(said: list[Constraint], people: list[int]) -> None:
    links = resolve_constraints(said, PHOTOS)
    before = {}
    taken: set[tuple[int, int]] = set()
    for face, person in zip(FACES, people, strict=True):  # nobody has two faces of a photo
        before[face] = NO_PERSON if (person, PHOTOS[face]) in taken else person
        taken.add((person, PHOTOS[face]))

    after = before | settle_people(before, PHOTOS, links)

    for one, other in combinations(FACES, 2):
        is_one_person = after[one] == after[other] != NO_PERSON
        link, other_link = links.link_of.get(one), links.link_of.get(other)
        if link is not None and link == other_link:
            assert is_one_person
        elif PHOTOS[one] == PHOTOS[other]:
            assert not is_one_person
        if link is not None and other_link is not None and links.are_apart(link, other_link):
            assert not is_one_person
    assert all(after[face] == NO_PERSON for face in links.not_faces)
    assert settle_people(after, PHOTOS, links) == {}
