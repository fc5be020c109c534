"""Real photographs with labels, if the folder ../shared/photos is beside the checkout."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from photoshare import create_app
from photoshare.config import Settings
from photoshare.db import db, upgrade_schema
from photoshare.errors import RejectedPhotoError
from photoshare.models import Photo
from photoshare.pictures import decoder_pool, decoding
from photoshare.services.rooms import export

pytestmark = pytest.mark.slow

SETTINGS = Settings()
MAX_MEGAPIXELS = SETTINGS.max_photo_megapixels


def labels(folder: Path) -> list[dict[str, str]]:
    with (folder / "labels.csv").open(newline="") as rows:
        return list(csv.DictReader(rows))


@pytest.fixture
def real_app(tmp_path: Path) -> Flask:
    """An app with the engine that users get."""
    app = create_app({"data": tmp_path / "data", "min_free_mb": 0})
    with app.app_context():
        upgrade_schema()
    return app


def test_every_bad_input_ends_as_its_label_says(shared_photos: Path) -> None:
    """In one process, which neither crashes nor exceeds its memory limit."""
    folder = shared_photos / "bad_inputs"
    pool = decoder_pool.DecoderPool(1)
    wrong, processes = [], set()
    for row in labels(folder):
        try:
            pool.render(folder / row["file"], SETTINGS)
            outcome = "accept"
        except RejectedPhotoError:
            outcome = "reject"
        processes.add(pool._idle[0]._process.pid)
        expected = row["expect"].replace("decodes", "accept")
        if expected not in (outcome, "either"):
            wrong.append((row["file"], expected, outcome))
    status = Path(f"/proc/{processes.copy().pop()}/status").read_text()
    pool.close()

    assert wrong == []
    assert len(processes) == 1
    peak_kb = re.search(r"VmHWM:\s+(\d+)", status)
    assert peak_kb is not None
    assert int(peak_kb[1]) < 600_000


def test_every_variant_of_one_face_is_decoded_upright(shared_photos: Path) -> None:
    folder = shared_photos / "face_variants"
    for row in labels(folder):
        decoded = decoding.decode_upright(
            folder / row["file"], at_least_px=400, max_megapixels=MAX_MEGAPIXELS
        )

        assert decoded.height > decoded.width, row["file"]
        assert decoded.image.height > decoded.image.width, row["file"]
        assert decoded.image.mode == "RGB"


def test_every_variant_of_one_face_lands_in_one_album(shared_photos: Path, real_app: Flask) -> None:
    folder = shared_photos / "face_variants"
    runner = real_app.test_cli_runner()
    code = runner.invoke(args=["rooms", "create", "--title", "Variants"]).stdout.split('"')[3]

    result = runner.invoke(args=["rooms", "import", code, str(folder / "photos"), "--wait"])
    assert result.exit_code == 0, result.output
    with real_app.app_context():
        room_id = db.session.scalars(select(Photo.room_id)).first() or 0
        people = export.room_as_dict(room_id)["people"]
        sizes = {
            photo.file_name: (photo.width, photo.height)
            for photo in db.session.scalars(select(Photo))
        }
        phone = db.session.scalars(select(Photo).where(Photo.file_name == "phone12mp_orient6.JPG"))
        captured_at = phone.one().captured_at

    variants = {Path(row["file"]).name for row in labels(folder)}
    variants.remove("heic_named_jpg.jpg")  # the same bytes as face.heic, which come once
    assert set(sizes) == variants
    assert all(height > width for width, height in sizes.values())
    assert captured_at == datetime(2023, 7, 1, 12)
    (album,) = (set(person["photos"]) for person in people)
    assert variants - album <= {"small_96.jpg"}  # a head of 24 pixels may be missed


def test_the_people_of_family_photos_get_albums_without_strangers(
    shared_photos: Path, real_app: Flask
) -> None:
    folder = shared_photos / "family"
    known = {row["file"]: set(row["identity"].split(";")) for row in labels(folder)}
    runner = real_app.test_cli_runner()
    code = runner.invoke(args=["rooms", "create", "--title", "Family"]).stdout.split('"')[3]

    result = runner.invoke(args=["rooms", "import", code, str(folder), "--wait"])
    assert result.exit_code == 0, result.output
    with real_app.app_context():
        people = export.room_as_dict(db.session.scalars(select(Photo.room_id)).first() or 0)[
            "people"
        ]

    albums = [
        Counter(name for file in person["photos"] for name in known.get(file, set()) if name)
        for person in people
    ]
    for person, album in zip(people, albums, strict=True):
        labelled = [file for file in person["photos"] if any(known.get(file, set()))]
        if labelled:
            assert album.most_common(1)[0][1] == len(labelled), "someone else is in this album"
    photo_counts = Counter(name for names in known.values() for name in names)
    names = {  # people in only one photo have no album
        name for name, count in photo_counts.items() if name.startswith("Family") and count > 1
    }
    owners = {album.most_common(1)[0][0] for album in albums if album}
    assert names <= owners
