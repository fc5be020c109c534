"""photoshare.storage: files are stored completely or not at all, and deleted completely."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from photoshare.config import MB, load_settings
from photoshare.disk import disk_full_as_error
from photoshare.errors import DiskFullError, RejectedPhotoError, SettingError
from photoshare.storage import RESERVE_BYTES, Storage, open_storage

LONG_AGO, SINCE = 1_000.0, 2_000.0  # seconds since the epoch
SHA = "a" * 64


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path)


class Files:
    """The files of a storage as the tests see them, by their paths below its data folder."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def put(self, path: Path, *, modified: float = LONG_AGO) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (modified, modified))
        return path

    def names(self) -> list[str]:
        data = self.storage.data
        paths = [path for path in data.rglob("*") if path.is_file() and path.suffix != ".lock"]
        return sorted(self.name(path) for path in paths)

    def settle(self) -> None:
        """Wait for what goes on in the background."""

    def name(self, path: Path) -> str:
        return path.relative_to(self.storage.data).as_posix()


@pytest.fixture
def files(storage: Storage) -> Files:
    return Files(storage)


def test_a_received_file_is_hashed_and_kept_under_its_hash(storage: Storage, files: Files) -> None:
    with storage.receive(1, io.BytesIO(b"bytes"), max_photo_mb=1) as received:
        storage.keep_original(1, received)

    sha256 = hashlib.sha256(b"bytes").hexdigest()
    assert (received.sha256, received.size_bytes) == (sha256, 5)
    assert storage.original(1, sha256).read_bytes() == b"bytes"
    assert files.names() == [f"rooms/1/originals/{sha256}"]


def test_a_received_file_that_is_not_kept_is_removed(storage: Storage, files: Files) -> None:
    with storage.receive(1, io.BytesIO(b"bytes"), max_photo_mb=1) as received:
        assert received.path.read_bytes() == b"bytes"

    assert files.names() == []


def test_a_file_at_the_limit_is_received(storage: Storage) -> None:
    with storage.receive(1, io.BytesIO(bytes(MB)), max_photo_mb=1) as received:
        assert received.size_bytes == MB


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(
    storage: Storage, files: Files
) -> None:
    stream = io.BytesIO(bytes(MB + 1))

    with (
        pytest.raises(RejectedPhotoError, match="larger than 1 MB"),
        storage.receive(1, stream, max_photo_mb=1),
    ):
        pytest.fail("the file was received")

    assert files.names() == []


def test_an_endless_stream_is_cut_off_at_the_limit(storage: Storage) -> None:
    class Endless(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            self.taken += size
            return bytes(size)

    stream = Endless()

    with (
        pytest.raises(RejectedPhotoError, match="larger than 1 MB"),
        storage.receive(1, stream, max_photo_mb=1),
    ):
        pytest.fail("the stream was received")

    assert stream.taken <= 3 * MB


def test_an_empty_file_is_refused(storage: Storage, files: Files) -> None:
    with (
        pytest.raises(RejectedPhotoError, match="empty"),
        storage.receive(1, io.BytesIO(b""), max_photo_mb=1),
    ):
        pytest.fail("the file was received")

    assert files.names() == []


def test_nothing_is_received_below_the_free_space(tmp_path: Path) -> None:
    storage = Storage(tmp_path, min_free_mb=10**12)

    with (
        pytest.raises(DiskFullError, match="almost full"),
        storage.receive(1, io.BytesIO(b"bytes"), max_photo_mb=1),
    ):
        pytest.fail("the file was received")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_a_sentence(number: int) -> None:
    with pytest.raises(DiskFullError, match="disk is full"), disk_full_as_error():
        raise OSError(number, "no space")


def test_another_error_of_the_disk_stays_what_it_is() -> None:
    with pytest.raises(PermissionError), disk_full_as_error():
        raise PermissionError(errno.EACCES, "no")


def test_a_disk_that_fills_up_while_receiving_leaves_nothing(
    storage: Storage, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr("photoshare.storage.local.os.fsync", no_space)

    with (
        pytest.raises(DiskFullError),
        storage.receive(1, io.BytesIO(b"bytes"), max_photo_mb=1),
    ):
        pytest.fail("the file was received")

    assert files.names() == []


def test_a_derived_picture_that_does_not_fit_leaves_nothing(
    storage: Storage, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_source: Path, _target: Path) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr("photoshare.storage.local.os.replace", no_space)

    with pytest.raises(DiskFullError):
        storage.write_derived(storage.derivative(1, SHA, "320.webp"), b"jpeg")

    assert files.names() == []


def test_a_photo_is_deleted_with_everything_made_from_it(storage: Storage, files: Files) -> None:
    files.put(storage.original(1, SHA))
    files.put(storage.derivative(1, SHA, "320.webp"))
    files.put(storage.derivative(1, SHA, "640.webp"))
    files.put(storage.face_crop(1, SHA, (1, 2, 3, 4)))
    other = files.put(storage.original(1, "b" * 64))

    storage.delete_photo(1, SHA)

    assert files.names() == [files.name(other)]


def test_the_same_photo_of_another_room_stays(storage: Storage, files: Files) -> None:
    files.put(storage.original(1, SHA))
    other = files.put(storage.original(2, SHA))

    storage.delete_photo(1, SHA)

    assert files.names() == [files.name(other)]


def test_deleting_a_photo_without_files_is_no_error(storage: Storage, files: Files) -> None:
    storage.delete_photo(1, SHA)

    assert files.names() == []


def test_a_room_is_set_aside_and_removed_with_its_folder(storage: Storage, files: Files) -> None:
    files.put(storage.original(1, SHA))
    files.put(storage.original(11, SHA))

    storage.set_room_aside(1)
    assert storage.rooms_set_aside() == {1}
    files.put(storage.original(1, SHA))  # an upload that still wrote into it
    storage.set_room_aside(1)
    storage.empty_room_set_aside(1)
    assert storage.rooms_set_aside() == {1}
    storage.forget_room_set_aside(1)
    files.settle()

    assert storage.rooms_set_aside() == set()
    assert not storage.room_folder(1).exists()
    assert files.names() == [f"rooms/11/originals/{SHA}"]


def test_two_that_remove_the_same_room_do_not_stumble_over_each_other(
    storage: Storage, files: Files
) -> None:
    """A host deletes a room while the hourly sweep finishes what an earlier start left."""
    for number in range(500):
        files.put(storage.room_folder(1) / "derived" / f"{number}.webp")
    storage.set_room_aside(1)
    begin = threading.Barrier(4)

    def remove(_number: int) -> None:
        begin.wait()
        storage.empty_room_set_aside(1)
        storage.forget_room_set_aside(1)

    with ThreadPoolExecutor(4) as removers:
        list(removers.map(remove, range(4)))  # raises what they raised
    files.settle()

    assert storage.rooms_set_aside() == set()
    assert files.names() == []


def test_a_room_without_a_folder_is_not_set_aside(storage: Storage) -> None:
    storage.set_room_aside(1)

    assert storage.rooms_set_aside() == set()


def nobody_knows(_room_id: int, _sha256: str) -> bool:
    return False


def test_the_sweep_removes_what_no_row_knows(storage: Storage, files: Files) -> None:
    known = files.put(storage.original(1, SHA))
    known_thumb = files.put(storage.derivative(1, SHA, "320.webp"))
    known_face = files.put(storage.face_crop(1, SHA, (1, 2, 3, 4)))
    files.put(storage.original(1, "b" * 64))
    files.put(storage.derivative(1, "b" * 64, "640.webp"))
    files.put(storage.original(2, SHA))  # a room that is gone
    files.put(storage.room_folder(1) / "incoming" / "tmpabc")
    files.put(storage.room_folder(1) / "derived" / f".{SHA}-320.webp.12.34")

    removed = storage.sweep({1: {SHA}}, is_known=nobody_knows, older_than=SINCE)

    assert removed == 5
    kept = [files.name(path) for path in (known, known_thumb, known_face)]
    assert files.names() == sorted(kept)


def test_the_sweep_leaves_new_files_alone(storage: Storage, files: Files) -> None:
    files.put(storage.original(1, "b" * 64), modified=SINCE + 1)
    files.put(storage.room_folder(1) / "incoming" / "tmpabc", modified=SINCE + 1)

    assert storage.sweep({}, is_known=nobody_knows, older_than=SINCE) == 0
    assert len(files.names()) == 2


def test_the_sweep_touches_nothing_outside_the_rooms(storage: Storage, files: Files) -> None:
    files.put(storage.data / "photoshare.sqlite")
    files.put(storage.data / "secret_key")

    assert storage.sweep({}, is_known=nobody_knows, older_than=SINCE) == 0
    assert files.names() == ["photoshare.sqlite", "secret_key"]


def test_another_process_waits_while_files_and_rows_change(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    script = (
        "import sys; from pathlib import Path; from filelock import FileLock, Timeout\n"
        "try:\n"
        "    FileLock(Path(sys.argv[1]) / 'files.lock').acquire(timeout=0)\n"
        "except Timeout:\n"
        "    print('has to wait')\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]

    with storage.locked():
        while_held = subprocess.run(command, capture_output=True, text=True, check=True)
    afterwards = subprocess.run(command, capture_output=True, text=True, check=True)

    assert (while_held.stdout, afterwards.stdout) == ("has to wait\n", "")


def test_the_sweep_passes_over_folders(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    folder = tmp_path / "rooms" / "1" / "derived" / "folder"
    folder.mkdir(parents=True)

    assert storage.sweep({}, is_known=nobody_knows, older_than=time.time() + 60) == 0

    assert folder.is_dir()


def test_a_bucket_without_its_package_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photoshare.storage.choose.find_spec", lambda _name: None)
    settings = load_settings({"data": tmp_path, "storage": "s3://photos"}, environ={})

    with pytest.raises(SettingError, match=r"requirements-scale\.txt"):
        open_storage(settings)


def test_the_reserve_is_kept_released_and_filled_again(storage: Storage) -> None:
    reserve = storage.data / "reserve"

    storage.fill_reserve()
    assert reserve.stat().st_size == RESERVE_BYTES
    storage.release_reserve()
    assert not reserve.exists()
    reserve.write_bytes(b"a part of it")
    storage.fill_reserve()
    assert reserve.stat().st_size >= RESERVE_BYTES
