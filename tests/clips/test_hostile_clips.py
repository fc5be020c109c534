"""Videos that no camera made: each is refused in a sentence, in bounded time and memory."""

from __future__ import annotations

import functools
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from photoshare.clips.opening import read_facts
from photoshare.config import load_settings
from photoshare.errors import RejectedPhotoError
from photoshare.pictures.decoder_pool import DecoderPool
from tests.clips.drawing import draw_clip
from tests.fakes import BLUE, RED

pytestmark = pytest.mark.slow

SETTINGS = load_settings({}, environ={})
MOST_S = 10 * 6  # of a clock on a machine that does other things; processor time is bounded by 8


@functools.cache
def plain() -> bytes:
    return draw_clip(RED, BLUE, sound=True)


@functools.cache
def fast() -> bytes:
    return draw_clip(RED, BLUE, muxer={"movflags": "faststart"})


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def with_field(content: bytes, kind: bytes, offset: int, value: bytes) -> bytes:
    """Change bytes of the first box of a kind, counted from its content."""
    at = content.index(kind) + 4 + offset
    return content[:at] + value + content[at + len(value) :]


def huge_pictures_inside() -> bytes:
    """Keep the list small, and hide frames of 16384 x 8192 pixels in the stream."""
    large = draw_clip(RED, size=(16384, 8192), seconds=0.1, rate=10)
    return with_field(large, b"avc1", 24, struct.pack(">HH", 160, 120))


def absurd_length() -> bytes:
    content = with_field(plain(), b"mvhd", 12, struct.pack(">II", 1, 0x7FFFFFFF))
    content = with_field(content, b"tkhd", 20, struct.pack(">I", 0x7FFFFFFF))
    return with_field(content, b"mdhd", 12, struct.pack(">II", 1, 0x7FFFFFFF))


def frames_that_last_for_years() -> bytes:
    """Let each frame last for a million seconds, by the table of times."""
    content = absurd_length()
    return with_field(content, b"stts", 8, struct.pack(">II", 20, 0x7FFFFFF))


def ten_thousand_tracks() -> bytes:
    content = fast()
    start = content.index(b"moov") - 4
    (size,) = struct.unpack_from(">I", content, start)
    track = content.index(b"trak") - 4
    (length,) = struct.unpack_from(">I", content, track)
    one = content[track : track + length]
    moov = content[start + 8 : start + size] + one * 10_000
    return content[:start] + box(b"moov", moov) + content[start + size :]


def deep_boxes() -> bytes:
    inner = b""
    for _ in range(5_000):
        inner = box(b"trak", inner)
    return box(b"ftyp", b"isom\0\0\2\0isom") + box(b"moov", inner) + box(b"mdat", b"x" * 100)


def million_boxes() -> bytes:
    return box(b"ftyp", b"isom\0\0\2\0isom") + box(b"moov", b"") + box(b"free", b"") * 1_000_000


def millions_of_samples() -> bytes:
    """Say that a track has four thousand million frames, each of four thousand million bytes."""
    return with_field(plain(), b"stsz", 4, struct.pack(">II", 0xFFFFFFFF, 0xFFFFFFFF))


def no_list() -> bytes:
    content = plain()
    return content[: content.index(b"moov") - 4]


def list_cut() -> bytes:
    return plain()[:-300]


def list_alone() -> bytes:
    content = fast()
    return content[: content.index(b"mdat") + 20]


def frames_elsewhere() -> bytes:
    """Point to frames behind the end of the file."""
    content = plain()
    at = content.index(b"stco")
    (count,) = struct.unpack_from(">I", content, at + 8)
    return with_field(content, b"stco", 8, struct.pack(f">{count}I", *[0x7FFFFF00] * count))


def other_codec() -> bytes:
    """Say HEVC, and send H.264."""
    return plain().replace(b"avc1", b"hvc1").replace(b"avcC", b"hvcC")


def pictures_of_an_unknown_kind() -> bytes:
    """FFmpeg plays them; for guests, they would be removed as data are."""
    return plain().replace(b"vide", b"xide")


def box_of_exabytes() -> bytes:
    """Let a box end where no file can."""
    return plain() + struct.pack(">I4sQ", 1, b"free", 1 << 62)


def noise() -> bytes:
    content = fast()
    at = content.index(b"mdat") + 4
    rubbish = bytes((number * 7919 + 13) % 256 for number in range(len(content) - at))
    return content[:at] + rubbish


def playlist() -> bytes:
    return b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n" + b"#EXTINF:10,\nfile:///etc/passwd\n" * 1000


def concatenation() -> bytes:
    return b"ffconcat version 1.0\n" + b"file /etc/passwd\n" * 1000


def manifest() -> bytes:
    return b'<?xml version="1.0"?><MPD><BaseURL>file:///etc/passwd</BaseURL></MPD>'


def reference_movie() -> bytes:
    """Refer to another file, as QuickTime's oldest playlists do."""
    target = b"file:///etc/passwd\0"
    rdrf = box(b"rdrf", b"\0\0\0\0url " + struct.pack(">I", len(target)) + target)
    moov = box(b"moov", box(b"rmra", box(b"rmda", rdrf)))
    return box(b"ftyp", b"qt  \0\0\0\0qt  ") + moov


def empty_list() -> bytes:
    return box(b"ftyp", b"isom\0\0\2\0isom") + box(b"moov", b"")


def matroska_bomb() -> bytes:
    head = b"\x1aE\xdf\xa3\x87\x42\x82\x84webm"
    return head + b"\x18S\x80g\x01\xff\xff\xff\xff\xff\xff\xff" + b"\x1fC\xb6u\x80" * 400_000


def nothing_but_a_head() -> bytes:
    return box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")


def apple_head_alone() -> bytes:
    return box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(b"wide", b"") + box(b"mdat", b"\0" * 1000)


MADE: list[Callable[[], bytes]] = [
    *(huge_pictures_inside, absurd_length, frames_that_last_for_years),
    *(ten_thousand_tracks, deep_boxes, million_boxes, millions_of_samples, no_list, list_cut),
    *(list_alone, frames_elsewhere, other_codec, noise, playlist, concatenation, manifest),
    *(
        pictures_of_an_unknown_kind,
        box_of_exabytes,
        reference_movie,
        empty_list,
        matroska_bomb,
        nothing_but_a_head,
        apple_head_alone,
    ),
]


@pytest.fixture
def decoders() -> Iterator[DecoderPool]:
    pool = DecoderPool(1)
    yield pool
    pool.close()


@pytest.mark.parametrize("make", MADE, ids=[make.__name__ for make in MADE])
def test_it_is_refused_in_a_sentence(
    tmp_path: Path, decoders: DecoderPool, make: Callable[[], bytes]
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(make())

    started = time.monotonic()
    with pytest.raises(RejectedPhotoError) as refused:
        decoders.render(path, SETTINGS)

    assert time.monotonic() - started < MOST_S
    assert str(refused.value).endswith(".")


def test_a_reference_to_another_file_reads_none(tmp_path: Path, decoders: DecoderPool) -> None:
    """The frames come from the file itself, whatever its list says of where they are."""
    content = plain()
    at = content.index(b"url ")
    assert content[at + 4 : at + 8] == b"\0\0\0\1"
    path = tmp_path / "clip.mp4"
    path.write_bytes(content[: at + 4] + b"\0\0\0\0" + content[at + 8 :])

    rendered = decoders.render(path, SETTINGS)

    assert rendered.told.video_codec == "h264"


def test_a_box_of_exabytes_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(box_of_exabytes())

    with pytest.raises(RejectedPhotoError):
        read_facts(path)


@pytest.mark.parametrize("seed", range(12))
def test_broken_bytes_never_end_the_server(
    tmp_path: Path, decoders: DecoderPool, seed: int
) -> None:
    content = bytearray(fast() if seed % 2 else plain())
    for number in range(1, 40):
        content[(seed * 7919 + number * number * 104_729) % len(content)] ^= 1 << (number % 8)
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)

    try:
        assert decoders.render(path, SETTINGS).placeholder
    except RejectedPhotoError as error:
        assert str(error).endswith(".")  # noqa: PT017 - refused or not
