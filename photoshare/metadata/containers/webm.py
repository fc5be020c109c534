"""Clean WebM in place: tags, titles, chapters and attachments become empty elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from photoshare.metadata.containers.movie import zeroed
from photoshare.metadata.patches import Buffer, Patch, UncleanableError

_EBML, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
_SEEK_HEAD, _SEEK, _SEEK_ID = 0x114D9B74, 0x4DBB, 0x53AB
_INFO, _TRACKS, _TRACK, _CUES = 0x1549A966, 0x1654AE6B, 0xAE, 0x1C53BB6B
_TAGS, _ATTACHMENTS, _CHAPTERS = 0x1254C367, 0x1941A469, 0x1043A770
_VOID, _CHECKSUM, _TRACK_TYPE = 0xEC, 0xBF, 0x83
_PLAYED = (_SEEK_HEAD, _INFO, _TRACKS, _CUES, _CLUSTER)
_TOP = (*_PLAYED, _TAGS, _ATTACHMENTS, _CHAPTERS)
# Of the file: how fast its clock is, its length, when it was made, by which program.
_OF_INFO = (0x2AD7B1, 0x4489, 0x4461, 0x4D80, 0x5741)
_TITLES_OF_TRACKS = (0x536E,)
_PLAYED_TRACKS = (1, 2)  # pictures and sound
# A recording of ten minutes by a browser: 60 pictures and 50 sounds a second.
MAX_ELEMENTS = 500_000


@dataclass(frozen=True, slots=True)
class _Element:
    number: int  # its EBML id
    at: int  # of its head
    start: int  # of its content
    stop: int
    is_open: bool  # has no length: a live recording


def webm_patches(data: Buffer) -> Iterator[Patch]:
    """Find the changes to a WebM file.

    Raises
    ------
    UncleanableError
        If its elements don't follow RFC 8794.
    """
    try:
        yield from _Cleaning(data).run()
    except IndexError as error:
        raise UncleanableError("a damaged element") from error


class _Cleaning:
    def __init__(self, data: Buffer) -> None:
        self._data = data
        self._count = 0

    def run(self) -> Iterator[Patch]:
        head = self._element(0, len(self._data))
        segment = self._element(head.stop, len(self._data))
        if (head.number, segment.number) != (_EBML, _SEGMENT):
            raise UncleanableError("no segment behind the head")
        for element in self._children(segment):
            yield from self._clean(element)
        if segment.stop < len(self._data):
            yield Patch(segment.stop, len(self._data))

    def _clean(self, element: _Element) -> Iterator[Patch]:
        if element.number == _CLUSTER:
            return
        if element.number == _VOID:
            yield from zeroed(self._data, element.start, element.stop)
        elif element.number not in _PLAYED:
            yield from self._voided(element)
        elif element.number == _SEEK_HEAD:
            yield from self._clean_list(element, self._leads_nowhere)
        elif element.number == _INFO:
            yield from self._clean_list(element, lambda child: child.number not in _OF_INFO)
        elif element.number == _TRACKS:
            for track in self._children(element):
                if track.number == _TRACK:
                    yield from self._clean_track(track)
                else:
                    yield from self._voided(track)

    def _clean_list(
        self, parent: _Element, is_unwanted: Callable[[_Element], bool]
    ) -> Iterator[Patch]:
        for child in self._children(parent):
            if child.number in (_VOID, _CHECKSUM) or is_unwanted(child):
                yield from self._voided(child)

    def _clean_track(self, track: _Element) -> Iterator[Patch]:
        for child in self._children(track):
            if child.number == _TRACK_TYPE:
                kind = int.from_bytes(self._data[child.start : child.stop])
                if kind not in _PLAYED_TRACKS:
                    raise UncleanableError("a data track")
            elif child.number in (_VOID, _CHECKSUM, *_TITLES_OF_TRACKS):
                yield from self._voided(child)

    def _leads_nowhere(self, seek: _Element) -> bool:
        """Whether an entry of the list of parts names one that is removed."""
        if seek.number != _SEEK:
            return True
        ids = [
            int.from_bytes(self._data[child.start : child.stop])
            for child in self._children(seek)
            if child.number == _SEEK_ID
        ]
        return not ids or ids[0] not in _PLAYED

    def _voided(self, element: _Element) -> Iterator[Patch]:
        """Turn an element into an empty one of the same size."""
        if element.is_open:
            raise UncleanableError("an element without a length")
        size = element.stop - element.at
        if size < 10:
            head = bytes((_VOID, 0x80 | (size - 2)))
        else:
            head = bytes((_VOID, 1)) + (size - 9).to_bytes(7)
        if bytes(self._data[element.at : element.at + len(head)]) != head:
            yield Patch(element.at, element.at + len(head), head)
        yield from zeroed(self._data, element.at + len(head), element.stop)

    def _children(self, parent: _Element) -> Iterator[_Element]:
        at = parent.start
        while at < parent.stop:
            child = self._element(at, parent.stop)
            if parent.number == _CLUSTER and child.number in _TOP:
                return
            yield child
            at = self._end_of(child)

    def _end_of(self, element: _Element) -> int:
        """Return where an element ends; for one without a length, where the next one begins."""
        if not element.is_open:
            return element.stop
        if element.number != _CLUSTER:
            raise UncleanableError("an element without a length")
        end = element.start
        for block in self._children(element):
            end = block.stop
        return end

    def _element(self, at: int, limit: int) -> _Element:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise UncleanableError("too many elements")
        number, start = self._number(at, with_mark=True)
        size, start = self._number(start, with_mark=False)
        is_open = size == -1
        stop = limit if is_open else start + size
        if stop > limit:
            raise UncleanableError("an element of an impossible size")
        return _Element(number, at, start, stop, is_open)

    def _number(self, at: int, *, with_mark: bool) -> tuple[int, int]:
        """Read a number of EBML, and where it ends; -1 for a length that is unknown."""
        first = self._data[at]
        width = 9 - first.bit_length()
        if width > (4 if with_mark else 8) or at + width > len(self._data):
            raise UncleanableError("a damaged element")
        value = int.from_bytes(self._data[at : at + width])
        if with_mark:
            return value, at + width
        value -= 1 << 7 * width
        return (-1 if value == (1 << 7 * width) - 1 else value), at + width
