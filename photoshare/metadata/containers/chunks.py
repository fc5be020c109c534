"""Clean formats made of chunks, PNG, WebP and GIF, by cutting metadata out."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from photoshare.metadata.exif import clean_exif
from photoshare.metadata.patches import Buffer, Patch, UncleanableError, replace
from photoshare.metadata.xmp import clean_xmp

_PNG_HARMLESS = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT tIME "
    b"acTL fcTL fdAT oFFs sCAL sTER vpAg iDOT".split()
)
_PNG_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_PNG_XMP = b"XML:com.adobe.xmp\0"
_PNG_KEYWORDS = (
    *(b"title", b"description", b"creation time", b"software"),
    *(b"date:create", b"date:modify", b"date:timestamp"),  # written by ImageMagick
)
_WEBP_HARMLESS = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP")
_SPARE = 1000  # bytes by which an Exif block may grow if several tags shared one value
_GIF_APPLICATIONS = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
_GIF_HARMLESS = (0x01, 0xF9)  # plain text, graphic control
_GIF_XMP = b"XMP DataXMP"
_GIF_XMP_TRAILER = b"\x01\xff\xfe"  # and so on down to zero: 258 bytes


def png_patches(data: Buffer) -> Iterator[Patch]:
    """Find the changes to a PNG file; a changed chunk gets a new checksum."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise UncleanableError("not a PNG")
    at = 8
    kind = b""
    while kind != b"IEND" and at + 12 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4]), bytes(data[at + 4 : at + 8])
        stop = at + 12 + size
        if stop > len(data):
            raise UncleanableError("a chunk of an impossible length")
        if kind not in _PNG_HARMLESS:
            content = bytes(data[at + 8 : stop - 4])
            cleaned = _clean_png_chunk(kind, content)
            if cleaned is None:
                yield Patch(at, stop)
            elif cleaned != content:
                checksum = zlib.crc32(kind + cleaned).to_bytes(4)
                yield Patch(at, stop, len(cleaned).to_bytes(4) + kind + cleaned + checksum)
        at = stop
    if at < len(data):
        yield Patch(at, len(data))


def _clean_png_chunk(kind: bytes, content: bytes) -> bytes | None:
    if kind == b"eXIf":
        return clean_exif(content, len(content) + _SPARE)
    if kind == b"iTXt" and content.startswith(_PNG_XMP):
        is_compressed = content[len(_PNG_XMP) : len(_PNG_XMP) + 1] != b"\0"
        head = _end_of_itxt_head(content)
        if head and not is_compressed:
            return content[:head] + clean_xmp(content[head:])
    elif kind in _PNG_TEXTS and content.partition(b"\0")[0].lower() in _PNG_KEYWORDS:
        return content
    return None


def _end_of_itxt_head(content: bytes) -> int:
    """Return where the text of an iTXt chunk begins; 0 if it has none."""
    at = content.find(b"\0") + 3  # the two compression flags
    for _ in ("language", "translated keyword"):
        at = content.find(b"\0", at) + 1
        if at == 0:
            return 0
    return at


def webp_patches(data: Buffer) -> Iterator[Patch]:
    """Find the changes to a WebP file, including its length at the beginning."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise UncleanableError("not a WebP")
    end = min(8 + int.from_bytes(data[4:8], "little"), len(data))
    growth = 0
    at = 12
    while at + 8 <= end:
        kind = bytes(data[at : at + 4])
        stop = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        if stop > len(data):
            raise UncleanableError("a chunk of an impossible length")
        following = min(stop + stop % 2, len(data))
        if kind not in _WEBP_HARMLESS:
            content = bytes(data[at + 8 : stop])
            cleaned = _clean_webp_chunk(kind, content)
            if cleaned != content:
                patch = Patch(at, following, cleaned and _webp_chunk(kind, cleaned))
                growth += patch.size - (following - at)
                yield patch
        at = following
    if at < len(data):
        yield Patch(at, len(data))
    if growth:
        yield Patch(4, 8, struct.pack("<I", at - 8 + growth))


def _clean_webp_chunk(kind: bytes, content: bytes) -> bytes:
    if kind == b"EXIF":
        return clean_exif(content, len(content) + _SPARE)
    return clean_xmp(content) if kind == b"XMP " else b""


def _webp_chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def gif_patches(data: Buffer) -> Iterator[Patch]:
    """Find the changes to a GIF file."""
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 13:
        raise UncleanableError("not a GIF")
    at = 13 + _colour_table_size(data[10])
    try:
        while data[at] != 0x3B:  # the trailer
            if data[at] == 0x2C:  # a picture
                at = _end_of_blocks(data, at + 11 + _colour_table_size(data[at + 9]))
            elif data[at] == 0x21:
                stop = _end_of_blocks(data, at + 2)
                yield from _gif_extension(data, at, stop)
                at = stop
            else:
                raise UncleanableError("an unknown block")
    except IndexError:
        return  # decoders show a GIF without an end
    if at + 1 < len(data):
        yield Patch(at + 1, len(data))


def _gif_extension(data: Buffer, at: int, stop: int) -> Iterator[Patch]:
    application = bytes(data[at + 3 : at + 14]) if data[at + 1] == 0xFF else b""
    if data[at + 1] in _GIF_HARMLESS or application in _GIF_APPLICATIONS:
        return
    if application != _GIF_XMP:
        yield Patch(at, stop)
        return
    trailer = data.rfind(_GIF_XMP_TRAILER, at + 14, stop)
    if trailer < 0:
        raise UncleanableError("XMP without its trailer")
    packet = bytes(data[at + 14 : trailer])
    yield from replace(at + 14, packet, clean_xmp(packet))


def _colour_table_size(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _end_of_blocks(data: Buffer, at: int) -> int:
    while size := data[at]:
        at += 1 + size
    return at + 1
