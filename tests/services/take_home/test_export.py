"""A room file holds the originals, who is on them, and what was said."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from photoshare.services.corrections import verbs
from photoshare.services.rooms.entering import Author
from photoshare.services.take_home.exporting import export_room
from photoshare.services.take_home.room_file import Choice, Folders
from photoshare.web.site import Site
from tests.fakes import BLUE, RED, draw_photo


def lines_of(packed: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in packed.read(f"room/{name}.jsonl").splitlines()]


@pytest.fixture
def room_id(
    make_room: Callable[..., Any], add_photo: Callable[..., int], run_jobs: Callable[[], None]
) -> int:
    """Red on two photos, Blue on one of them; a photo of nobody."""
    room_id: int = make_room().room.id
    add_photo(room_id, draw_photo(RED, BLUE, seed=1), "both.jpg")
    add_photo(room_id, draw_photo(RED, seed=2), "red.jpg")
    add_photo(room_id, draw_photo(BLUE, seed=3), "red.jpg")
    add_photo(room_id, draw_photo(seed=4), "nobody.jpg")
    run_jobs()
    return room_id


@pytest.mark.usefixtures("app_ctx")
def test_by_person_a_photo_of_two_people_is_in_both_folders(
    room_id: int, site: Site, tmp_path: Path
) -> None:
    verbs.name_person(Author(room_id), 1, "Zoë/Ω")
    target = tmp_path / "room.zip"

    size = export_room(room_id, Choice(Folders.PERSON), site.storage, target)

    with zipfile.ZipFile(target) as packed:
        names = packed.namelist()
        assert packed.testzip() is None
        (red,) = {entry["id"] for entry in lines_of(packed, "people") if entry["name"]}
    assert size == target.stat().st_size
    assert red == 1
    assert [name for name in names if name.startswith("photos/")] == [
        "photos/Zoë_Ω/both.jpg",
        "photos/Zoë_Ω/both.jpg.xmp",
        "photos/Person 2/both.jpg",
        "photos/Person 2/both.jpg.xmp",
        "photos/Zoë_Ω/red.jpg",
        "photos/Zoë_Ω/red.jpg.xmp",
        "photos/Person 2/red.jpg",
        "photos/Person 2/red.jpg.xmp",
        "photos/Nobody/nobody.jpg",
    ]
