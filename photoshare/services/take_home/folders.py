"""Name the files of a room file: a folder for every day, or for every person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from photoshare.services.downloads.file_names import original_name, safe_name, unique_names
from photoshare.services.take_home.room_file import PHOTO_FOLDER, Choice, Folders


@dataclass(frozen=True, slots=True)
class FiledPhoto:
    """What names a photo's files: its own name and format, when it was, and who is on it."""

    file_name: str
    image_format: str
    moment: datetime
    people: AbstractSet[int]


def name_files(
    photos: Sequence[FiledPhoto], names: Mapping[int, str | None], choice: Choice
) -> list[list[str]]:
    """Name the files of every photo in the zip.

    Parameters
    ----------
    photos : sequence of FiledPhoto
    names : mapping of person id to name
        Of everyone who is on a photo.
    choice : Choice

    Returns
    -------
    list of lists of str
        For each photo one name, or by person one for everyone on it.
    """
    folders = _folders_of_people(names, choice)
    wanted = [
        [
            f"{PHOTO_FOLDER}/{folder}/{original_name(photo.file_name, photo.image_format)}"
            for folder in _folders(photo, folders, choice)
        ]
        for photo in photos
    ]
    unique = iter(unique_names([name for names_of in wanted for name in names_of]))
    return [[next(unique) for _ in names_of] for names_of in wanted]


def _folders(photo: FiledPhoto, of_people: Mapping[int, str], choice: Choice) -> list[str]:
    if choice.by is Folders.DAY:
        return [photo.moment.date().isoformat()]
    return [of_people[person] for person in sorted(photo.people)] or [safe_name(choice.nobody)]


def _folders_of_people(names: Mapping[int, str | None], choice: Choice) -> dict[int, str]:
    """Give everyone a folder of their own, namesakes as well; none that of nobody."""
    numbers = {person: place for place, person in enumerate(sorted(names), 1)}
    wanted = [safe_name(choice.nobody)]
    for person in sorted(names):
        wanted.append(safe_name(names[person] or choice.unnamed % {"number": numbers[person]}))
    # With an ending, which names get their numbers before: these are none of files.
    unique = [name[:-1] for name in unique_names([f"{name}." for name in wanted])]
    return dict(zip(sorted(names), unique[1:], strict=True))
