"""downloads.zip_layout: zips that every program opens, readable at any offset."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from photoshare.services.downloads.sources import SourceFile
from photoshare.services.downloads.zip_layout import ZipLayout, ZipSource

pytestmark = pytest.mark.slow

MOMENT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
GB = 1 << 30


class Bytes:
    """Bytes in memory; counts how often they were opened and closed."""

    open_count = 0

    def __init__(self, content: bytes) -> None:
        self.content = content
        Bytes.open_count += 1

    def read_at(self, offset: int, size: int) -> bytes:
        return self.content[offset : offset + size]

    def close(self) -> None:
        Bytes.open_count -= 1


class Zeros:
    """As many zeros as requested."""

    def read_at(self, _offset: int, size: int) -> bytes:
        return bytes(size)

    def close(self) -> None:
        """Do nothing: nothing is open."""


def layout_of(contents: dict[str, bytes], moment: datetime = MOMENT) -> ZipLayout:
    in_order = list(contents.values())
    return ZipLayout(
        list(contents),
        list(map(len, in_order)),
        map(zlib.crc32, in_order),
        [moment] * len(in_order),
        lambda number: Bytes(in_order[number]),
    )


def file_of(layout: ZipLayout, start: int = 0, stop: int | None = None) -> SourceFile:
    return SourceFile(
        lambda: ZipSource(lambda: layout), start, layout.size_bytes if stop is None else stop
    )


def content_of(layout: ZipLayout) -> bytes:
    with file_of(layout) as file:
        return file.read()


@pytest.fixture
def layout() -> ZipLayout:
    numbers = random.Random(1)
    names = ["a.jpg", "Zoë 😀 日本.jpg", "empty.jpg", "z.jpg"]
    sizes = [5000, 1, 0, 70_000]
    return layout_of(
        {name: numbers.randbytes(size) for name, size in zip(names, sizes, strict=True)}
    )


def test_a_zip_has_the_size_that_was_told_and_holds_the_files_unchanged(layout: ZipLayout) -> None:
    content = content_of(layout)

    assert len(content) == layout.size_bytes
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        for number, info in enumerate(archive.infolist()):
            wanted = (layout.name(number), layout.entry_bytes(number))
            assert (info.filename, info.file_size) == wanted
            assert info.date_time == (2024, 5, 6, 7, 8, 8)
            assert info.compress_type == zipfile.ZIP_STORED
            assert info.external_attr >> 16 == 0o100644


def test_a_zip_of_nothing_opens() -> None:
    with zipfile.ZipFile(io.BytesIO(content_of(layout_of({})))) as archive:
        assert archive.namelist() == []


def test_any_part_is_the_same_as_in_the_whole(layout: ZipLayout) -> None:
    whole = content_of(layout)
    numbers = random.Random(2)
    for _ in range(300):
        start = numbers.randrange(len(whole))
        stop = numbers.randrange(start, len(whole)) + 1
        with file_of(layout, start, stop) as part:
            assert part.read() == whole[start:stop]


def test_it_can_be_read_as_a_file_is(layout: ZipLayout) -> None:
    whole = content_of(layout)
    with file_of(layout, 10, 6000) as file:
        assert file.seekable()
        assert file.readable()
        assert (file.seek(0, io.SEEK_END), file.read(5)) == (5990, b"")
        assert (file.seek(-3, io.SEEK_CUR), file.read()) == (5987, whole[5997:6000])
        assert (file.seek(2), file.read(4), file.tell()) == (2, whole[12:16], 6)
        assert file.seek(-99) == 0
        assert file.read(None) == whole[10:6000]


def test_one_file_is_open_at_a_time_and_none_at_the_end(layout: ZipLayout) -> None:
    file = file_of(layout)
    opened = set()
    while file.read(997):
        opened.add(Bytes.open_count)
    file.close()

    assert opened == {1}
    assert Bytes.open_count == 0


def test_nothing_is_opened_before_it_is_read(layout: ZipLayout) -> None:
    file_of(layout).close()

    assert Bytes.open_count == 0


def test_a_file_that_has_become_shorter_ends_the_download() -> None:
    cut = ZipLayout(["a.jpg"], [100], [0], [MOMENT], lambda _number: Bytes(b"short"))

    with file_of(cut) as file, pytest.raises(OSError, match="shorter"):
        file.read()


@pytest.mark.parametrize(
    ("moment", "date_time"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), (1980, 1, 1, 0, 0, 0)),
        (datetime(2200, 1, 1, tzinfo=UTC), (2107, 12, 31, 23, 59, 58)),
        (datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC), (1999, 12, 31, 23, 59, 58)),
    ],
)
def test_a_time_that_zips_do_not_know_becomes_the_nearest(
    moment: datetime, date_time: tuple[int, ...]
) -> None:
    content = content_of(layout_of({"a.jpg": b"x"}, moment))

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.infolist()[0].date_time == date_time


@pytest.mark.parametrize("count", [65_534, 65_535, 65_536, 70_000])
def test_more_files_than_fit_into_sixteen_bits(count: int) -> None:
    layout = layout_of({f"{number}.jpg": b"x" for number in range(count)})

    with zipfile.ZipFile(file_of(layout)) as archive:
        assert len(archive.namelist()) == count
        assert archive.read(f"{count - 1}.jpg") == b"x"


@pytest.mark.parametrize(
    "sizes",
    [
        [4 * GB - 100, 7, 8],  # the directory begins beyond 4 GB
        [3 * GB, 3 * GB, 9],  # a file does
        [4 * GB - 1, 10],  # the first size that 32 bits cannot express
        [5 * GB, 5 * GB, 11],
        [1000] * 3,
    ],
    ids=str,
)
def test_more_bytes_than_fit_into_thirty_two_bits(sizes: list[int]) -> None:
    names = [f"{number}.jpg" for number in range(len(sizes))]
    checksums = [zlib.crc32(bytes(size)) if size < 2000 else 0 for size in sizes]
    layout = ZipLayout(names, sizes, checksums, [MOMENT] * len(sizes), lambda _number: Zeros())

    with zipfile.ZipFile(file_of(layout)) as archive:
        infos = archive.infolist()
        assert [info.file_size for info in infos] == sizes
        assert archive.read(infos[-1]) == bytes(sizes[-1])
        for info in infos:
            with archive.open(info) as file:  # reads the local header as well
                assert file.read(1) == b"\0"


def test_a_file_takes_forty_bytes_of_memory_and_its_name() -> None:
    few, many = (
        layout_of({f"IMG_{number:06}.jpg": b"x" for number in range(n)}) for n in (1, 1001)
    )

    assert many.memory_bytes - few.memory_bytes == 1000 * (40 + len("IMG_000000.jpg"))


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
def test_unzip_finds_nothing_wrong(layout: ZipLayout, tmp_path: Path) -> None:
    many = layout_of({f"{number}.jpg": b"x" for number in range(66_000)})
    for number, made in enumerate((layout, many)):
        path = tmp_path / f"{number}.zip"
        path.write_bytes(content_of(made))

        result = subprocess.run(["unzip", "-tq", path], capture_output=True, text=True, check=False)

        assert (result.returncode, result.stdout.split(" of ")[0]) == (
            0,
            "No errors detected in compressed data",
        ), result.stdout
