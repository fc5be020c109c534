"""downloads.zip_shelf: however many stall, downloads stay within the memory limit."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from photoshare.services.downloads.sources import BytesSource
from photoshare.services.downloads.zip_layout import ZipLayout
from photoshare.services.downloads.zip_shelf import (
    BYTES_OF_ZIP,
    AlbumZip,
    ZipForgottenError,
    ZipShelf,
)

MOMENT = datetime(2024, 5, 6, tzinfo=UTC)


def zip_called(key: str, memory_bytes: int = 1000) -> AlbumZip:
    layout = ZipLayout(["a.jpg"], [3], [0], [MOMENT], lambda _number: BytesSource(b"abc"))
    return AlbumZip(key, layout, key, memory_bytes)


def shelf_for(zips: int) -> ZipShelf:
    return ZipShelf(max_bytes=zips * (1000 + BYTES_OF_ZIP))


def test_the_zip_that_nobody_reads_goes_first() -> None:
    shelf = shelf_for(2)
    for key in ("stalled", "read"):
        shelf.keep(zip_called(key))
    stalled, read = shelf.open("stalled"), shelf.open("read")
    stalled.read_at(0, 1)
    read.read_at(0, 1)

    shelf.keep(zip_called("new"))

    assert read.read_at(0, 2) == b"PK"
    with pytest.raises(ZipForgottenError):
        stalled.read_at(1, 1)
    assert shelf.find("stalled") is None


def test_what_goes_makes_room_for_what_comes() -> None:
    shelf = shelf_for(3)
    for number in range(100):
        shelf.keep(zip_called(str(number)))
        shelf.keep(zip_called(str(number)))

    kept = [number for number in range(100) if shelf.find(str(number))]

    assert kept == [97, 98, 99]


def test_a_zip_that_is_too_large_for_the_shelf_can_be_read_alone() -> None:
    shelf = shelf_for(2)
    shelf.keep(zip_called("small"))

    shelf.keep(zip_called("large", 10**9))

    assert shelf.open("large").read_at(0, 2) == b"PK"
    assert shelf.find("small") is None


def test_a_zip_whose_file_is_gone_is_forgotten() -> None:
    def fail(_number: int) -> BytesSource:
        raise FileNotFoundError

    shelf = ZipShelf()
    layout = ZipLayout(["a.jpg"], [3], [0], [MOMENT], fail)
    shelf.keep(AlbumZip("a", layout, "a", 1))

    with pytest.raises(FileNotFoundError):
        shelf.open("a").read_at(36, 1)

    assert shelf.find("a") is None
