"""photoshare.metadata: what guests get of RAW files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import Base

from photoshare.metadata.clean import find_patches, is_cleanable
from photoshare.metadata.patches import PatchedFile
from tests.metadata.samples import SECRETS, XMP, exif, segment
from tests.raws import OWNER, RAW_KINDS, SERIAL, draw_dng, draw_raw, preview


def cleaned(path: Path, image_format: str) -> bytes:
    file = PatchedFile(path, find_patches(path, image_format))
    try:
        return file.read_at(0, file.size_bytes)
    finally:
        file.close()


@pytest.mark.parametrize("is_thumbnail_first", [True, False])
def test_a_dng_loses_its_secrets_and_keeps_its_length(
    tmp_path: Path, is_thumbnail_first: bool
) -> None:
    path = tmp_path / "photo.dng"
    content = draw_dng(
        is_thumbnail_first=is_thumbnail_first, is_secret=True, jpeg=preview(exif=exif())
    )
    path.write_bytes(content)
    secrets = (*SECRETS, SERIAL.encode(), OWNER.encode())
    assert all(secret in content for secret in secrets)

    copy = cleaned(path, "DNG")

    assert [secret for secret in secrets if secret in copy] == []
    assert len(copy) == len(content)


@pytest.mark.parametrize("tag", [Base.ProfileCopyright, Base.PreviewSettingsName])
def test_a_dng_names_nobody_who_made_its_profile(tmp_path: Path, tag: int) -> None:
    path = tmp_path / "photo.dng"
    Image.new("RGB", (8, 8)).save(path, "TIFF", tiffinfo={tag: OWNER})
    assert OWNER.encode() in path.read_bytes()

    assert OWNER.encode() not in cleaned(path, "DNG")


@pytest.mark.parametrize("kind", [kind for kind in RAW_KINDS if kind != "DNG"])
def test_what_only_its_maker_understands_is_not_vouched_for(tmp_path: Path, kind: str) -> None:
    (tmp_path / "photo").write_bytes(draw_raw(kind))

    assert not is_cleanable(tmp_path / "photo", kind)


def test_the_jpegs_inside_a_tiff_are_cleaned(tmp_path: Path) -> None:
    """Each strip of a TIFF may be a JPEG of its own, with whatever a JPEG can tell."""
    buffer = io.BytesIO()
    Image.effect_noise((64, 48), 60).convert("RGB").save(buffer, "TIFF", compression="jpeg")
    content = buffer.getvalue()
    path = tmp_path / "photo.tif"
    with Image.open(io.BytesIO(content)) as opened:
        start, size = opened.getexif()[273], opened.getexif()[279]
    secret = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)
    strip = content[start : start + size]
    told = strip[:2] + secret + strip[2:]
    with_secret = content + told
    for old, new in ((start, len(content)), (size, len(told))):
        with_secret = _with_number(with_secret, {start: 273, size: 279}[old], new)
    path.write_bytes(with_secret)

    copy = cleaned(path, "TIFF")

    assert any(secret in with_secret for secret in SECRETS)
    assert [secret for secret in SECRETS if secret in copy] == []
    with Image.open(io.BytesIO(copy)) as after, Image.open(io.BytesIO(content)) as before:
        assert np.array_equal(np.asarray(after), np.asarray(before))


def _with_number(content: bytes, tag: int, value: int) -> bytes:
    """Replace the single number of a tag in the first table of a little-endian TIFF."""
    first = int.from_bytes(content[4:8], "little")
    for at in range(first + 2, first + 2 + 12 * 40, 12):
        if int.from_bytes(content[at : at + 2], "little") == tag:
            entry = content[at : at + 2] + b"\4\0\1\0\0\0" + value.to_bytes(4, "little")
            return content[:at] + entry + content[at + 12 :]
    raise AssertionError(f"no tag {tag}")
