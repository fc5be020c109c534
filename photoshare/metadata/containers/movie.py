"""Clean MP4, MOV and 3GP in place: their metadata becomes free space of the same size.

No byte moves: tables point to where in the file each frame is. Pictures and sound stay as they
are. Tracks of other things, such as the places an action camera passed, go with their samples.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from photoshare.metadata.patches import Buffer, Patch, UncleanableError, replace

# What is needed to play a clip, by the box it is in; whatever else is there becomes free space.
_FREE = (b"free", b"skip", b"wide")
_PLAYED = {
    b"": (b"ftyp", b"styp", b"moov", b"mdat", b"moof", b"mfra", b"sidx", b"ssix", b"pdin"),
    b"moov": (b"mvhd", b"trak", b"mvex", b"iods"),
    b"trak": (b"tkhd", b"edts", b"mdia", b"tref", b"tapt", b"txas", b"load"),
    b"mdia": (b"mdhd", b"hdlr", b"minf", b"elng"),
    b"minf": (b"vmhd", b"smhd", b"nmhd", b"sthd", b"gmhd", b"hdlr", b"dinf", b"stbl"),
    b"moof": (b"mfhd", b"traf"),
    b"stbl": (
        *(b"stsd", b"stts", b"ctts", b"cslg", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"stss"),
        *(b"stps", b"stsh", b"padb", b"stdp", b"sdtp", b"sbgp", b"sgpd", b"subs", b"saiz", b"saio"),
    ),
    b"edts": (b"elst",),
    b"dinf": (b"dref",),
    b"mvex": (b"mehd", b"trex", b"leva", b"trep"),
    b"traf": (b"tfhd", b"tfdt", b"trun", b"sdtp", b"sbgp", b"sgpd", b"subs", b"saiz", b"saio"),
}
_CONTAINERS = (
    *(b"moov", b"trak", b"mdia", b"minf", b"moof", b"traf", b"stbl", b"edts", b"dinf", b"mvex"),
)
_PLAYED_TRACKS = (b"vide", b"soun", b"auxv")
_BLOCK = 1 << 20  # bytes looked at together
MAX_BOXES = 100_000  # a clip of ten minutes in small fragments has some 50,000
MAX_SAMPLES = 2_000_000  # of a track; a sensor that speaks a thousand times a second


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    at: int  # of its head
    start: int  # of its content
    stop: int


def movie_patches(data: Buffer) -> Iterator[Patch]:
    """Find the changes to an MP4, MOV or 3GP file.

    Raises
    ------
    UncleanableError
        If its boxes don't follow ISO 14496-12.
    """
    try:
        yield from _Cleaning(data).run()
    except (struct.error, IndexError) as error:
        raise UncleanableError("a damaged box") from error


class _Cleaning:
    """One walk over the boxes of a file."""

    def __init__(self, data: Buffer) -> None:
        self._data = data
        self._count = 0

    def run(self) -> Iterator[Patch]:
        boxes = list(self._top_boxes())
        if not any(box.kind == b"moov" for box in boxes):
            raise UncleanableError("no list of tracks")
        tracks = [
            (child, not self._is_data_track(child))
            for box in boxes
            if box.kind == b"moov"
            for child in self._boxes(box.start, box.stop)
            if child.kind == b"trak"
        ]
        played = [track for track, is_played in tracks if is_played]
        is_in_fragments = any(box.kind == b"moof" for box in boxes)
        if is_in_fragments and len(played) < len(tracks):
            raise UncleanableError("a data track in fragments")
        for box in boxes:
            yield from self._clean(box, b"")
        self._check_played(boxes, played)
        if not is_in_fragments:
            yield from self._unused_parts(boxes, tracks)
        if boxes[-1].stop < len(self._data):
            yield Patch(boxes[-1].stop, len(self._data))

    def _top_boxes(self) -> Iterator[_Box]:
        """List the boxes of the file, up to anything that was appended."""
        try:
            yield from self._boxes(0, len(self._data))
        except (UncleanableError, struct.error):
            if self._count > MAX_BOXES:
                raise

    def _boxes(self, start: int, stop: int) -> Iterator[_Box]:
        while start + 8 <= stop:
            size, kind = struct.unpack_from(">I4s", self._data, start)
            head = 8
            if size == 1:
                size, head = struct.unpack_from(">Q", self._data, start + 8)[0], 16
            elif size == 0:
                size = stop - start
            if size < head or start + size > stop:
                raise UncleanableError("a box of an impossible size")
            self._count += 1
            if self._count > MAX_BOXES:
                raise UncleanableError("too many boxes")
            yield _Box(kind, start, start + head, start + size)
            start += size

    def _clean(self, box: _Box, parent: bytes) -> Iterator[Patch]:
        if box.kind in _FREE:
            yield from zeroed(self._data, box.start, box.stop)
        elif box.kind not in _PLAYED[parent] or self._is_data_track(box):
            yield from self._freed(box)
        elif box.kind in _CONTAINERS:
            for child in self._boxes(box.start, box.stop):
                yield from self._clean(child, box.kind)

    def _freed(self, box: _Box) -> Iterator[Patch]:
        yield from replace(box.at + 4, bytes(self._data[box.at + 4 : box.at + 8]), b"free")
        yield from zeroed(self._data, box.start, box.stop)

    def _inside(self, box: _Box, *kinds: bytes) -> _Box | None:
        """Find a box within boxes, by the kinds on the way."""
        for kind in kinds:
            found = [child for child in self._boxes(box.start, box.stop) if child.kind == kind]
            if not found:
                return None
            if len(found) > 1:
                raise UncleanableError("two boxes, either of which a player may use")
            box = found[0]
        return box

    def _is_data_track(self, box: _Box) -> bool:
        """Whether it is a track of something else than pictures and sound."""
        if box.kind != b"trak":
            return False
        handler = self._inside(box, b"mdia", b"hdlr")
        where = slice(0, 0) if handler is None else slice(handler.start + 8, handler.start + 12)
        return bytes(self._data[where]) not in _PLAYED_TRACKS

    def _check_played(self, boxes: list[_Box], played: list[_Box]) -> None:
        """Refuse a clip that plays what is in a box that becomes free space."""
        freed = [box for box in boxes if box.kind in _FREE or box.kind not in _PLAYED[b""]]
        for track in played if freed else ():
            for offset, _ in self._chunks(self._tables_of(track)):
                if any(box.at <= offset < box.stop for box in freed):
                    raise UncleanableError("pictures where none can be")

    def _unused_parts(self, boxes: list[_Box], tracks: list[tuple[_Box, bool]]) -> Iterator[Patch]:
        """Blank what no picture or sound is in: samples of tracks not played, or of none."""
        chunks = [
            (offset, length, is_played)
            for track, is_played in tracks
            for offset, length in self._chunks_of(track)
        ]
        chunks.sort(key=lambda chunk: chunk[0])
        following = [offset for offset, *_ in chunks[1:]] + [len(self._data)]
        used = [
            (offset, following[number] if length is None else offset + length)
            for number, (offset, length, is_played) in enumerate(chunks)
            if is_played
        ]
        for box in boxes:
            if box.kind == b"mdat":
                for start, stop in _gaps(used, box):
                    yield from zeroed(self._data, start, stop)

    def _tables_of(self, track: _Box) -> dict[bytes, _Box]:
        """Find the tables that say where the samples of a track are, by kind."""
        table = self._inside(track, b"mdia", b"minf", b"stbl")
        boxes = () if table is None else self._boxes(table.start, table.stop)
        return {box.kind: box for box in boxes}

    def _chunks_of(self, track: _Box) -> Iterator[tuple[int, int | None]]:
        """List where the chunks of a track begin, and how long they are; None: that isn't said."""
        boxes = self._tables_of(track)
        ends = self._ends_of_samples(boxes)
        first = 0
        for offset, count in self._chunks(boxes):
            stop = first + count
            is_known = ends is not None and stop < len(ends)
            yield offset, ends[stop] - ends[first] if ends and is_known else None
            first = stop

    def _ends_of_samples(self, boxes: dict[bytes, _Box]) -> list[int] | None:
        """Add up the sizes of a track's samples; None where they aren't listed one by one.

        If all have one size, it may be another than they really have: QuickTime counts the bytes
        of one channel, or pictures of sound by the thousand.
        """
        box = boxes.get(b"stsz")
        if box is None:
            return None
        size, count = struct.unpack_from(">II", self._data, box.start + 4)
        if size:
            return None
        if count > MAX_SAMPLES:
            raise UncleanableError("a track with too many samples")
        sizes = struct.unpack_from(f">{count}I", self._data, box.start + 12)
        return list(accumulate(sizes, initial=0))

    def _chunks(self, boxes: dict[bytes, _Box]) -> Iterator[tuple[int, int]]:
        """List where each chunk of a track begins, and how many samples are in it."""
        places = boxes.get(b"stco") or boxes.get(b"co64")
        runs = boxes.get(b"stsc")
        if places is None or runs is None:
            return
        (count,) = struct.unpack_from(">I", self._data, places.start + 4)
        (run_count,) = struct.unpack_from(">I", self._data, runs.start + 4)
        if max(count, run_count) > MAX_SAMPLES:
            raise UncleanableError("a track with too many chunks")
        letter = "I" if places.kind == b"stco" else "Q"
        offsets = struct.unpack_from(f">{count}{letter}", self._data, places.start + 8)
        entries = [
            struct.unpack_from(">II", self._data, runs.start + 8 + 12 * number)
            for number in range(run_count)
        ]
        each = 0
        entries.reverse()
        for number, offset in enumerate(offsets, 1):
            while entries and entries[-1][0] <= number:
                each = entries.pop()[1]
            yield offset, each


def _gaps(used: list[tuple[int, int]], box: _Box) -> Iterator[tuple[int, int]]:
    """List the parts of a box that are in none of some parts of the file, which are in order."""
    at = box.start
    for start, stop in used:
        if at < start:
            yield at, min(start, box.stop)
        at = max(at, stop)
        if at >= box.stop:
            return
    yield at, box.stop


def zeroed(data: Buffer, start: int, stop: int) -> Iterator[Patch]:
    """Make the patch that turns a part of any size into zeros; none if it already is."""
    for at in range(start, stop, _BLOCK):
        if bytes(data[at : min(at + _BLOCK, stop)]).strip(b"\0"):
            yield Patch(start, stop, None)
            return
