"""photoshare.services.downloads.file_names: names that every system accepts."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photoshare.services.downloads.file_names import (
    MAX_STEM_BYTES,
    original_name,
    safe_name,
    unique_names,
)


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
        ("\u202egpj", "gpj"),
        ("क्\u200dष", "क्\u200dष"),
        ("  . hidden . ", "hidden"),
        ("", "photo"),
        ("...", "photo"),
        ("   ", "photo"),
        ("CON", "CON_"),
        ("con", "con_"),
        ("Lpt9", "Lpt9_"),
        ("nul.tar", "nul.tar_"),
        ("nul .tar", "nul .tar_"),
        ("COM¹", "COM¹_"),
        ("conin$", "conin$_"),
        ("\ud800", "_"),
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
        (["Zo\u00eb.jpg", "ZOE\u0308.jpg"], ["Zo\u00eb.jpg", "ZOE\u0308 (2).jpg"]),
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


@pytest.mark.parametrize("letter", ["日", "😀", "é"])
def test_a_long_name_of_any_language_fits_into_a_file_system(letter: str) -> None:
    name = original_name(letter * 200 + ".jpg", "JPEG")

    assert len(name.encode()) <= 255  # ext4 and most others count bytes


@settings(derandomize=True, deadline=None)
@given(
    names=st.lists(
        st.text(
            st.sampled_from("aAäÄ\u0308\u00dfsS 日😀.\ud800\\/:\0" + "CONconNULnul1"), max_size=120
        ),
        max_size=8,
    )
)
def test_names_are_taken_by_every_file_system_whatever_guests_call_their_photos(
    names: list[str],
) -> None:
    result = unique_names([original_name(name, "JPEG") for name in names])

    for name in result:
        assert len(name.encode()) <= 255
        assert len(name.encode("utf-16-le")) // 2 <= 255
        assert not set(name) & set('<>:"/\\|?*\0')
        assert name[0] not in " ."
        stem = PurePosixPath(name).stem
        assert stem[-1] not in " ." or stem.endswith(")")
        assert name.split(".")[0].strip().lower() not in ("con", "nul")
    forms = {unicodedata.normalize("NFD", name).casefold() for name in result}
    assert len(forms) == len(names)
