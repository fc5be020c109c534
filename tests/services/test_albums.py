"""photoshare.services.albums: names that every system takes, zips of an exact size."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from photoshare.db import db
from photoshare.images import MIME_TYPES
from photoshare.models import Photo
from photoshare.services.albums import (
    EXTENSIONS,
    MAX_STEM_BYTES,
    ZipEntry,
    list_zip_entries,
    original_name,
    safe_name,
    stream_zip,
    unique_names,
)
from photoshare.services.photos import Album
from photoshare.services.rooms import NewRoom
from photoshare.web.site import Site
from tests.fakes import RED, draw_photo


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Lea & Tom's wedding", "Lea & Tom's wedding"),
        ("Zoë 😀 日本", "Zoë 😀 日本"),
        ("Zoe\u0308", "Zoë"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\..\\boot", "_.._boot"),
        ('a<b>c:d"e/f\\g|h?i*j', "a_b_c_d_e_f_g_h_i_j"),
        ("a\x00b\nc\td", "a_b_c_d"),
        ("\u202egpj", "_gpj"),
        ("  . hidden . ", "hidden"),
        ("", "photo"),
        ("...", "photo"),
        ("   ", "photo"),
        ("CON", "CON_"),
        ("con", "con_"),
        ("Lpt9", "Lpt9_"),
        ("nul.tar", "nul.tar_"),
        ("console", "console"),
        ("com10", "com10"),
        ("x" * 250, "x" * MAX_STEM_BYTES),
    ],
)
def test_a_name_is_made_safe(text: str, safe: str) -> None:
    assert safe_name(text) == safe


@settings(derandomize=True, deadline=None)
@given(text=st.text(max_size=200))
def test_a_safe_name_is_safe_whatever_it_was(text: str) -> None:
    safe = safe_name(text)

    assert safe
    assert not set(safe) & set('<>:"/\\|?*\0\n\r')
    assert safe[-1] not in " ."
    assert safe not in (".", "..")


@pytest.mark.parametrize(
    ("file_name", "image_format", "name"),
    [
        ("Lea.jpg", "JPEG", "Lea.jpg"),
        ("Lea.JPG", "JPEG", "Lea.JPG"),
        ("Lea.jpeg", "JPEG", "Lea.jpeg"),
        ("Lea.jpg", "MPO", "Lea.jpg"),
        ("Lea.jpg", "HEIF", "Lea.jpg.heic"),
        ("Lea.heif", "HEIF", "Lea.heif"),
        ("Lea", "PNG", "Lea.png"),
        ("Lea.exe", "PNG", "Lea.exe.png"),
        ("Lea.tiff", "TIFF", "Lea.tiff"),
        ("holiday/day 1/Lea.jpg", "JPEG", "Lea.jpg"),
        ("../../x", "JPEG", "x.jpg"),
        ("CON.jpg", "JPEG", "CON_.jpg"),
        (".jpg", "JPEG", ".jpg.jpg"),
        ("photo", "GIF", "photo.gif"),
    ],
)
def test_an_original_is_named_by_its_name_and_its_format(
    file_name: str, image_format: str, name: str
) -> None:
    assert original_name(file_name, image_format).lstrip(".") == name.lstrip(".")


def test_every_format_has_an_ending() -> None:
    assert set(EXTENSIONS) == set(MIME_TYPES)


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        ([], []),
        (["a.jpg"], ["a.jpg"]),
        (["a.jpg", "b.jpg"], ["a.jpg", "b.jpg"]),
        (["image.jpg"] * 3, ["image.jpg", "image (2).jpg", "image (3).jpg"]),
        (["a.jpg", "A.JPG"], ["a.jpg", "A (2).JPG"]),
        (["a.jpg", "a (2).jpg", "a.jpg"], ["a.jpg", "a (2).jpg", "a (3).jpg"]),
        (["a (2).jpg", "a.jpg", "a.jpg"], ["a (2).jpg", "a.jpg", "a (3).jpg"]),
        (["straße.jpg", "STRASSE.jpg"], ["straße.jpg", "STRASSE (2).jpg"]),
    ],
)
def test_names_that_collide_are_numbered(names: list[str], unique: list[str]) -> None:
    assert unique_names(names) == unique


@settings(derandomize=True, deadline=None)
@given(
    names=st.lists(
        st.builds("{}{}.jpg".format, st.sampled_from("aAb"), st.sampled_from(["", " (2)", " (3)"])),
        max_size=12,
    )
)
def test_names_never_collide_where_case_does_not_count(names: list[str]) -> None:
    result = unique_names(names)

    assert len({name.casefold() for name in result}) == len(names)


def test_ten_thousand_photos_of_one_name_are_numbered_in_turn() -> None:
    assert unique_names(["image.jpg"] * 10_000)[-1] == "image (10000).jpg"


def test_a_zip_has_the_size_that_was_told_and_holds_the_files_unchanged(tmp_path: Path) -> None:
    entries = []
    for number, name in enumerate(["a.jpg", "Zoë 😀.jpg", "empty.jpg"]):
        path = tmp_path / str(number)
        path.write_bytes(bytes(1000 * number % 2000))
        entries.append(ZipEntry(path, name))

    stream, size = stream_zip(entries)
    content = b"".join(stream)

    assert len(content) == size
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [entry.name for entry in entries]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert [archive.read(e.name) for e in entries] == [e.path.read_bytes() for e in entries]


def test_a_zip_of_nothing_opens() -> None:
    stream, size = stream_zip([])
    content = b"".join(stream)

    assert len(content) == size
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == []


@pytest.mark.parametrize("letter", ["日", "😀", "é"])
def test_a_long_name_of_any_language_fits_into_a_file_system(letter: str) -> None:
    name = original_name(letter * 200 + ".jpg", "JPEG")

    assert len(name.encode()) <= 255  # ext4 and most others count bytes


def test_an_original_that_a_broken_disk_lost_costs_only_itself(
    app: Flask, site: Site, make_room: Callable[..., NewRoom], add_photo: Callable[..., int]
) -> None:
    room_id = make_room().room.id
    add_photo(room_id, draw_photo(RED, seed=1), "lost.jpg")
    add_photo(room_id, draw_photo(RED, seed=2), "kept.jpg")
    with app.app_context():
        lost = db.session.scalars(select(Photo.sha256).order_by(Photo.id)).first()
        site.storage.original(room_id, lost or "").unlink()

        entries = list_zip_entries(Album(room_id), site.storage)

    assert [entry.name for entry in entries] == ["kept.jpg"]
