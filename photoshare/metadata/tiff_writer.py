"""Rewrite the tables of a TIFF structure one after another, with nothing in between."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from PIL.ExifTags import Base

from photoshare.metadata.patches import UncleanableError
from photoshare.metadata.tiff import Entry, Table, TiffStructure

_LONG = 4  # the type of a four-byte number


def write_tables(tiff: TiffStructure, head: bytes, pointer: int | None, *, most: int) -> bytes:
    """Write all tables that stay.

    Parameters
    ----------
    head : bytes
        The bytes before them.
    pointer : int or None
        Where in `head` the offset of the first table is to be written, if anywhere.
    most : int
        How many bytes the result may have.

    Raises
    ------
    UncleanableError
        If it needs more because several tags shared one value.
    """
    for alignment in (2, 1):  # values begin at even offsets, unless that takes too much space
        writer = _Writer(tiff, bytearray(head), alignment)
        writer.write_chain(pointer, most)
        if len(writer.out) <= most:
            return bytes(writer.out)
    raise UncleanableError("overlapping values")


@dataclass(slots=True)
class _Writer:
    tiff: TiffStructure
    out: bytearray
    alignment: int

    def write_chain(self, pointer: int | None, most: int) -> None:
        for table in self.tiff.chain:
            start = self._align()
            if pointer is not None:
                self._pack("I", pointer, start)
            pointer = self._write_table(table, most)

    def _write_table(self, table: Table, most: int) -> int:
        """Write a table with all it points to; return where the offset of the next one goes."""
        start = len(self.out)
        entries = table.entries
        self.out += bytes(2 + 12 * len(entries) + 4)
        self._pack("H", start, len(entries))
        for number, entry in enumerate(entries):
            if len(self.out) > most:
                break  # tags that share one value could take gigabytes
            kind, count, value = self._value(entry, entries, most)
            if len(value) > 4:
                place = self._append(value)
                value = struct.pack(self.tiff.order + "I", place)
            self._pack("HHI4s", start + 2 + 12 * number, entry.tag, kind, count, value)
        return start + 2 + 12 * len(entries)

    def _value(self, entry: Entry, entries: list[Entry], most: int) -> tuple[int, int, bytes]:
        """Write what a value points to; return its type, its count and its bytes."""
        kind, count = struct.unpack_from(self.tiff.order + "HI", entry.raw, 2)
        if entry.tables:
            offsets = []
            for table in entry.tables:
                offsets.append(self._align())
                self._write_table(table, most)
            return self._offsets(offsets)
        if entry.thumbnail is not None:
            return self._offsets([self._append(entry.thumbnail)])
        if entry.pixels:
            if sum(stop - start for start, stop in entry.pixels) > most:
                raise UncleanableError("overlapping pixels")
            parts = [bytes(self.tiff.data[start:stop]) for start, stop in entry.pixels]
            return self._offsets([self._append(part) for part in parts])
        if entry.tag == Base.JpegIFByteCount:
            return self._offsets([len(e.thumbnail) for e in entries if e.thumbnail is not None])
        if entry.cleaned is None:
            return kind, count, bytes(self.tiff.data[entry.start : entry.stop])
        size = (entry.stop - entry.start) // count  # of one number; texts count bytes
        padded = entry.cleaned + bytes(-len(entry.cleaned) % size)
        return kind, len(padded) // size, padded

    def _offsets(self, numbers: list[int]) -> tuple[int, int, bytes]:
        packed = struct.pack(f"{self.tiff.order}{len(numbers)}I", *numbers)
        return _LONG, len(numbers), packed

    def _align(self) -> int:
        self.out += bytes(-len(self.out) % self.alignment)
        return len(self.out)

    def _append(self, content: bytes) -> int:
        place = self._align()
        self.out += content
        return place

    def _pack(self, code: str, offset: int, *values: int | bytes) -> None:
        struct.pack_into(self.tiff.order + code, self.out, offset, *values)
