"""downloads.read_ahead: what follows is opened while something is read, and nobody waits."""

from __future__ import annotations

import errno
import io
import zipfile
from collections.abc import Callable
from concurrent.futures import Future

import pytest

from photoshare.errors import storage_error
from photoshare.services.downloads.read_ahead import PatientZipSource
from photoshare.services.downloads.sources import Source, SourceFile
from photoshare.services.downloads.zip_layout import ZipLayout
from photoshare.services.downloads.zip_shelf import AlbumZip, ZipShelf
from photoshare.serving.patient_files import PatientFile, is_ready
from tests.services.downloads.test_zip_layout import MOMENT, Bytes, layout_of

CONTENTS = {f"{n}.jpg": bytes([n]) * 1000 for n in range(5)}
HEADER = 30 + 5  # of each file


class Threads:
    """Threads that open a file when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[Callable[[], Source], Future[Source]]] = []

    def submit(self, fetch: Callable[[], Source]) -> Future[Source]:
        future: Future[Source] = Future()
        self.asked.append((fetch, future))
        return future

    def bring(self) -> None:
        """Open all that was asked for so far."""
        for fetch, future in self.asked:
            if not future.done():
                future.set_result(fetch())


class Direct(Threads):
    """Threads that are as fast as can be, or fail at once."""

    def submit(self, fetch: Callable[[], Source]) -> Future[Source]:
        future: Future[Source] = Future()
        try:
            future.set_result(fetch())
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture
def threads() -> Threads:
    return Threads()


def open_zip(threads: Threads) -> PatientZipSource:
    layout = layout_of(CONTENTS)
    return PatientZipSource(lambda: layout, threads.submit)


def test_the_whole_zip_is_read_as_ever() -> None:
    layout = layout_of(CONTENTS)
    file = SourceFile(
        lambda: PatientZipSource(lambda: layout, Direct().submit), 0, layout.size_bytes
    )

    content = b"".join(iter(file.read, b""))
    file.close()

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == CONTENTS


def test_a_file_and_the_two_after_it_are_sent_for(threads: Threads) -> None:
    source = open_zip(threads)

    assert source.is_ready(0), "a header is never waited for"
    assert not source.is_ready(HEADER)
    assert not source.is_ready(HEADER)
    assert len(threads.asked) == 3
    threads.bring()
    assert source.is_ready(HEADER)
    assert source.read_at(HEADER, 10_000) == CONTENTS["0.jpg"]
    source.close()


def test_all_that_was_opened_is_closed(threads: Threads) -> None:
    before = Bytes.open_count
    source = open_zip(threads)
    source.is_ready(HEADER)
    threads.bring()
    source.read_at(HEADER, 10)
    source.is_ready(HEADER * 2 + 1000)
    source.close()
    threads.bring()  # one was still on its way

    assert Bytes.open_count == before


def test_the_file_being_sent_gives_nothing_until_it_can(threads: Threads) -> None:
    layout = layout_of(CONTENTS)
    file = SourceFile(
        lambda: PatientZipSource(lambda: layout, threads.submit), 0, layout.size_bytes
    )
    sent = PatientFile(file)
    sent.prepare()

    assert sent.get(10_000, skip=True)[:4] == b"PK\x03\x04"
    assert not is_ready(sent)
    assert sent.get(10_000) == b""
    threads.bring()
    assert is_ready(sent)
    assert sent.get(10_000) == CONTENTS["0.jpg"], "and no more: the next might not be there"
    file.close()


def test_a_bucket_out_of_reach_ends_a_zip_that_can_be_resumed() -> None:
    def fail(_number: int) -> Source:
        raise storage_error("the line is cut")

    whole = layout_of(CONTENTS)
    layout = ZipLayout(["a"], [10], [1], [MOMENT], fail)
    shelf = ZipShelf(submit=Direct().submit)
    shelf.keep(AlbumZip("key", layout, "stamp", whole.memory_bytes))

    with pytest.raises(OSError, match="the line is cut"):
        shelf.open("key").read_at(31, 10)

    assert shelf.find("key") is not None, "the photo is not lost"


def test_a_lost_photo_makes_the_zip_anew() -> None:
    def fail(_number: int) -> Source:
        raise FileNotFoundError(errno.ENOENT, "gone")

    layout = ZipLayout(["a"], [10], [1], [MOMENT], fail)
    shelf = ZipShelf(submit=Direct().submit)
    shelf.keep(AlbumZip("key", layout, "stamp", layout.memory_bytes))

    with pytest.raises(FileNotFoundError):
        shelf.open("key").read_at(31, 10)

    assert shelf.find("key") is None
