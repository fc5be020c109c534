"""What a file's name and size tell, before its bytes are sent and without a script."""

from __future__ import annotations

import io
import json

import pytest

from photoshare.pictures.formats import FORMATS, check_name
from tests.conftest import Cast
from tests.fakes import RED, draw_photo, psd
from tests.helpers import HX, tags_of

OTHER_RAW = "This kind of RAW file can&#39;t be taken. Please add the JPEG of it, or a DNG."
REFUSED = {
    "notes.pdf": "This isn&#39;t a photo or a video.",
    "song.mp3": "This isn&#39;t a photo or a video.",
    "poster.PSD": ".psd files can&#39;t be taken.",
    "old.mkv": ".mkv files can&#39;t be taken.",
    "SDIM0815.X3F": OTHER_RAW,
    "IMGP0815.pef": OTHER_RAW,
}


@pytest.mark.parametrize("name", REFUSED)
def test_pieces_of_what_cannot_be_taken_never_begin(cast: Cast, name: str) -> None:
    facts = {"file_name": name, "size": "5000"}

    answer = cast.guest.post(f"{cast.url}/uploads", data=facts, headers=HX)

    assert answer.status_code == 422
    assert "Location" not in answer.headers
    assert REFUSED[name] in answer.text


@pytest.mark.parametrize("name", ["a.jpg", "no ending", "a.CR3", "a.mov", "a.jfif", "a.jpg_large"])
def test_pieces_of_anything_else_begin(cast: Cast, name: str) -> None:
    facts = {"file_name": name, "size": "5000"}

    assert cast.guest.post(f"{cast.url}/uploads", data=facts).status_code == 201


@pytest.mark.parametrize("name", REFUSED)
def test_without_a_script_the_same_is_said(cast: Cast, name: str) -> None:
    files = {"photos": [(io.BytesIO(psd()), name)]}

    answer = cast.guest.post(f"{cast.url}/photos", data=files)

    assert (answer.status_code, REFUSED[name] in answer.text) == (422, True)


def test_without_a_script_an_empty_file_is_called_empty(cast: Cast) -> None:
    files = {"photos": [(io.BytesIO(), "a.jpg")]}

    answer = cast.guest.post(f"{cast.url}/photos", data=files)

    assert (answer.status_code, "This file is empty." in answer.text) == (422, True)


def test_a_photo_with_a_wrong_name_is_taken_all_the_same(cast: Cast) -> None:
    files = {"photos": [(io.BytesIO(draw_photo(RED)), "scan.pdf")]}

    answer = cast.guest.post(f"{cast.url}/photos", data=files, headers=HX)

    assert answer.status_code == 201


def test_the_page_lists_every_ending_and_type_that_is_taken(cast: Cast) -> None:
    page = cast.guest.get(cast.url).text.replace('id="upload"', "")  # which `tags_of` leaves out
    (form,) = tags_of(page, "form", enctype="multipart/form-data")
    (field,) = tags_of(page, "input", name="photos")

    listed = json.loads(form["data-accepted"])["kinds"]

    endings = {ending for kind in listed for ending in kind["endings"]}
    assert endings == {end for one in FORMATS.values() for end in (one.ending, *one.other_endings)}
    offered = field["accept"].split(",")
    for known in FORMATS.values():
        assert {known.mime_type, known.mime_type.split("/")[0] + "/*"} & {*offered}
        check_name(f"photo{known.ending}")
