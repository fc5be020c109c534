"""Formats made of chunks: PNG, WebP and GIF."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from photoshare.metadata.exif import clean_exif
from photoshare.metadata.patches import Buffer, Patch, UncleanableError, replace
from photoshare.metadata.text import SENSITIVE_NAME, clean_xmp

_PNG_HARMLESS = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT tIME "
    b"acTL fcTL fdAT oFFs sCAL sTER vpAg iDOT".split()
)
_PNG_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_PNG_XMP = b"XML:com.adobe.xmp\0"
_PNG_BLANK = b"zeRo"  # by its letters: ancillary, private, safe to copy; every decoder skips it
_WEBP_HARMLESS = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP")
_GIF_APPLICATIONS = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
_GIF_HARMLESS = (0x01, 0xF9, 0xFE)  # plain text, graphic control, comment
_GIF_XMP = b"XMP DataXMP"
_GIF_XMP_TRAILER = b"\x01\xff\xfe"  # and so on down to zero: 258 bytes


def png_patches(data: Buffer) -> Iterator[Patch]:
    """Find what is to be changed in a PNG file; a changed chunk gets its checksum anew."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise UncleanableError("no PNG")
    at = 8
    kind = b""
    while kind != b"IEND" and at + 12 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4]), bytes(data[at + 4 : at + 8])
        stop = at + 12 + size
        if stop > len(data):
            raise UncleanableError("a chunk of an impossible length")
        if kind not in _PNG_HARMLESS:
            content = bytes(data[at + 8 : stop - 4])
            new_kind, cleaned = _clean_png_chunk(kind, content)
            if (new_kind, cleaned) != (kind, content):
                checksum = zlib.crc32(new_kind + cleaned).to_bytes(4)
                yield Patch(at + 4, stop, new_kind + cleaned + checksum)
        at = stop
    if at < len(data):
        yield Patch(at, len(data))


def _clean_png_chunk(kind: bytes, content: bytes) -> tuple[bytes, bytes]:
    if kind == b"eXIf":
        return kind, clean_exif(content)
    if kind == b"iTXt" and content.startswith(_PNG_XMP):
        is_compressed = content[len(_PNG_XMP) : len(_PNG_XMP) + 1] != b"\0"
        head = _end_of_itxt_head(content)
        if head and not is_compressed:
            return kind, content[:head] + clean_xmp(content[head:])
    elif kind in _PNG_TEXTS and _is_harmless_keyword(content.partition(b"\0")[0]):
        return kind, content
    return _PNG_BLANK, bytes(len(content))


def _is_harmless_keyword(keyword: bytes) -> bool:
    """Tell "Title" from "Raw profile type exif" and "exif:GPSLatitude"."""
    word = keyword.decode("latin-1").lower()
    is_profile = any(name in word for name in ("exif", "xmp", "iptc", "8bim", "app1", "profile"))
    return not is_profile and SENSITIVE_NAME.search(word) is None


def _end_of_itxt_head(content: bytes) -> int:
    """Return where the text of an iTXt chunk begins; 0 where it has none."""
    at = content.find(b"\0") + 3  # the two flags of compression
    for _ in ("language", "translated keyword"):
        at = content.find(b"\0", at) + 1
        if at == 0:
            return 0
    return at


def webp_patches(data: Buffer) -> Iterator[Patch]:
    """Find what is to be changed in a WebP file."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise UncleanableError("no WebP")
    end = 8 + int.from_bytes(data[4:8], "little")
    at = 12
    while at + 8 <= min(end, len(data)):
        kind = bytes(data[at : at + 4])
        start = at + 8
        stop = start + int.from_bytes(data[at + 4 : start], "little")
        if stop > len(data):
            raise UncleanableError("a chunk of an impossible length")
        if kind not in _WEBP_HARMLESS:
            content = bytes(data[start:stop])
            yield from replace(start, content, _clean_webp_chunk(kind, content))
        at = stop + stop % 2
    if at < len(data):
        yield Patch(at, len(data))


def _clean_webp_chunk(kind: bytes, content: bytes) -> bytes:
    if kind == b"EXIF":
        return clean_exif(content)
    return clean_xmp(content) if kind == b"XMP " else bytes(len(content))


def gif_patches(data: Buffer) -> Iterator[Patch]:
    """Find what is to be changed in a GIF file."""
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 13:
        raise UncleanableError("no GIF")
    at = 13 + _colour_table_size(data[10])
    try:
        while data[at] != 0x3B:  # the trailer
            if data[at] == 0x2C:  # a picture
                at = _end_of_blocks(data, at + 11 + _colour_table_size(data[at + 9]))
            elif data[at] == 0x21:
                patches, at = _gif_extension(data, at)
                yield from patches
            else:
                raise UncleanableError("an unknown block")
    except IndexError:
        return  # decoders show a GIF without its end
    if at + 1 < len(data):
        yield Patch(at + 1, len(data))


def _gif_extension(data: Buffer, at: int) -> tuple[list[Patch], int]:
    """Look at one extension; return its patches and where the next block begins."""
    application = bytes(data[at + 3 : at + 14]) if data[at + 1] == 0xFF else b""
    stop = _end_of_blocks(data, at + 2)
    if data[at + 1] in _GIF_HARMLESS or application in _GIF_APPLICATIONS:
        return [], stop
    if application == _GIF_XMP:
        trailer = data.rfind(_GIF_XMP_TRAILER, at + 14, stop)
        if trailer < 0:
            raise UncleanableError("XMP without its trailer")
        packet = bytes(data[at + 14 : trailer])
        return list(replace(at + 14, packet, clean_xmp(packet))), stop
    patches = []
    at += 2
    while size := data[at]:
        patches.append(Patch(at + 1, at + 1 + size))
        at += 1 + size
    return patches, stop


def _colour_table_size(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _end_of_blocks(data: Buffer, at: int) -> int:
    while size := data[at]:
        at += 1 + size
    return at + 1
