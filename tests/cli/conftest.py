"""Fixtures: a folder of pictures to import."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import BLUE, RED, draw_photo


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photos of Red, one with Blue in a sub-folder; a copy, a text, an empty picture."""
    folder = tmp_path / "pictures"
    (folder / "sub").mkdir(parents=True)
    (folder / "one.jpg").write_bytes(draw_photo(RED, seed=1))
    (folder / "sub" / "two.png").write_bytes(draw_photo(RED, BLUE, seed=2, image_format="PNG"))
    (folder / "copy.jpg").write_bytes(draw_photo(RED, seed=1))
    (folder / "notes.txt").write_text("no picture")
    (folder / "empty.jpg").touch()
    return folder
