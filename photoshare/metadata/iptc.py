"""Clean IPTC records, and the Photoshop resource blocks that contain them.

No function returns more bytes than it was given.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from photoshare.metadata.xmp import clean_xmp

# Of IPTC's Information Interchange Model 4.2: the character coding; versions, title, urgency,
# dates and times, program, headline, caption, orientation. Everything else names people,
# locations or the picture itself; so do keywords, where Lightroom and digiKam list who is in it.
_HARMLESS_RECORDS = {(1, 0), (1, 90)} | {
    (2, number) for number in (0, 5, 10, 55, 60, 62, 63, 65, 70, 105, 120, 131)
}
_IIM_MARKER = 0x1C
_SIGNATURES = (b"8BIM", b"PHUT", b"DCSR", b"AgHg", b"MeSa")
_IPTC, _EXIF, _XMP = 0x0404, (0x0422, 0x0423), 0x0424
_HARMLESS_RESOURCES = (0x03ED, 0x040F)  # resolution, ICC profile


def clean_iim(record: bytes) -> bytes:
    """Keep the harmless parts of an IPTC record, up to one that cannot be read."""
    kept = []
    at = 0
    while at + 5 <= len(record) and record[at] == _IIM_MARKER:
        stop = at + 5 + struct.unpack_from(">H", record, at + 3)[0]
        # 0x8000 and above is an extended size, which is not used; such a record ends outside, too.
        if record[at + 3] >= 0x80 or stop > len(record):
            break
        if (record[at + 1], record[at + 2]) in _HARMLESS_RECORDS:
            kept.append(record[at:stop])
        at = stop
    return b"".join(kept)


def clean_resources(blocks: bytes, clean_exif: Callable[[bytes, int], bytes]) -> bytes:
    """Keep the harmless ones of Photoshop's image resource blocks, up to a damaged one."""
    kept = []
    at = 0
    while blocks[at : at + 4] in _SIGNATURES and at + 7 <= len(blocks):
        kind = struct.unpack_from(">H", blocks, at + 4)[0]
        name_size = blocks[at + 6] + 1
        start = at + 6 + name_size + name_size % 2 + 4
        if start > len(blocks):
            break
        size = struct.unpack_from(">I", blocks, start - 4)[0]
        if start + size > len(blocks):
            break
        value = blocks[start : start + size]
        if kind == _IPTC:
            value = clean_iim(value)
        elif kind == _XMP:
            value = clean_xmp(value)
        elif kind in _EXIF:
            value = clean_exif(value, size)
        if value and (kind in (_IPTC, _XMP, *_EXIF, *_HARMLESS_RESOURCES)):
            head = blocks[at : at + 6] + b"\0\0" + struct.pack(">I", len(value))  # without a name
            kept.append(head + value + bytes(len(value) % 2))
        at = start + size + size % 2
    return b"".join(kept)[: len(blocks)]  # some writers omit the zero after an odd last block
