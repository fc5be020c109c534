"""Clean WebM in place: tags, titles, chapters and attachments become empty elements."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from photoshare.metadata.containers.movie import zeroed
from photoshare.metadata.patches import Buffer, Patch, UncleanableError

_EBML, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
_SEEK_HEAD, _SEEK, _SEEK_ID = 0x114D9B74, 0x4DBB, 0x53AB
_INFO, _TRACKS, _TRACK, _CUES = 0x1549A966, 0x1654AE6B, 0xAE, 0x1C53BB6B
_TAGS, _ATTACHMENTS, _CHAPTERS = 0x1254C367, 0x1941A469, 0x1043A770
_VOID, _TRACK_TYPE = 0xEC, 0x83
_PLAYED = (_SEEK_HEAD, _INFO, _TRACKS, _CUES, _CLUSTER)
_TOP = (*_PLAYED, _TAGS, _ATTACHMENTS, _CHAPTERS)
# What stays in each element of elements (RFC 9559); some readers find a tag in any of them.
_WITHIN: dict[int, Collection[int]] = {
    # Of the file: how fast its clock is, its length, when it was made, by which program.
    _INFO: (0x2AD7B1, 0x4489, 0x4461, 0x4D80, 0x5741),
    _TRACKS: (_TRACK,),
    # Not what people call a track.
    _TRACK: (
        *(0xD7, 0x73C5, _TRACK_TYPE, 0xB9, 0x88, 0x55AA, 0x55AB, 0x55AC, 0x55AD, 0x55AE, 0x55AF),
        *(0x9C, 0x6DE7, 0x6DF8, 0x23E383, 0x234E7A, 0x23314F, 0x55EE, 0x41E4, 0x22B59C, 0x22B59D),
        *(0x86, 0x63A2, 0xAA, 0x6FAB, 0x56AA, 0x56BB, 0xE0, 0xE1, 0x6D80),
    ),
    0x41E4: (0x41F0, 0x41A4, 0x41E7, 0x41ED),
    0xE0: (  # of pictures
        *(0x9A, 0x9D, 0x53B8, 0x53C0, 0x53B9, 0xB0, 0xBA, 0x54AA, 0x54BB, 0x54CC, 0x54DD, 0x54B0),
        *(0x54BA, 0x54B2, 0x54B3, 0x2EB524, 0x2FB523, 0x2383E3, 0x55B0, 0x7670),
    ),
    0x55B0: (*range(0x55B1, 0x55BE), 0x55D0),
    0x55D0: range(0x55D1, 0x55DB),
    0x7670: range(0x7671, 0x7676),
    0xE1: (0xB5, 0x78B5, 0x9F, 0x7D7B, 0x6264, 0x52F1),  # of sound
    0x6D80: (0x6240,),
    0x6240: (0x5031, 0x5032, 0x5033, 0x5034),
    0x5034: (0x4254, 0x4255),
    _CUES: (0xBB,),
    0xBB: (0xB3, 0xB7),
    0xB7: (0xF7, 0xF1, 0xF0, 0xB2, 0x5378, 0xEA, 0xDB),
    0xDB: (0x96,),
    _CLUSTER: (0xE7, 0xA3, 0xA0, 0xA7, 0xAB),
    0xA0: (0xA1, 0x9B, 0xFA, 0xFB, 0xA4, 0x75A2, 0x75A1),
    0x75A1: (0xA6,),
    0xA6: (0xA5, 0xEE),
}
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
        has_pictures = False
        for element in self._children(segment):
            has_pictures |= element.number == _CLUSTER
            yield from self._clean(element)
        if not has_pictures:  # players find them in a damaged element, which became an empty one
            raise UncleanableError("no cluster")
        if segment.stop < len(self._data):
            yield Patch(segment.stop, len(self._data))

    def _clean(self, element: _Element) -> Iterator[Patch]:
        if element.number == _VOID:
            yield from zeroed(self._data, element.start, element.stop)
        elif element.number not in _PLAYED:
            yield from self._voided(element)
        elif element.number == _SEEK_HEAD:
            for child in self._children(element):
                if self._leads_nowhere(child):
                    yield from self._voided(child)
        else:
            yield from self._clean_inside(element)

    def _clean_inside(self, parent: _Element) -> Iterator[Patch]:
        for child in self._children(parent):
            if child.number not in _WITHIN[parent.number]:
                yield from self._voided(child)
            elif child.number in _WITHIN:
                yield from self._clean_inside(child)
            elif child.number == _TRACK_TYPE:
                kind = int.from_bytes(self._data[child.start : child.stop])
                if kind not in _PLAYED_TRACKS:
                    raise UncleanableError("a data track")

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
