"""Fixtures of the face tests; the main branch's conftest.py has the same and more."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def face_pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Real faces by file name, from the sources of face_recognition that run.sh test fetches."""
    archives = list((ROOT / ".cache").glob("face_recognition-*.tar.gz"))
    if not archives:
        pytest.skip("the sources of face_recognition are not in .cache; ./run.sh test fetches them")
    folder = tmp_path_factory.mktemp("faces")
    pictures = {}
    with tarfile.open(archives[0]) as archive:
        for member in archive.getmembers():
            name = Path(member.name).name
            content = archive.extractfile(member)
            if "/tests/test_images/" in member.name and name.endswith(".jpg") and content:
                pictures[name] = folder / name
                pictures[name].write_bytes(content.read())
    return pictures
