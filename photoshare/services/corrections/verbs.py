"""Name, merge, split and hide people, and move faces; each correction can be undone.

Every public function that changes something makes one correction in one commit, and returns its id
for `undo`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import select

from photoshare.errors import (
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    SameNameError,
)
from photoshare.models import NO_PERSON, Correction, Face, Person, Photo, db
from photoshare.services.clocks.shifting import undo_shift
from photoshare.services.corrections.change import Change, change_of_room
from photoshare.services.corrections.events import OF_ONESELF, CorrectionKind
from photoshare.services.corrections.names import find_namesake
from photoshare.services.corrections.oneself import take_back_of_gone
from photoshare.services.corrections.rights import are_hidden, may_undo
from photoshare.services.people.same_photo import check_scenes
from photoshare.services.rooms.entering import Author, checked_name


def name_person(
    author: Author, person_id: int, name: str, *, is_another: bool = False
) -> int | None:
    """Give a person a name; an empty one removes the name.

    If the author may undo every name that the person was given, removing the name deletes them
    all, and cannot be undone. Otherwise it is a correction like any other.

    Parameters
    ----------
    author : Author
    person_id : int
    name : str
    is_another : bool
        True: two people may share this name; the author was asked.

    Returns
    -------
    int or None
        The correction; None if the names were deleted.

    Raises
    ------
    SameNameError
        If another person has this name, and the author was not asked.
    NotFoundError, NotAllowedError, InvalidInputError
    """
    name = checked_name(name)
    with change_of_room(author.room_id) as change:
        faces = _faces_of(author, change, person_id)
        _check_may_correct(author, change, faces)
        namesake = find_namesake(author, person_id, name)
        if namesake is not None and not is_another:
            raise SameNameError(
                "There's already a %(name)s. Is this the same person?",
                namesake.id,
                name=namesake.name or "",
            )
        guest = author.guest_id
        if not name and change.erase_names(person_id, partial(may_undo, author), guest_id=guest):
            return None
        return change.record(CorrectionKind.NAME, [faces], guest_id=guest, name=name or None)


def merge_people(author: Author, person_id: int, into_id: int, *, is_sure: bool = False) -> int:
    """Merge two people, under the id of the second and its name if it has one.

    Parameters
    ----------
    author : Author
    person_id, into_id : int
    is_sure : bool
        True: they may be in one photo together; the author was asked.

    Raises
    ------
    SamePhotoError
        If they are in one photo together (and not in two panels of a collage), and not `is_sure`.
    InvalidInputError, NotFoundError, NotAllowedError
    """
    with change_of_room(author.room_id) as change:
        faces = _faces_of(author, change, person_id)
        others = _faces_of(author, change, into_id)
        if person_id == into_id:
            raise InvalidInputError("These are already the same person.")
        _check_may_correct(author, change, faces, others)
        check_scenes(change, faces, others, is_sure=is_sure)
        name = _name_of(into_id) or _name_of(person_id)
        return change.record(
            CorrectionKind.MERGE,
            [[*others, *faces]],
            guest_id=author.guest_id,
            name=name,
            moves=dict.fromkeys(faces, into_id),
        )


def move_faces(
    author: Author, face_ids: Sequence[int], into_id: int | None, *, is_sure: bool = False
) -> int:
    """Move faces to another person, or together to a new one.

    Parameters
    ----------
    author : Author
    face_ids : sequence of int
    into_id : int or None
        None: a new person.
    is_sure : bool
        True: a photo may show the person twice; the author was asked.

    Raises
    ------
    SamePhotoError
        If a photo would show the person twice, and not `is_sure`.
    InvalidInputError
        If no face was chosen.
    NotFoundError, NotAllowedError
    """
    with change_of_room(author.room_id) as change:
        faces = _checked_faces(author, change, face_ids)
        target = [] if into_id is None else _faces_of(author, change, into_id)
        moved = _without(faces, target)
        if not moved:
            raise InvalidInputError("These faces already belong to this person.")
        check_scenes(change, moved, target, is_sure=is_sure)
        left = sorted({change.person_of[face] for face in moved} - {NO_PERSON})
        rests = [_without(change.faces_of(person), moved) for person in left]
        person_id = change.new_person() if into_id is None else into_id
        return change.record(
            CorrectionKind.MOVE,
            [[*target, *moved], *(rest for rest in rests if rest)],
            guest_id=author.guest_id,
            chosen=moved,
            moves=dict.fromkeys(moved, person_id),
        )


def reject_faces(author: Author, person_id: int, face_ids: Sequence[int]) -> int:
    """Record that faces are not this person; they become unsorted.

    All that who sees only themselves may do, and with their own album.

    Raises
    ------
    InvalidInputError
        If no face of the person was chosen.
    NotFoundError, NotAllowedError
    """
    with change_of_room(author.room_id) as change:
        theirs = _faces_of(author, change, person_id)
        chosen = set(_checked_faces(author, change, face_ids, of_own_album=True))
        faces = [face for face in theirs if face in chosen]
        if not faces:
            raise _no_face()
        return change.record(
            CorrectionKind.NOT_THIS_PERSON,
            [_without(theirs, faces), *([face] for face in faces)],
            guest_id=author.guest_id,
            chosen=faces,
            moves=dict.fromkeys(faces, NO_PERSON),
        )


def mark_not_faces(author: Author, face_ids: Sequence[int]) -> int:
    """Mark these as not faces: they leave every page and are never grouped again.

    Their encodings are erased; after an undo, their photos are searched again.

    Raises
    ------
    InvalidInputError
        If no face was chosen.
    NotFoundError, NotAllowedError
    """
    with change_of_room(author.room_id) as change:
        faces = _checked_faces(author, change, face_ids)
        return change.record(
            CorrectionKind.NOT_A_FACE,
            [faces],
            guest_id=author.guest_id,
            chosen=faces,
            moves=dict.fromkeys(faces, NO_PERSON),
        )


def hide_person(author: Author, person_id: int) -> int:
    """Hide a bystander's album from everyone except the host."""
    return _record_of_person(author, person_id, CorrectionKind.HIDE)


def show_person(author: Author, person_id: int) -> int:
    """Show a hidden person's album to everyone again.

    Raises
    ------
    NotAllowedError
        If they asked not to be shown, and are still in the room.
    NotFoundError
    """
    with change_of_room(author.room_id) as change:
        faces = _faces_of(author, change, person_id)
        _check_may_correct(author, change, faces)
        take_back_of_gone(change, person_id)
        return change.record(CorrectionKind.SHOW, [faces], guest_id=author.guest_id)


def choose_cover(author: Author, face_id: int) -> int:
    """Make a face the cover of its person."""
    with change_of_room(author.room_id) as change:
        faces = _checked_faces(author, change, [face_id])
        if change.person_of[face_id] == NO_PERSON:
            raise InvalidInputError("This face doesn't belong to anyone yet.")
        return change.record(CorrectionKind.COVER, [faces], guest_id=author.guest_id, chosen=faces)


def mark_same(
    author: Author, faces: Sequence[int], others: Sequence[int], *, is_sure: bool = False
) -> int:
    """Record that two sides, each a person or an unsorted face, are one person.

    Parameters
    ----------
    author : Author
    faces, others : sequences of int
        One face of each; further faces of the same person make no difference.
    is_sure : bool
        True: they may be in one photo together; the author was asked.

    Raises
    ------
    SamePhotoError
        If they are in one photo together, and not `is_sure`.
    InvalidInputError
        If they already are one person.
    NotFoundError, NotAllowedError
    """
    people, unsorted = _people_of(author, (*faces, *others))
    if len(people) + len(unsorted) < 2:
        raise InvalidInputError("These are already one person. Please take another look.")
    if len(people) == 2:
        return merge_people(author, people[1], people[0], is_sure=is_sure)
    return move_faces(author, unsorted, people[0] if people else None, is_sure=is_sure)


def mark_different(author: Author, faces: Sequence[int], others: Sequence[int]) -> int:
    """Record that two sides, each a person or an unsorted face, are different people.

    Raises
    ------
    InvalidInputError
        If they have become one person.
    NotFoundError, NotAllowedError
    """
    with change_of_room(author.room_id) as change:
        sides = [_whole_side(author, change, side) for side in (faces, others)]
        _check_may_correct(author, change, *sides)
        if sides[0] == sides[1]:
            raise InvalidInputError("These are already one person. Please take another look.")
        return change.record(CorrectionKind.DIFFERENT, sides, guest_id=author.guest_id)


def undo(author: Author, correction_id: int) -> None:
    """Undo a correction; later ones stay.

    Raises
    ------
    NotFoundError
        If the room has no such correction.
    NotAllowedError
        If a guest tries to undo another guest's correction.
    InvalidInputError
        If it was undone already.
    """
    with change_of_room(author.room_id) as change:
        correction = db.session.get(Correction, correction_id)
        is_here = correction is not None and correction.room_id == author.room_id
        if correction is None or not is_here or correction.kind in OF_ONESELF:
            raise NotFoundError("This change no longer exists.")
        if not may_undo(author, correction):
            raise NotAllowedError("Only the host can undo other people's changes.")
        if correction.is_undone:
            raise InvalidInputError("This change is already undone.")
        change.take_back(correction, guest_id=author.guest_id)
        if correction.kind == CorrectionKind.CLOCK:
            undo_shift(author.room_id, correction_id)


def _record_of_person(author: Author, person_id: int, kind: CorrectionKind) -> int:
    with change_of_room(author.room_id) as change:
        faces = _faces_of(author, change, person_id)
        _check_may_correct(author, change, faces)
        return change.record(kind, [faces], guest_id=author.guest_id)


def _checked_faces(
    author: Author, change: Change, face_ids: Sequence[int], *, of_own_album: bool = False
) -> list[int]:
    """Return the chosen faces, each once; refuse any that the author may not correct.

    With ``of_own_album``, who sees only themselves may: any other face was not found.
    """
    faces = sorted(set(face_ids))
    if not faces:
        raise _no_face()
    _check_there(author, change, faces)
    if not (of_own_album and author.sees_only is not None and not author.is_read_only):
        _check_may_correct(author, change, faces)
    return faces


def _check_there(author: Author, change: Change, faces: Sequence[int]) -> None:
    """Refuse faces that the room does not have or the author may not see."""
    is_there = all(face in change.rows and change.rows[face].is_face for face in faces)
    if not is_there or are_hidden(author, {change.person_of[face] for face in faces}):
        raise NotFoundError("One of these faces no longer exists.")


def _faces_of(author: Author, change: Change, person_id: int) -> list[int]:
    """List the faces of a person whom the author may see."""
    if are_hidden(author, {person_id}):
        raise NotFoundError("This person no longer exists.")
    return change.faces_of(person_id)


def _no_face() -> InvalidInputError:
    return InvalidInputError("Please select at least one face.")


def _check_may_correct(author: Author, change: Change, *choices: Sequence[int]) -> None:
    """Refuse an author who may not correct any of these groups of faces as a whole."""
    for faces in choices:
        if author.may_correct([change.rows[face].uploader_id for face in faces]):
            return
    raise NotAllowedError("Only the host can correct faces in photos others uploaded.")


def _whole_side(author: Author, change: Change, faces: Sequence[int]) -> list[int]:
    """Return all faces of the person of the first face, or that face alone."""
    _check_there(author, change, faces)
    person_id = change.person_of[faces[0]]
    return [faces[0]] if person_id == NO_PERSON else change.faces_of(person_id)


def _name_of(person_id: int) -> str | None:
    return db.session.scalar(select(Person.name).where(Person.id == person_id))


def _people_of(author: Author, face_ids: Sequence[int]) -> tuple[list[int], list[int]]:
    """List the people of these faces, named ones first, and the faces without a person."""
    rows = db.session.execute(
        select(Face.id, Person.id, Person.name)
        .join(Photo)
        .outerjoin(Person, Person.id == Face.person_id)
        .where(Photo.room_id == author.room_id, Face.id.in_(face_ids), Face.is_face)
    ).all()
    known = {person_id for _, person_id, _ in rows}
    if len(rows) != len(set(face_ids)) or are_hidden(author, known):
        raise NotFoundError("One of these faces no longer exists.")
    people = {(name is None, person_id) for _, person_id, name in rows if person_id is not None}
    unsorted = [face_id for face_id, person_id, _ in rows if person_id is None]
    return [person_id for _, person_id in sorted(people)], unsorted


def _without(faces: Sequence[int], others: Sequence[int]) -> list[int]:
    gone = set(others)
    return [face for face in faces if face not in gone]
