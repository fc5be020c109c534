"""What a room file is: its version, its tables and its limits (docs/take-home.md)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

FORMAT = "photoshare-room"  # what room.json says it is
VERSION = 1  # a reader refuses newer ones; older ones are to be read for ever
FOLDER, PHOTO_FOLDER = "room", "photos"  # in the zip
ROOM = f"{FOLDER}/room.json"
GUESTS, PEOPLE, PHOTOS, FACES, CORRECTIONS, HEARTS = (
    f"{FOLDER}/{name}.jsonl"
    for name in ("guests", "people", "photos", "faces", "corrections", "hearts")
)
CLOCKS = f"{FOLDER}/clocks.jsonl"  # not in files of former versions
TABLES = (GUESTS, PEOPLE, FACES, CORRECTIONS, HEARTS, PHOTOS)  # in the order of the zip
SIDECAR_ENDING = ".xmp"

# Limits of what is read: several times what the largest room that we measure has (20,000 photos
# with 60,000 faces). An encoding of 512 numbers takes 2.7 KB of a line; a merge of two people with
# 20,000 faces each is a line of 1.5 MB.
MAX_ROOM_BYTES = 1 << 20
MAX_LINE_BYTES = 16 << 20
MAX_TABLE_BYTES = 4 << 30
MAX_ENTRIES = 2_000_000  # files in the zip
MAX_ROWS = 2_000_000  # of a table
MAX_ENCODING = 4096  # numbers


class Folders(StrEnum):
    """By what the originals are sorted into folders."""

    DAY = "day"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Choice:
    """What a host chose for a room file.

    Attributes
    ----------
    by : Folders
    has_encodings : bool
        With face encodings, another server knows the same people at once; without, it searches the
        photos again, and the corrections stay with the faces that it finds at the same places.
    unnamed, nobody : str
        Names of folders: of a person without a name, with ``%(number)s``; of photos of nobody.
    """

    by: Folders = Folders.DAY
    has_encodings: bool = True
    unnamed: str = "Person %(number)s"
    nobody: str = "Nobody"

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def choice_of(values: dict[str, Any]) -> Choice:
    """Read what `Choice.as_json` returned."""
    return Choice(**values | {"by": Folders(values["by"])})
