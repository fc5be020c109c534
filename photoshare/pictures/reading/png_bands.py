"""Decode a large PNG some rows at a time: never all of it is in memory.

Each band becomes a small PNG of its own, which Pillow decodes: its rows as they are in the file,
before them the last row of the band above, which they may be filtered by.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.PngImagePlugin import PngImageFile

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK = struct.Struct(">I4s")
_CHECKSUM_BYTES = 4
_CHANNELS = {2: 3, 6: 4}  # by colour type: RGB, and with alpha
_BLOCK = 1 << 18  # bytes read at a time
_BAND_BYTES = 4 << 20  # of the rows decoded at a time
_UNCOMPRESSED = 0
_MOST_CHUNKS = 200_000  # of pixels; a picture of 200 megapixels in chunks of 8 kB has 70,000


@dataclass(frozen=True, slots=True)
class _Layout:
    header: bytes  # of the size, the depth and so on
    parts: list[tuple[int, int]]  # of the pixels: offset and length
    exif: bytes


class PngBands:
    """The rows of a PNG of 8 bits a channel, read once from top to bottom."""

    def __init__(self, file: IO[bytes], layout: _Layout) -> None:
        self._header = layout.header
        self.exif = layout.exif
        self.width, self._height, _, kind = struct.unpack_from(">IIBB", layout.header)
        self.mode = {2: "RGB", 6: "RGBA"}[kind]
        self._row_bytes = 1 + self.width * _CHANNELS[kind]  # the first names the filter
        self._content = _inflated(file, layout.parts)
        self._left = b""
        self._above = bytes(self._row_bytes)

    def rows(self, top: int, bottom: int) -> Image.Image:
        """Decode the next rows.

        Parameters
        ----------
        top, bottom : int
            Where they are; `top` is where the call before ended.

        Raises
        ------
        OSError
            If the file has fewer rows.
        """
        result = Image.new(self.mode, (self.width, bottom - top))
        most = max(_BAND_BYTES // self._row_bytes, 1)
        for first in range(top, bottom, most):
            count = min(most, bottom - first)
            result.paste(self._next_band(count), (0, first - top))
        return result

    def _next_band(self, count: int) -> Image.Image:
        filtered = self._above + self._read(count * self._row_bytes)
        header = struct.pack(">II", self.width, count + 1) + self._header[8:]
        pixels = zlib.compress(filtered, _UNCOMPRESSED)
        content = _SIGNATURE + b"".join(
            _chunk(kind, part)
            for kind, part in ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
        )
        with PngImageFile(io.BytesIO(content)) as opened:
            opened.load()
            self._above = b"\0" + opened.crop((0, count, self.width, count + 1)).tobytes()
            return opened.crop((0, 1, self.width, count + 1))

    def _read(self, size: int) -> bytes:
        parts, found = [self._left], len(self._left)
        while found < size:
            part = next(self._content, None)
            if part is None:
                raise OSError("image file is truncated")
            parts.append(part)
            found += len(part)
        content = b"".join(parts)
        self._left = content[size:]
        return content[:size]


def bands_of(opened: ImageFile, more_than_pixels: int) -> PngBands | None:
    """Return the bands of a PNG with more pixels than that; None if it has to be decoded whole."""
    if opened.format != "PNG" or opened.width * opened.height <= more_than_pixels:
        return None
    if opened.fp is None or "transparency" in opened.info:
        return None
    layout = _layout_of(opened.fp)
    depth, kind, _, _, is_interlaced = layout.header[8:]
    if depth != 8 or kind not in _CHANNELS or is_interlaced:
        return None
    return PngBands(opened.fp, layout)


def _layout_of(file: IO[bytes]) -> _Layout:
    file.seek(0, io.SEEK_END)
    size = file.tell()
    header, exif = b"", b""
    parts: list[tuple[int, int]] = []
    at = len(_SIGNATURE)
    while at + _CHUNK.size <= size and len(parts) < _MOST_CHUNKS:
        file.seek(at)
        length, kind = _CHUNK.unpack(file.read(_CHUNK.size))
        if kind == b"IHDR":
            header = file.read(length)
        elif kind == b"eXIf":
            exif = file.read(length)
        elif kind == b"IDAT":
            parts.append((at + _CHUNK.size, length))
        elif kind == b"IEND":
            break
        at += _CHUNK.size + length + _CHECKSUM_BYTES
    return _Layout(header, parts, exif)


def _inflated(file: IO[bytes], parts: list[tuple[int, int]]) -> Iterator[bytes]:
    inflater = zlib.decompressobj()
    for offset, length in parts:
        for start in range(offset, offset + length, _BLOCK):
            file.seek(start)
            content = file.read(min(_BLOCK, offset + length - start))
            while content:
                yield inflater.decompress(content, _BAND_BYTES)
                content = inflater.unconsumed_tail


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return _CHUNK.pack(len(content), kind) + content + struct.pack(">I", checksum)
