"""The movie of a motion photo is found, plays alone, and tells no place."""

from __future__ import annotations

import io
import struct
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from photoshare.metadata.motion import find_movie_start, movie_only, still_with_movie
from photoshare.metadata.patches import UncleanableError, apply
from tests.conftest import ROOT
from tests.metadata.motion_drawing import KINDS, PLACE, draw_motion_photo, draw_movie, draw_trailer
from tests.metadata.samples import SECRETS
from tests.metadata.test_motion_photo import MICRO_VIDEO, box, jpeg, with_xmp, xmp
from tests.tools import find_tool

CASES = ROOT.parent / "shared" / "cases" / "motion_photo"


@pytest.fixture(scope="module")
def movie() -> bytes:
    return draw_movie()


def start_of(content: bytes, folder: Path, image_format: str = "JPEG") -> int | None:
    path = folder / "photo"
    path.write_bytes(content)
    return find_movie_start(path, image_format)


def format_of(kind: str) -> str:
    return "HEIF" if kind == "HEIC" else "JPEG"


def frames(content: bytes) -> int:
    with av.open(io.BytesIO(content), "r") as opened:
        return len(list(opened.decode(video=0)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("behind", [b"", b"SEFH" + b"\x01" * 20 + b"SEFT"], ids=["bare", "trailer"])
def test_the_movie_is_found_and_plays_without_its_place(
    kind: str, behind: bytes, movie: bytes, tmp_path: Path
) -> None:
    content = draw_motion_photo(kind, movie, behind=behind)
    start = start_of(content, tmp_path, format_of(kind))

    assert start == content.index(movie)
    alone = apply(content, movie_only(content, start))
    assert PLACE.encode() in movie
    assert PLACE.encode() not in alone
    assert b"SEFT" not in alone
    assert alone[4:8] == b"ftyp"
    assert frames(alone) == frames(movie)


@pytest.mark.parametrize("kind", KINDS)
def test_still_and_movie_stay_together_without_secrets(
    kind: str, movie: bytes, tmp_path: Path
) -> None:
    content = draw_motion_photo(kind, movie)
    start = start_of(content, tmp_path, format_of(kind))
    assert start is not None

    both = apply(content, still_with_movie(content, start))

    assert [secret for secret in (*SECRETS, PLACE.encode()) if secret in both] == []
    if kind != "Samsung":  # whose mark is behind the still, where nothing is kept but the movie
        assert b"MotionPhoto" in both or b"MicroVideo" in both
        again = start_of(both, tmp_path, format_of(kind))
        assert again is not None
        assert frames(both[again:]) == frames(movie)
    with Image.open(io.BytesIO(both)) as after, Image.open(io.BytesIO(content)) as before:
        assert np.array_equal(np.asarray(after), np.asarray(before))


def test_the_movie_of_a_samsung_stays_where_its_directory_says(
    movie: bytes, tmp_path: Path
) -> None:
    """It has other blocks before and behind it; ExifTool reads them as the phone does."""
    others = ((0x0A01, b"Image_UTC_Data", b"1786795200000"), (0x0AA1, b"MCC_Data", PLACE.encode()))
    content = jpeg() + draw_trailer(movie, *others)
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    start = find_movie_start(path, "JPEG")
    assert start == content.index(movie)
    assert told(path, "-MCCData", "-TimeStamp", "-EmbeddedVideoType").count(b"\n") == 3

    both = apply(content, still_with_movie(content, start))

    path.write_bytes(both)
    assert told(path, "-b", "-EmbeddedVideoFile") == apply(movie, movie_only(movie, 0))
    assert told(path, "-EmbeddedVideoType").count(b"MotionPhoto_Data") == 1
    assert told(path, "-MCCData", "-TimeStamp") == b""
    assert [secret for secret in (*SECRETS, PLACE.encode(), b"1786") if secret in both] == []


def told(path: Path, *arguments: str) -> bytes:
    command = [find_tool("exiftool", "libimage-exiftool-perl"), *arguments, str(path)]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.parametrize(
    ("place", "value"),
    [(-8, 4), (-8, 10**6), (-32, 1), (-24, 10**6), (-12, 0), (-12, 10**7), (-16, 10)],
    ids=["short", "long", "mark", "count", "empty", "endless", "elsewhere"],
)
def test_a_damaged_directory_leaves_the_still_alone(
    place: int, value: int, movie: bytes, tmp_path: Path
) -> None:
    content = bytearray(jpeg() + draw_trailer(movie))
    struct.pack_into("<I", content, len(content) + place, value)
    start = start_of(bytes(content), tmp_path)
    assert start == content.index(movie)

    with pytest.raises(UncleanableError):
        still_with_movie(bytes(content), start)


def test_a_box_behind_the_movie_keeps_its_length_and_nothing_else(
    movie: bytes, tmp_path: Path
) -> None:
    content = draw_motion_photo("HEIC", movie, behind=box(b"sefd", PLACE.encode()))
    start = start_of(content, tmp_path, "HEIF")
    assert start is not None

    both = apply(content, still_with_movie(content, start))

    assert len(both) == len(content)
    assert both.endswith(box(b"free", bytes(len(PLACE))))
    assert start_of(both, tmp_path, "HEIF") == start


@pytest.mark.parametrize("kind", ["attributes", "HEIC"])
def test_a_movie_of_another_length_is_not_kept(kind: str, movie: bytes, tmp_path: Path) -> None:
    content = draw_motion_photo(kind, movie, behind=b"SEFH" + b"\x01" * 20 + b"SEFT")
    start = start_of(content, tmp_path, format_of(kind))
    assert start is not None

    with pytest.raises(UncleanableError):
        still_with_movie(content, start)


@pytest.mark.parametrize(
    "content",
    [
        jpeg(),
        with_xmp(jpeg(), xmp(MICRO_VIDEO % {"movie": 5000})),  # edited: the movie is gone
        with_xmp(jpeg(), xmp(MICRO_VIDEO % {"movie": 10**9})),
        with_xmp(jpeg(), xmp(MICRO_VIDEO % {"movie": 24})) + b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
        jpeg() + b"MotionPhoto_Data",
        b"",
        b"\xff\xd8\xff",
    ],
)
def test_what_only_claims_a_movie_has_none(content: bytes, tmp_path: Path) -> None:
    if content:
        assert start_of(content, tmp_path) is None
    assert start_of(jpeg() + content, tmp_path) is None


def test_the_case_of_a_real_camera(tmp_path: Path) -> None:
    if not CASES.exists():
        pytest.skip("the shared cases are not here")
    (path,) = CASES.glob("*.jpg")

    start = find_movie_start(path, "JPEG")

    assert start is not None
    assert path.read_bytes()[start + 4 : start + 8] == b"ftyp"
