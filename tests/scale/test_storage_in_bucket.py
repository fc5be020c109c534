"""photoshare.storage.s3: what holds for files in the data folder holds for those in a bucket."""

from __future__ import annotations

import hashlib
import io
import os
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("obstore", reason="obstore is in requirements-scale.txt")

from photoshare.config import MB
from photoshare.errors import SettingError, StartError, StorageError
from photoshare.storage import bucket as buckets
from photoshare.storage import open_storage
from photoshare.storage import s3 as s3_storage
from photoshare.storage.bucket import Bucket
from photoshare.storage.keys import OWNER_KEY, key_of, original_key
from photoshare.storage.s3 import ObjectStorage
from tests.scale.s3_server import KEY, KEY_ID, S3, checked
from tests.servers import free_port
from tests.test_storage import (  # noqa: F401  # each runs here again, with these fixtures
    SHA,
    Files,
    nobody_knows,
    test_a_file_at_the_limit_is_received,
    test_a_file_over_the_limit_is_refused_and_leaves_nothing,
    test_a_photo_is_deleted_with_everything_made_from_it,
    test_a_received_file_is_hashed_and_kept_under_its_hash,
    test_a_received_file_that_is_not_kept_is_removed,
    test_a_room_is_set_aside_and_removed_with_its_folder,
    test_an_empty_file_is_refused,
    test_deleting_a_photo_without_files_is_no_error,
    test_the_same_photo_of_another_room_stays,
)

pytestmark = pytest.mark.scale

OTHER = "b" * 64
SETTLE_S = 20
XML = {"Content-Type": "application/xml"}
EVERYONE = {1: {SHA}}


class BucketFiles(Files):
    """The files in a bucket, in the cache or among the unfinished uploads, by one name for all."""

    storage: ObjectStorage

    def put(self, path: Path, *, modified: float = 0) -> Path:
        key = key_of(path)
        assert key is not None
        self.storage.bucket.put(key, b"x")
        return super().put(path)

    def names(self) -> list[str]:
        return sorted({*self.in_bucket(), *self.on_disk()})

    def in_bucket(self) -> list[str]:
        keys = [entry.key for entry in self.storage.bucket.list("rooms")]
        return sorted(key if "/originals/" in key else "-".join(key.rsplit("/", 1)) for key in keys)

    def on_disk(self) -> list[str]:
        return [name for name in super().names() if not name.startswith("reserve")]

    def settle(self) -> None:
        wait_until(lambda: not self.storage.rooms_set_aside())

    def name(self, path: Path) -> str:
        return super().name(path).replace("cache/", "rooms/")


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SETTLE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def open_in(settings: dict[str, object]) -> ObjectStorage:
    storage = open_storage(checked(settings))
    assert isinstance(storage, ObjectStorage)
    return storage


@pytest.fixture
def settings(s3: S3, tmp_path: Path) -> dict[str, object]:
    return s3.settings(tmp_path)


@pytest.fixture
def storage(settings: dict[str, object]) -> ObjectStorage:
    return open_in(settings)


@pytest.fixture
def files(storage: ObjectStorage) -> BucketFiles:
    return BucketFiles(storage)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "PAUSE_S", 0.0)


def keep(storage: ObjectStorage, content: bytes, derived: dict[str, bytes] | None = None) -> str:
    with storage.receive(1, io.BytesIO(content), max_photo_mb=100) as received:
        storage.stage(1, received, derived or {})
        storage.keep_photo(1, received, derived or {})
    return received.sha256


def empty_cache(storage: ObjectStorage) -> None:
    for path in storage.files.rglob("*"):
        if path.is_file():
            path.unlink()


def test_what_the_cache_has_lost_comes_from_the_bucket(
    storage: ObjectStorage, files: BucketFiles
) -> None:
    sha256 = keep(storage, b"bytes", {"320.webp": b"small"})
    empty_cache(storage)

    assert storage.fetch(storage.original(1, sha256)).read_bytes() == b"bytes"
    assert storage.fetch(storage.derivative(1, sha256, "320.webp")).read_bytes() == b"small"
    assert files.in_bucket() == [
        f"rooms/1/derived/{sha256}-320.webp",
        f"rooms/1/originals/{sha256}",
    ]


def test_a_large_photo_goes_in_parts(storage: ObjectStorage) -> None:
    content = os.urandom(buckets.SINGLE_PUT_BYTES + 5 * MB)

    sha256 = keep(storage, content)
    empty_cache(storage)

    assert storage.fetch(storage.original(1, sha256)).read_bytes() == content
    assert storage.original_size(1, sha256) == len(content)


def test_an_original_is_never_overwritten_by_other_bytes(storage: ObjectStorage) -> None:
    key = original_key(1, SHA)
    storage.bucket.put_new(key, b"first", 5)

    storage.bucket.put_new(key, b"other", 5)

    assert storage.bucket.read(key) == b"first"


def test_a_damaged_original_is_replaced_when_it_is_sent_again(storage: ObjectStorage) -> None:
    key = original_key(1, SHA)
    storage.bucket.put(key, b"cut o")

    storage.bucket.put_new(key, b"whole bytes", 11)

    assert storage.bucket.read(key) == b"whole bytes"


def test_an_s3_without_conditions_keeps_what_it_has(storage: ObjectStorage, s3: S3) -> None:
    key = original_key(1, SHA)
    storage.bucket.put(key, b"first")
    s3.refuse("NotImplemented", "501 Not Implemented", times=1)

    storage.bucket.put_new(key, b"other", 5)
    storage.bucket.put_new(original_key(1, OTHER), b"new", 3)

    assert storage.bucket.read(key) == b"first"
    assert storage.bucket.read(original_key(1, OTHER)) == b"new"


def test_an_object_that_is_not_what_its_name_says_is_never_handed_out(
    storage: ObjectStorage,
) -> None:
    storage.bucket.put(original_key(1, SHA), b"other bytes")

    with pytest.raises(FileNotFoundError, match="damaged"):
        storage.fetch(storage.original(1, SHA))

    assert not storage.original(1, SHA).exists()


def test_what_is_nowhere_is_not_found(storage: ObjectStorage) -> None:
    with pytest.raises(FileNotFoundError):
        storage.fetch(storage.original(1, SHA))

    assert storage.find(storage.derivative(1, SHA, "320.webp")) is None
    assert storage.original_size(1, SHA) is None


def test_a_copy_counts_for_an_original_only_while_the_bucket_is_away(
    storage: ObjectStorage, s3: S3
) -> None:
    sha256 = keep(storage, b"bytes")
    s3.line.cut()
    assert storage.original_size(1, sha256) == 5
    assert storage.fetch(storage.original(1, sha256)).read_bytes() == b"bytes"
    s3.line.is_cut = False
    storage.bucket.delete([original_key(1, sha256)])

    assert storage.original_size(1, sha256) is None, "it is lost, and wanted again"


def test_originals_are_known_by_one_listing(storage: ObjectStorage, files: BucketFiles) -> None:
    files.put(storage.original(1, SHA))
    files.put(storage.original(1, OTHER))
    empty_cache(storage)
    assert storage.original_sizes(1) == {SHA: 1, OTHER: 1}
    storage.bucket.delete([original_key(1, OTHER)])

    assert storage.has_originals(1, [(SHA, 1), (OTHER, 1)]), "as of the last listing"
    assert not storage.has_originals(1, [(SHA, 2)]), "which is made again when something is wrong"
    assert not storage.has_originals(1, [(OTHER, 1)])


def test_a_photo_that_was_deleted_while_it_was_staged_is_written_again(
    storage: ObjectStorage, files: BucketFiles
) -> None:
    with storage.receive(1, io.BytesIO(b"bytes"), max_photo_mb=1) as received:
        storage.stage(1, received, {"320.webp": b"small"})
        storage.delete_photo(1, received.sha256)  # the same photo, sent before
        storage.keep_photo(1, received, {"320.webp": b"small"})

    assert len(files.in_bucket()) == 2


def test_a_deletion_without_a_bucket_is_finished_later(
    storage: ObjectStorage, files: BucketFiles, s3: S3
) -> None:
    sha256 = keep(storage, b"bytes", {"320.webp": b"small"})
    s3.line.cut()
    storage.delete_photo(1, sha256)
    assert files.on_disk() == [f"to-delete/1-{sha256}"], "here it is gone at once"
    s3.line.is_cut = False

    storage.sweep({}, is_known=nobody_knows, older_than=0)

    assert files.names() == []


def test_a_photo_that_was_added_again_stays(storage: ObjectStorage, files: BucketFiles) -> None:
    sha256 = keep(storage, b"bytes")
    storage.note_deletions([(1, sha256)])

    storage.sweep({1: {sha256}}, is_known=lambda _room, _sha: True, older_than=0)

    assert files.names() == [f"rooms/1/originals/{sha256}"]


def test_a_room_whose_deletion_was_interrupted_is_listed_until_it_is_gone(
    settings: dict[str, object],
    storage: ObjectStorage,
    files: BucketFiles,
    s3: S3,
    caplog: pytest.LogCaptureFixture,
) -> None:
    files.put(storage.original(1, SHA))
    files.put(storage.original(11, SHA))
    storage.set_room_aside(1)
    s3.line.cut()
    storage.forget_room_set_aside(1)
    wait_until(lambda: "goes from the bucket once" in caplog.text)
    s3.line.is_cut = False

    again = open_in(settings)  # as after a kill
    assert again.rooms_set_aside() == {1}
    again.forget_room_set_aside(1)
    files.settle()

    assert files.in_bucket() == [f"rooms/11/originals/{SHA}"]


def test_the_sweep_removes_objects_that_no_row_knows(
    storage: ObjectStorage, files: BucketFiles
) -> None:
    files.put(storage.original(1, SHA))
    files.put(storage.derivative(1, SHA, "320.webp"))
    files.put(storage.original(1, OTHER))
    files.put(storage.derivative(1, OTHER, "320.webp"))
    files.put(storage.original(2, SHA))  # a room that is gone
    storage.bucket.put("rooms/notes.txt", b"somebody else's")

    storage.sweep(EVERYONE, is_known=nobody_knows, older_than=time.time() + 60)

    left = {f"rooms/1/originals/{SHA}", f"rooms/1/derived/{SHA}-320.webp"}
    assert set(files.names()) - {"rooms-notes.txt"} == left


def test_the_sweep_leaves_new_objects_alone(storage: ObjectStorage, files: BucketFiles) -> None:
    files.put(storage.original(1, OTHER))

    storage.sweep(EVERYONE, is_known=nobody_knows, older_than=time.time() - 3600)

    assert files.in_bucket() == [f"rooms/1/originals/{OTHER}"]


def test_an_old_database_sweeps_nothing_from_a_newer_bucket(
    storage: ObjectStorage,
    files: BucketFiles,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(s3_storage, "MOST_SWEPT", 2)
    for letter in "bcd":
        storage.bucket.put(original_key(1, letter * 64), b"x")

    storage.sweep(EVERYONE, is_known=nobody_knows, older_than=time.time() + 60)

    assert len(files.in_bucket()) == 3
    assert "3 of 3 photos in the bucket are in no room" in caplog.text


def test_the_cache_keeps_what_was_used_last(s3: S3, tmp_path: Path) -> None:
    storage = open_in(s3.settings(tmp_path, s3_cache_mb=200))
    storage._pictures._bytes = 0  # known, and far from full: nothing cleans up beside the test
    for number in range(4):
        path = storage.derivative(1, f"{number}" * 64, "320.webp")
        storage.write_derived(path, bytes(900))
        os.utime(path, (number, number))
    first, second, *_ = (storage.derivative(1, f"{n}" * 64, "320.webp") for n in range(4))
    storage.fetch(first)
    storage._pictures._max_bytes = 3000

    with storage.holding(second):
        storage._pictures.clean()

    assert first.exists()
    assert second.exists()
    assert not storage.derivative(1, "2" * 64, "320.webp").exists()
    assert storage.fetch(storage.derivative(1, "2" * 64, "320.webp")).stat().st_size == 900


def test_a_full_cache_is_cleaned_by_itself(s3: S3, tmp_path: Path) -> None:
    storage = open_in(s3.settings(tmp_path, s3_cache_mb=200))
    storage._pictures._max_bytes = 3000
    for number in range(8):
        storage.write_derived(storage.derivative(1, f"{number}" * 64, "1.webp"), bytes(900))

    wait_until(lambda: len(list(storage.files.glob("*/derived/*"))) <= 3)


def test_a_signed_address_reads_one_original(storage: ObjectStorage) -> None:
    sha256 = keep(storage, b"bytes")

    address = storage.signed_address(storage.original(1, sha256), seconds=60)

    assert address is not None
    assert "X-Amz-Expires=60" in address
    assert KEY not in address


# ---- What is wrong, in a sentence ----------------------------------------------------------------


def reason_of(storage: ObjectStorage) -> str:
    with pytest.raises(StorageError) as failure:
        storage.original_sizes(1)
    return failure.value.reason


def test_a_bucket_that_is_not_there_is_a_sentence(s3: S3, tmp_path: Path) -> None:
    storage = open_in(s3.settings(tmp_path) | {"storage": "s3://nowhere"})

    assert "There's no bucket nowhere at http://127.0.0.1" in reason_of(storage)
    with pytest.raises(StartError, match="Create it"):
        storage.check("me", has_rooms=True)


def test_a_key_that_is_refused_is_a_sentence_without_it(
    storage: ObjectStorage, s3: S3, caplog: pytest.LogCaptureFixture
) -> None:
    s3.refuse("SignatureDoesNotMatch", "403 Forbidden", times=2)

    reason = reason_of(storage)

    assert "refuses the key to the bucket" in reason
    assert "(SignatureDoesNotMatch)" in reason
    assert KEY not in reason + caplog.text
    assert KEY_ID not in reason + caplog.text
    with pytest.raises(StartError, match="refuses the key"):
        storage.check("me", has_rooms=True)


def test_a_bucket_out_of_reach_is_a_sentence_and_no_reason_not_to_start(
    storage: ObjectStorage, s3: S3
) -> None:
    s3.line.cut()

    assert "can't be reached" in reason_of(storage)
    storage.check("me", has_rooms=True)
    wait_until(lambda: storage.state() == "failing")


def test_a_bucket_without_a_key_is_a_sentence(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is asked but a port of this machine that nothing listens at."""
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    more = {"s3_access_key_id": "", "s3_secret_access_key": ""}
    storage = open_in(s3.settings(tmp_path) | more)

    assert "There's no key to the bucket" in reason_of(storage)
    with pytest.raises(StartError, match="PHOTOSHARE_S3_ACCESS_KEY_ID"):
        storage.check("me", has_rooms=True)


def test_keys_of_the_usual_variables_are_used(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    more = {"s3_access_key_id": "", "s3_secret_access_key": ""}
    storage = open_in(s3.settings(tmp_path) | more)

    assert KEY_ID in (storage.signed_address(storage.original(1, SHA), seconds=1) or "")


def test_a_bucket_that_keeps_old_versions_is_noticed(storage: ObjectStorage, s3: S3) -> None:
    assert not storage.probe()

    body = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    url = f"http://127.0.0.1:{s3.direct_port}/{storage.bucket.name}?versioning"
    with urllib.request.urlopen(urllib.request.Request(url, body, XML, method="PUT")):
        pass

    assert storage.probe()


def test_nobody_waits_for_a_bucket_that_has_just_failed(
    storage: ObjectStorage, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "PAUSE_S", 60.0)
    s3.line.cut()
    reason_of(storage)
    before = s3.line.requests

    assert "can't be reached" in reason_of(storage)
    assert s3.line.requests == before


def test_a_busy_s3_is_asked_again(storage: ObjectStorage, s3: S3) -> None:
    sha256 = keep(storage, b"bytes")
    empty_cache(storage)
    s3.refuse("SlowDown", "503 Slow Down", times=2)

    assert storage.fetch(storage.original(1, sha256)).read_bytes() == b"bytes"
    assert s3.line.answers == []


def test_a_bucket_of_another_installation_is_refused(
    storage: ObjectStorage, settings: dict[str, object]
) -> None:
    storage.check("me", has_rooms=True)
    storage.check("me", has_rooms=True)

    with pytest.raises(StartError, match="belongs to another PhotoShare"):
        open_in(settings).check("you", has_rooms=True)
    assert storage.bucket.read(OWNER_KEY) == b"me"


def test_a_bucket_with_photos_and_a_database_without_any_are_refused(
    storage: ObjectStorage,
) -> None:
    keep(storage, b"bytes")

    with pytest.raises(StartError, match="but the database has no room"):
        storage.check("me", has_rooms=False)


def test_photos_that_are_still_in_the_data_folder_are_not_left_behind(
    storage: ObjectStorage, tmp_path: Path
) -> None:
    left = tmp_path / "rooms" / "1" / "originals" / hashlib.sha256(b"x").hexdigest()
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x")

    with pytest.raises(StartError, match="move-files"):
        storage.check("me", has_rooms=True)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"s3_endpoint": "http://s3.example.org"}, "without https"),
        ({"s3_secret_access_key": ""}, "go together"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    s3: S3, tmp_path: Path, more: dict[str, object], sentence: str
) -> None:
    with pytest.raises(SettingError, match=sentence):
        open_storage(checked(s3.settings(tmp_path) | more))


def test_a_line_without_https_is_used_when_told(s3: S3, tmp_path: Path) -> None:
    more = {"s3_endpoint": "http://s3.example.org", "s3_allow_http": "on"}

    assert isinstance(open_in(s3.settings(tmp_path) | more).bucket, Bucket)
