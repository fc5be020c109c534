"""A motion photo: a still with a movie after it. A guest's copy is a plain still."""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from photoshare.metadata.clean import find_patches
from photoshare.metadata.patches import PatchedFile
from tests.metadata.samples import exif, picture, segment

pillow_heif.register_heif_opener()

CAMERA = 'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/"'
# The form of 2017, and today's: a directory of what follows the still.
MICRO_VIDEO = f'{CAMERA} GCamera:MicroVideo="1" GCamera:MicroVideoOffset="%(movie)d"'
MOTION_PHOTO = f'{CAMERA} GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1"'
ATTRIBUTES = 'Item:Mime="%s" Item:Semantic="%s" Item:Length="%d" Item:Padding="0"'
ELEMENTS = "<Item:Mime>%s</Item:Mime><Item:Semantic>%s</Item:Semantic><Item:Length>%d</Item:Length>"
SAMSUNG = b"\0\0\x30\x0aMotionPhoto_Data"
HUAWEI = b"LIVE_1234567         "
CLAIMS = re.compile(rb"Motion|MicroVideo|video/|mpvd|ftyp(mp42|isom)|SEFT|LIVE_")


def movie() -> bytes:
    """Make bytes that look like a movie, with something like a JPEG in the middle."""
    coded = np.random.default_rng(1).bytes(20_000)
    decoy = jpeg(1)
    return b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + box(b"mdat", coded + decoy + coded)


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


def jpeg(seed: int = 0) -> bytes:
    buffer = io.BytesIO()
    picture(seed).save(buffer, "JPEG", exif=exif())
    return buffer.getvalue()


def xmp(properties: str, directory: str = "") -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {properties}'
        ' xmlns:Container="http://ns.google.com/photos/1.0/container/"'
        ' xmlns:Item="http://ns.google.com/photos/1.0/container/item/">'
        f"{directory}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def directory(form: str, *items: tuple[str, str, int]) -> str:
    """List the items as (type, meaning, length), as attributes or as elements."""
    if form == ATTRIBUTES:
        entries = [f"<Container:Item {form % item}/>" for item in items]
    else:
        parse = 'rdf:parseType="Resource"'
        entries = [f"<Container:Item {parse}>{form % item}</Container:Item>" for item in items]
    listed = "".join(f'<rdf:li rdf:parseType="Resource">{entry}</rdf:li>' for entry in entries)
    return f"<Container:Directory><rdf:Seq>{listed}</rdf:Seq></Container:Directory>"


def with_xmp(still: bytes, packet: bytes) -> bytes:
    return still[:2] + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet) + still[2:]


def clean(content: bytes, image_format: str, folder: Path) -> bytes:
    path = folder / "photo"
    path.write_bytes(content)
    file = PatchedFile(path, find_patches(path, image_format))
    cleaned = file.read_at(0, file.size_bytes + 1)
    file.close()
    return cleaned


def assert_same_picture(before: bytes, after: bytes) -> None:
    with Image.open(io.BytesIO(before)) as first, Image.open(io.BytesIO(after)) as second:
        assert np.array_equal(np.asarray(first), np.asarray(second))


@pytest.mark.parametrize(
    "packet",
    [
        xmp(MICRO_VIDEO % {"movie": len(movie())}),
        *(
            xmp(
                MOTION_PHOTO,
                directory(
                    form,
                    ("image/jpeg", "Primary", 0),
                    ("video/mp4", "MotionPhoto", len(movie())),
                ),
            )
            for form in (ATTRIBUTES, ELEMENTS)
        ),
    ],
    ids=["MicroVideo", "MotionPhoto by attributes", "MotionPhoto by elements"],
)
@pytest.mark.parametrize("before_movie", [b"", SAMSUNG], ids=["bare", "Samsung"])
@pytest.mark.parametrize("trailer", [b"", b"SEFH" + bytes(20) + b"SEFT", HUAWEI])
def test_the_copy_is_a_plain_still(
    tmp_path: Path, packet: bytes, before_movie: bytes, trailer: bytes
) -> None:
    still = with_xmp(jpeg(), packet)

    cleaned = clean(still + before_movie + movie() + trailer, "JPEG", tmp_path)

    assert CLAIMS.findall(cleaned) == []
    assert cleaned.endswith(b"\xff\xd9")
    assert len(cleaned) <= len(still)
    assert re.search(rb"\0{32}", cleaned) is None
    assert_same_picture(still, cleaned)
    assert clean(cleaned, "JPEG", tmp_path) == cleaned


@pytest.mark.parametrize("form", [ATTRIBUTES, ELEMENTS])
def test_the_gain_map_before_the_movie_stays_and_is_found(tmp_path: Path, form: str) -> None:
    """In an HDR photo: index and directory have its new offset after the rest is removed."""
    buffer = io.BytesIO()
    picture().save(buffer, "MPO", save_all=True, append_images=[picture(1)], exif=exif())
    pictures = buffer.getvalue()
    gain_map = len(pictures) - pictures.rindex(b"\xff\xd8\xff")
    listed = directory(
        form,
        ("image/jpeg", "Primary", 0),
        ("image/jpeg", "GainMap", gain_map),
        ("video/mp4", "MotionPhoto", len(movie())),
    )
    photo = with_xmp(pictures, xmp(MOTION_PHOTO, listed)) + movie()

    cleaned = clean(photo, "MPO", tmp_path)

    assert CLAIMS.findall(cleaned) == []
    assert b"GainMap" in cleaned
    assert len(cleaned) - cleaned.rindex(b"\xff\xd8\xff") == gain_map
    with Image.open(io.BytesIO(cleaned)) as after, Image.open(io.BytesIO(pictures)) as before:
        assert (after.format, getattr(after, "n_frames", 1)) == ("MPO", 2)
        for frame in range(2):
            before.seek(frame)
            after.seek(frame)
            assert np.array_equal(np.asarray(before), np.asarray(after))
    assert clean(cleaned, "MPO", tmp_path) == cleaned


def test_an_index_of_a_picture_that_is_cut_goes(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    picture().save(buffer, "MPO", save_all=True, append_images=[picture(1)])
    pictures = buffer.getvalue()
    second = pictures.rindex(b"\xff\xd8\xff")

    cleaned = clean(pictures[:second] + b"\xff\xd8\xff\xe1\xff\xff", "MPO", tmp_path)

    assert b"MPF\0" not in cleaned
    assert cleaned.endswith(b"\xff\xd9")
    assert_same_picture(pictures, cleaned)


@pytest.mark.parametrize("trailer", [b"", box(b"sefd", b"MotionPhoto_Data")])
def test_the_movie_in_a_heic_is_cut(tmp_path: Path, trailer: bytes) -> None:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(picture()).save(buffer, xmp=xmp(MOTION_PHOTO), exif=exif())
    still = buffer.getvalue()

    cleaned = clean(still + box(b"mpvd", movie()) + trailer, "HEIF", tmp_path)

    assert len(cleaned) == len(still)
    assert CLAIMS.findall(cleaned) == []
    assert_same_picture(still, cleaned)
