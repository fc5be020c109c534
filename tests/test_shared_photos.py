"""Real photographs with labels, where the folder ../shared/photos is beside the checkout."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from photoshare import create_app, images
from photoshare.config import Settings
from photoshare.db import db, upgrade_schema
from photoshare.errors import RejectedPhotoError
from photoshare.models import Photo
from photoshare.services import export

MAX_MEGAPIXELS = Settings().max_photo_megapixels


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


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
def test_every_bad_input_ends_as_its_label_says(shared_photos: Path) -> None:
    folder = shared_photos / "bad_inputs"
    wrong = []
    for row in labels(folder):
        try:
            images.decode_upright(
                folder / row["file"], at_least_px=images.VIEW_PX, max_megapixels=MAX_MEGAPIXELS
            )
            outcome = "accept"
        except RejectedPhotoError:
            outcome = "reject"
        expected = row["expect"].replace("decodes", "accept")
        if expected not in (outcome, "either"):
            wrong.append((row["file"], expected, outcome))

    assert wrong == []


def test_every_variant_of_one_face_is_decoded_upright(shared_photos: Path) -> None:
    folder = shared_photos / "face_variants"
    for row in labels(folder):
        decoded = images.decode_upright(
            folder / row["file"], at_least_px=400, max_megapixels=MAX_MEGAPIXELS
        )

        assert decoded.height > decoded.width, row["file"]
        assert decoded.image.height > decoded.image.width, row["file"]
        assert decoded.image.mode == "RGB"


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
            assert album.most_common(1)[0][1] == len(labelled), "somebody else is in this album"
    photo_counts = Counter(name for names in known.values() for name in names)
    names = {  # who is on one photo only has no album
        name for name, count in photo_counts.items() if name.startswith("Family") and count > 1
    }
    owners = {album.most_common(1)[0][0] for album in albums if album}
    assert names <= owners
