"""A room whose photos are in a bucket is taken home, and made again in a bucket."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("obstore", reason="obstore is in requirements-scale.txt")

from tests.fakes import RED, draw_photo
from tests.scale.s3_server import S3, environ_of
from tests.tools import flask

pytestmark = pytest.mark.scale


def answered(data: Path, environ: dict[str, str], *arguments: str) -> dict[str, object]:
    done = flask(data, *arguments, **environ)
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_a_room_in_a_bucket_is_taken_home_and_made_again(s3: S3, tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "room.zip"
    environ = environ_of(s3.settings(data))
    pictures = {f"{seed}.jpg": draw_photo(RED, seed=seed) for seed in range(3)}
    (tmp_path / "pictures").mkdir()
    for name, content in pictures.items():
        (tmp_path / "pictures" / name).write_bytes(content)
    code = str(answered(data, environ, "rooms", "create", "--title", "Party")["code"])
    answered(data, environ, "rooms", "import", code, str(tmp_path / "pictures"))

    answered(data, environ, "rooms", "export", code, str(file))
    made = answered(data, environ, "rooms", "import-room", str(file))
    answered(data, environ, "rooms", "export", str(made["code"]), str(tmp_path / "again.zip"))

    for path in (file, tmp_path / "again.zip"):
        with zipfile.ZipFile(path) as packed:
            found = {name.rpartition("/")[2]: packed.read(name) for name in packed.namelist()}
        assert {name: found[name] for name in pictures} == pictures
