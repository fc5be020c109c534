"""Clean and update the index of pictures in a JPEG (CIPA DC-007, Multi-Picture Format)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from photoshare.metadata.containers.segments import MAX_PAYLOAD, segment_head
from photoshare.metadata.patches import Patch, UncleanableError, moved
from photoshare.metadata.tiff import Policy, TiffStructure
from photoshare.metadata.tiff_writer import write_tables

NAME = b"MPF\0"
_ENTRIES = 0xB002
_ENTRY = 16  # bytes: attributes, size, offset, and the numbers of two other pictures
_SIZE = 4  # offset of the size within an entry; the offset follows it
_LENGTH = 2  # bytes of the length before a payload, and of the marker before that
# Version, number of pictures, entries, number of frames; the role of each picture in a panorama or
# a pair. Not 0xB003, an id of every picture.
_POLICY = Policy(kept={0xB000, 0xB001, _ENTRIES, 0xB004, *range(0xB101, 0xB20F)})


def clean_index(payload: bytes) -> bytes | None:
    """Remove the ids of the pictures from an index; None if it cannot be read."""
    try:
        tiff = TiffStructure(payload[len(NAME) :], _POLICY)
        if not tiff.is_changed:
            return payload
        head = payload[len(NAME) :][:4] + bytes(4)
        return NAME + write_tables(tiff, head, 4, most=MAX_PAYLOAD - len(NAME))
    except (UncleanableError, struct.error):
        return None


@dataclass(frozen=True, slots=True)
class Index:
    """The index in the first picture of a file.

    Attributes
    ----------
    start, stop : int
        The position of its segment's payload.
    payload : bytes
        The same, cleaned.
    """

    start: int
    stop: int
    payload: bytes

    def pictures(self) -> list[int]:
        """List where the pictures begin in the file; the first at 0."""
        origin = self.start + len(NAME)  # of the offsets: the TIFF header
        return [origin + offset if offset else 0 for _, offset in self._entries()]

    def add_to(self, patches: list[Patch], pictures: dict[int, int]) -> list[Patch]:
        """Update the index to the new offsets; remove it if it lists a picture that is gone.

        Parameters
        ----------
        patches : list of Patch
            All patches of the file, including the one that cleans the index.
        pictures : dict of int to int
            Where each picture begins and ends now.
        """
        segment = self.start - _LENGTH
        if not all(start in pictures for start in self.pictures()):
            others = [patch for patch in patches if patch.start != segment]
            return [*others, Patch(segment - _LENGTH, self.stop)]
        origin = moved(segment, patches) + _LENGTH + len(NAME)
        places = []
        for start in self.pictures():
            place = moved(start, patches)
            places.append((moved(pictures[start], patches) - place, place - origin if start else 0))
        others = [patch for patch in patches if patch.start != segment]
        payload = self._with_entries(places)
        return [*others, Patch(segment, self.stop, segment_head(payload) + payload)]

    def _entries(self) -> list[tuple[int, int]]:
        """Read the size and offset of every picture."""
        order, at, count = self._table()
        starts = (at + _ENTRY * number + _SIZE for number in range(count))
        return [struct.unpack_from(f"{order}II", self.payload, start) for start in starts]

    def _with_entries(self, entries: list[tuple[int, int]]) -> bytes:
        order, at, _ = self._table()
        payload = bytearray(self.payload)
        for number, entry in enumerate(entries):
            struct.pack_into(f"{order}II", payload, at + _ENTRY * number + _SIZE, *entry)
        return bytes(payload)

    def _table(self) -> tuple[str, int, int]:
        """Find where the entries begin in the payload, and how many there are."""
        tiff = TiffStructure(self.payload[len(NAME) :], _POLICY)
        found = [e for table in tiff.tables for e in table.entries if e.tag == _ENTRIES]
        if not found:
            return tiff.order, 0, 0
        return tiff.order, len(NAME) + found[0].start, (found[0].stop - found[0].start) // _ENTRY
