"""Texts that describe a picture: XMP packets, IPTC records, Photoshop's resource blocks.

Every function returns as many bytes as it was given.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from xml.parsers import expat

# Local names of XMP properties that tell where or with which single device a photo was taken:
# those of the Exif, IPTC, Photoshop, aux, DJI and W3C geo namespaces, and whatever is named alike.
SENSITIVE_NAME = re.compile(
    r"gps|serial|latitude|longitude|altitude|location|ownername|makernote|geotag|"
    r"^(lat|lon|long|city|state|provincestate|country(code|name)?|worldregion|\w*sn)$",
    re.IGNORECASE,
)
EMPTY_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
_START_TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
_ATTRIBUTE = re.compile(rb"""\s([^\s=<>/"']+)\s*=\s*("[^"]*"|'[^']*')""")
# Location of IPTC's Information Interchange Model 4.2, record 2: content location code and name,
# city, sublocation, province, country code and name.
_IIM_PLACES = {(2, number) for number in (26, 27, 90, 92, 95, 100, 101)}
_IIM_MARKER = 0x1C
_RESOURCE_SIGNATURES = (b"8BIM", b"PHUT", b"DCSR", b"AgHg", b"MeSa")
_IPTC_RESOURCE, _EXIF_RESOURCES, _XMP_RESOURCE = 0x0404, (0x0422, 0x0423), 0x0424


def is_sensitive(qualified_name: str) -> bool:
    """Whether an XMP property of this name (``exif:GPSLatitude``) is to go."""
    return SENSITIVE_NAME.search(qualified_name.rpartition(":")[2]) is not None


def clean_xmp(packet: bytes) -> bytes:
    """Blank the sensitive properties of an XMP packet; all of it, where it cannot be parsed."""
    text = packet.rstrip(b"\0")
    try:
        cleaned = _blank(text)
        if _blank(cleaned) == cleaned:
            return cleaned.ljust(len(packet), b" ")
    except (expat.ExpatError, ValueError):
        pass
    return (EMPTY_XMP if len(packet) >= len(EMPTY_XMP) else b"").ljust(len(packet), b" ")


def _blank(packet: bytes) -> bytes:
    """Overwrite the sensitive elements and attributes of an XML text with spaces."""
    cleaned = bytearray(packet)
    opened: list[tuple[int, bool]] = []  # where each open element begins, and whether it is to go
    parser = expat.ParserCreate("utf-8")  # whatever the text says: no other coding hides a name

    def blank(start: int, stop: int) -> None:
        cleaned[start:stop] = b" " * (stop - start)

    def start_element(name: str, _attributes: dict[str, str]) -> None:
        start = parser.CurrentByteIndex
        opened.append((start, is_sensitive(name)))
        tag = _START_TAG.match(packet, start)
        if tag is None:
            raise ValueError("a tag that expat and we read differently")
        for attribute in _ATTRIBUTE.finditer(packet, start, tag.end()):
            if is_sensitive(attribute[1].decode()):
                blank(*attribute.span())

    def end_element(_name: str) -> None:
        start, is_to_go = opened.pop()
        if is_to_go:
            tag = _START_TAG.match(packet, start)
            is_empty = tag is not None and tag[0].endswith(b"/>")
            end = tag if is_empty else _START_TAG.match(packet, parser.CurrentByteIndex)
            if end is None:
                raise ValueError("a tag that expat and we read differently")
            blank(start, end.end())

    def refuse(*_arguments: object) -> None:
        raise ValueError("XMP has no document type")

    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(packet, True)
    return bytes(cleaned)


def clean_iim(record: bytes) -> bytes:
    """Blank the places of an IPTC record; what follows a part that cannot be read becomes zeros."""
    cleaned = bytearray(len(record))
    at = 0
    while at + 5 <= len(record) and record[at] == _IIM_MARKER:
        name = (record[at + 1], record[at + 2])
        size = struct.unpack_from(">H", record, at + 3)[0]
        stop = at + 5 + size
        if size >= 0x8000 or stop > len(record):  # 0x8000 and more: an extended size, not in use
            break
        cleaned[at:stop] = record[at:stop]
        if name in _IIM_PLACES:
            cleaned[at + 5 : stop] = b" " * size
        at = stop
    return bytes(cleaned)


def clean_resources(blocks: bytes, clean_exif: Callable[[bytes], bytes]) -> bytes:
    """Clean Photoshop's image resource blocks; what cannot be read becomes zeros."""
    cleaned = bytearray(len(blocks))
    at = 0
    while blocks[at : at + 4] in _RESOURCE_SIGNATURES and at + 7 <= len(blocks):
        kind = struct.unpack_from(">H", blocks, at + 4)[0]
        name_size = blocks[at + 6] + 1
        start = at + 6 + name_size + name_size % 2 + 4
        if start > len(blocks):
            break
        size = struct.unpack_from(">I", blocks, start - 4)[0]
        if start + size > len(blocks):
            break
        stop = min(start + size + size % 2, len(blocks))
        cleaned[at:stop] = blocks[at:stop]
        value = blocks[start : start + size]
        if kind == _IPTC_RESOURCE:
            cleaned[start : start + size] = clean_iim(value)
        elif kind == _XMP_RESOURCE:
            cleaned[start : start + size] = clean_xmp(value)
        elif kind in _EXIF_RESOURCES:
            cleaned[start : start + size] = clean_exif(value)
        at = stop
    return bytes(cleaned)
