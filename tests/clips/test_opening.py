"""Clips of phones, cameras and browsers: what they say of themselves, and what they show."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photoshare.clips.containers import HEAD_BYTES, clip_format_of
from photoshare.clips.frames import frame_at, frames
from photoshare.clips.opening import read_facts
from photoshare.errors import RejectedPhotoError
from photoshare.pictures.capture_time import UNKNOWN_TIME, FileTime
from tests.clips.drawing import draw_clip
from tests.fakes import BLUE, GREEN, RED, draw_photo

APPLE = {
    "com.apple.quicktime.make": "Apple",
    "com.apple.quicktime.model": "iPhone 16",
    "com.apple.quicktime.creationdate": "2026-06-20T14:40:00+0200",
    "com.apple.quicktime.content.identifier": "0F2B-77",
    "creation_time": "2026-06-20T12:40:00Z",
}


def is_near(image: Image.Image, place: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    found = np.array(image.getpixel(place), int)
    return bool(abs(found - np.array(colour)).max() <= 12)


@pytest.mark.parametrize(
    ("container", "codec", "image_format", "called"),
    [
        ("mp4", "libx264", "MP4", "h264"),
        ("mov", "libx265", "MOV", "hevc"),
        ("mp4", "libsvtav1", "MP4", "av1"),
        ("webm", "libvpx-vp9", "WEBM", "vp9"),
        ("webm", "libvpx", "WEBM", "vp8"),
        ("3gp", "mpeg4", "3GP", "mpeg4"),
        ("mov", "mjpeg", "MOV", "mjpeg"),
    ],
)
def test_a_clip_tells_its_size_length_and_codec(
    container: str, codec: str, image_format: str, called: str
) -> None:
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    content = draw_clip(RED, container=container, codec=codec, pixels=pixels)

    facts = read_facts(io.BytesIO(content))

    assert (facts.image_format, facts.video_codec) == (image_format, called)
    assert (facts.width, facts.height, facts.rotation) == (160, 120, 0)
    assert abs(facts.duration_ms - 2000) <= 150
    assert not facts.has_sound
    assert (facts.content_id, facts.camera, facts.taken) == (None, None, UNKNOWN_TIME)


def test_an_iphone_tells_its_time_zone_and_live_photo() -> None:
    content = draw_clip(
        RED, container="mov", metadata=APPLE, muxer={"movflags": "use_metadata_tags"}, sound=True
    )

    facts = read_facts(io.BytesIO(content))

    assert facts.taken == FileTime(datetime(2026, 6, 20, 14, 40), 120)
    assert facts.content_id == "0F2B-77"
    assert facts.camera == "Apple iPhone 16"
    assert facts.has_sound


def test_a_time_without_a_zone_is_utc() -> None:
    content = draw_clip(RED, metadata={"creation_time": "2026-06-20T12:40:00Z"})

    taken = read_facts(io.BytesIO(content)).taken

    assert taken == FileTime(utc=datetime(2026, 6, 20, 12, 40))


@pytest.mark.parametrize(
    ("counter_clockwise", "size", "rotation"),
    [(0, (160, 120), 0), (90, (120, 160), 270), (180, (160, 120), 180), (270, (120, 160), 90)],
)
def test_a_clip_is_turned_as_players_turn_it(
    counter_clockwise: int, size: tuple[int, int], rotation: int
) -> None:
    content = draw_clip(RED, counter_clockwise=counter_clockwise)

    facts = read_facts(io.BytesIO(content))
    photo = frame_at(io.BytesIO(content), 0, at_least_px=1000)
    straight = frame_at(io.BytesIO(draw_clip(RED)), 0, at_least_px=1000)

    assert (facts.width, facts.height) == (photo.width, photo.height) == size == photo.image.size
    assert facts.rotation == rotation
    turned = straight.image.rotate(counter_clockwise, expand=True)
    assert np.abs(np.asarray(turned, int) - np.asarray(photo.image, int)).max() <= 12


def test_frames_come_at_the_times_asked_for() -> None:
    content = draw_clip(RED, GREEN, BLUE, seconds=6)

    shown = list(frames(io.BytesIO(content), at_ms=range(0, 6000, 1500), at_least_px=80))

    assert [frame.at_ms for frame in shown] == [0, 1500, 3000, 4500]
    assert {frame.photo.image.size for frame in shown} == {(80, 60)}
    colours = (RED, RED, GREEN, BLUE)
    assert all(
        is_near(frame.photo.image, (40, 30), colour)
        for frame, colour in zip(shown, colours, strict=True)
    )


def test_the_time_of_a_frame_finds_it_again() -> None:
    content = draw_clip(RED, GREEN, BLUE, seconds=3)

    for at_ms, photo in frames(io.BytesIO(content), at_ms=range(50, 3000, 430), at_least_px=80):
        again = frame_at(io.BytesIO(content), at_ms, at_least_px=80)
        assert again.image.tobytes() == photo.image.tobytes()


def test_beyond_the_end_is_the_last_frame() -> None:
    content = draw_clip(RED, GREEN, BLUE, seconds=3)

    shown = list(frames(io.BytesIO(content), at_ms=(0, 99_000), at_least_px=80))

    assert [frame.at_ms for frame in shown] == [0, 2900]
    assert is_near(shown[1].photo.image, (40, 30), BLUE)


@pytest.mark.parametrize("codec", ["libx264", "libvpx-vp9"])
def test_key_frames_alone_cost_little(codec: str) -> None:
    container = "webm" if codec == "libvpx-vp9" else "mp4"
    content = draw_clip(RED, GREEN, BLUE, seconds=3, codec=codec, container=container)

    shown = frames(
        io.BytesIO(content), at_ms=range(0, 3000, 100), at_least_px=80, only_key_frames=True
    )

    assert [frame.at_ms for frame in shown] == [0, 1000, 2000]


def test_pixels_that_are_not_square_are_shown_square() -> None:
    content = draw_clip(RED, codec="libx264", encoder={"aspect": "2:1"})

    facts = read_facts(io.BytesIO(content))

    assert (facts.width, facts.height) == (320, 120)


def test_a_recording_of_a_browser_has_its_length_though_it_does_not_say_it() -> None:
    live = draw_clip(
        RED, container="webm", codec="libvpx-vp9", seconds=3, muxer={"live": "1"}, rate=10
    )

    assert abs(read_facts(io.BytesIO(live)).duration_ms - 3000) <= 150


def test_a_clip_in_fragments_has_its_length() -> None:
    content = draw_clip(
        RED, BLUE, seconds=3, muxer={"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    )

    shown = list(frames(io.BytesIO(content), at_ms=(0, 2500), at_least_px=80))

    assert abs(read_facts(io.BytesIO(content)).duration_ms - 3000) <= 150
    assert is_near(shown[1].photo.image, (40, 30), BLUE)


@pytest.mark.parametrize(("curve", "grey"), [("arib-std-b67", 179), ("smpte2084", 148)])
def test_bright_colours_become_those_of_ordinary_screens(curve: str, grey: int) -> None:
    """White paper is 75 % of HLG's signal and 58 % of PQ's: ITU-R BT.2408."""
    white = (grey if curve == "smpte2084" else 191,) * 3
    params = f"log-level=none:colorprim=bt2020:transfer={curve}:colormatrix=bt2020nc"
    content = draw_clip(
        white, codec="libx265", pixels="yuv420p10le", encoder={"x265-params": params}
    )

    shown = frame_at(io.BytesIO(content), 0, at_least_px=80).image

    red, green, blue = shown.getpixel((40, 30))  # type: ignore[misc]
    assert max(red, green, blue) - min(red, green, blue) <= 8
    assert 225 <= green <= 250


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "HEIF", "AVIF", "TIFF", "WEBP", "GIF"])
def test_a_picture_is_no_clip(image_format: str) -> None:
    assert clip_format_of(draw_photo(RED, image_format=image_format)[:HEAD_BYTES]) is None


@pytest.mark.parametrize("brand", [b"crx ", b"heic", b"avif", b"avis", b"mif1", b"msf1"])
def test_boxes_of_a_picture_are_no_clip(brand: bytes) -> None:
    assert clip_format_of(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0isommp41") is None


def test_a_clip_is_known_by_its_bytes_not_its_name(tmp_path: Path) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(draw_clip(RED))

    assert read_facts(path).image_format == "MP4"


@pytest.mark.parametrize("image_format", ["mp4", "mov", "webm"])
def test_a_cut_clip_is_incomplete(image_format: str) -> None:
    codec = "libvpx-vp9" if image_format == "webm" else "libx264"
    content = draw_clip(RED, container=image_format, codec=codec)

    for cut in (len(content) // 2, len(content) - 1):
        with pytest.raises(RejectedPhotoError, match="This video is incomplete"):
            read_facts(io.BytesIO(content[:cut]))


def test_other_containers_and_sound_alone_are_told_in_words() -> None:
    mkv = draw_clip(RED, container="matroska")
    sound = b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42"

    for content, said in ((mkv, "MKV videos"), (sound, "only sound"), (b"#EXTM3U\n", "read as a")):
        with pytest.raises(RejectedPhotoError, match=said):
            read_facts(io.BytesIO(content))


def test_a_list_without_tracks_is_incomplete() -> None:
    """As of a recording that the phone could not finish."""
    head = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"
    header = b"\0\0\0\x6cmvhd" + bytes(12) + b"\0\0\x03\xe8\0\0\x0b\xb8" + bytes(80)
    movie = b"\0\0\0\x74moov" + header + b"\0\0\1\0mdat" + bytes(248)

    with pytest.raises(RejectedPhotoError, match="This video is incomplete"):
        read_facts(io.BytesIO(head + movie))


def test_other_codecs_are_told_in_words() -> None:
    content = draw_clip(RED, container="mov", codec="prores_ks", pixels="yuv422p10le")

    with pytest.raises(RejectedPhotoError, match=r"H\.264, HEVC, VP9 and AV1"):
        read_facts(io.BytesIO(content))
