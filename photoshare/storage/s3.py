"""Keep the files of rooms in a bucket, and those used last on the local disk (docs/adr).

In the bucket, ``rooms/<room id>/originals/<sha256>`` holds the uploaded bytes, and
``rooms/<room id>/derived/<sha256>/`` what was made from them. The folder ``cache`` in the data
folder has the same files under the names that `Storage` gives them: a file there is a copy, except
tiles, which are only there. Unfinished uploads are on the local disk until they are photos.

A photo is acknowledged once the bucket has it. What has to be deleted is written down before its
row goes, so that a bucket out of reach, or an end in the middle, only delays it.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from photoshare.disk import disk_full_as_error, sync_folder
from photoshare.errors import StartError, StorageError, storage_error
from photoshare.storage.cache import Cache
from photoshare.storage.fetchers import Fetchers
from photoshare.storage.keys import (
    DERIVED,
    ORIGINALS,
    ROOMS,
    derived_prefix,
    key_of,
    original_key,
    read_key,
)
from photoshare.storage.local import DELETED_PREFIX, Storage
from photoshare.storage.owner import claim
from photoshare.storage.reach import Reach
from photoshare.storage.received import ReceivedFile, SavedAs
from photoshare.storage.remembered import Listings, ToDelete

if TYPE_CHECKING:  # a package that the default install lacks
    from photoshare.storage.bucket import Bucket

log = logging.getLogger(__name__)

CACHE_FOLDER, TO_DELETE_FOLDER = "cache", "to-delete"  # in the data folder
ARRIVING = "arriving"  # folder of a room in the cache: what is being fetched
STRIPES = 64  # locks of photos: a photo is not fetched while it is deleted from the cache
SWEEP_EVERY_S = 6 * 3600  # a listing costs a request for every thousand objects
# A sweep that would remove more than this share of the originals, and more than this many, removes
# nothing: crashes leave a handful, an old database beside a newer bucket would lose all the rest.
MOST_SWEPT, MOST_SWEPT_SHARE = 100, 0.01
REDIRECT_S = 60  # to begin a download; whoever has the address can, without the room's cookie


class ObjectStorage(Storage):
    """The files of rooms in a bucket.

    Parameters
    ----------
    data, min_free_mb
        As of `Storage`.
    bucket : Bucket
    cache_bytes : int
        How much of the bucket is kept on the disk, half of it originals.
    redirects : bool
        Whether exact originals are read from the bucket by a signed address.
    """

    fetchers: Fetchers  # always

    def __init__(
        self, data: Path, bucket: Bucket, *, min_free_mb: int, cache_bytes: int, redirects: bool
    ) -> None:
        super().__init__(data, min_free_mb=min_free_mb, files=data / CACHE_FOLDER)
        self.bucket, self.redirects = bucket, redirects
        self.fetchers, self._writers = Fetchers(), Fetchers()
        self._to_delete = ToDelete(data / TO_DELETE_FOLDER)
        self.files.mkdir(parents=True, exist_ok=True)
        self._originals, self._pictures = (
            Cache(self.files, f"*/{kind}/*", max_bytes=cache_bytes // 2, min_free_mb=min_free_mb)
            for kind in (ORIGINALS, DERIVED)
        )
        self._stripes = [threading.Lock() for _ in range(STRIPES)]
        self._listings = Listings()
        self._next_sweep = 0.0  # by the monotonic clock
        self._reach = Reach(bucket, self.fetchers)

    # ---- Reading --------------------------------------------------------------------------------

    def fetch(self, path: Path) -> Path:
        """Bring a file into the cache, and return its path there; open it at once."""
        key, cache = key_of(path), self._cache(path)
        if key is None or cache.has(path):
            return path
        with self._stripe(path):
            if cache.has(path):
                return path
            arriving = path.parent.parent / ARRIVING / secrets.token_hex(8)
            arriving.parent.mkdir(parents=True, exist_ok=True)
            try:
                with disk_full_as_error():
                    digest = self.bucket.download(key, arriving)
                    if path.parent.name == ORIGINALS and digest != path.name:
                        log.error("The object %s isn't what its name says: it is damaged", key)
                        raise FileNotFoundError(errno.ENOENT, "the object is damaged", key)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(arriving, path)
            finally:
                arriving.unlink(missing_ok=True)
        self._count(path)
        return path

    @contextlib.contextmanager
    def holding(self, path: Path) -> Iterator[Path]:
        """Fetch a file that stays in the cache until the end of the block."""
        with self._cache(path).holding(path):
            yield self.fetch(path)

    def find(self, path: Path) -> Path | None:
        """Fetch a file if there is one."""
        if key_of(path) is None:
            return super().find(path)
        try:
            return self.fetch(path)
        except FileNotFoundError:
            return None

    def size_of(self, path: Path) -> int | None:
        """Return the size of a file in bytes: that in the bucket, or of a copy if that is away."""
        key = key_of(path)
        try:
            return super().size_of(path) if key is None else self.bucket.size_of(key)
        except StorageError:
            if (size := super().size_of(path)) is None:
                raise
            return size

    def has_originals(self, room_id: int, sizes: Iterable[tuple[str, int]]) -> bool:
        """Whether all of these originals exist, by a listing; by an earlier one if it has them."""
        if self._listings.has_all(room_id, wanted := list(sizes)):
            return True
        found = self.original_sizes(room_id)
        return all(found.get(name) == size for name, size in wanted)

    def original_sizes(self, room_id: int) -> dict[str, int]:
        """List the size in bytes of every original of a room, by SHA-256."""
        prefix = f"{ROOMS}/{room_id}/{ORIGINALS}"
        entries = self.bucket.list(prefix)
        found = {entry.key.rpartition("/")[2]: entry.size_bytes for entry in entries}
        self._listings.remember(room_id, dict(found))
        return found

    def signed_address(self, path: Path, *, seconds: int) -> str | None:
        """Return an address from which anyone can read a file for a while."""
        key = key_of(path)
        return None if key is None else self.bucket.signed_address(key, seconds=seconds)

    def download_address(self, path: Path) -> str | None:
        """Return a signed address, if the settings say that browsers read originals there."""
        return self.signed_address(path, seconds=REDIRECT_S) if self.redirects else None

    def copy_original(self, room_id: int, sha256: str, target: Path) -> None:
        """Download an original into a new file, for a backup."""
        if self.bucket.download(original_key(room_id, sha256), target) != sha256:
            target.unlink()
            raise FileNotFoundError(errno.ENOENT, "the object is damaged", sha256)

    # ---- Writing and deleting -------------------------------------------------------------------

    def stage(
        self,
        room_id: int,
        received: ReceivedFile,
        derived: Mapping[str, bytes],
        saved_as: SavedAs | None = None,
    ) -> None:
        """Write a photo into the bucket before its row: the locks of others can't wait for that."""
        key = original_key(room_id, received.sha256)
        headers = saved_as.headers if saved_as else {}
        puts: list[Callable[[], object]] = [
            partial(self.bucket.put_new, key, received.path, received.size_bytes, headers)
        ]
        below = derived_prefix(room_id, received.sha256)
        for variant, content in derived.items():
            puts.append(partial(self.bucket.put, f"{below}/{variant}", content))
        self._writers.map(puts)

    def keep_photo(
        self, room_id: int, received: ReceivedFile, derived: Mapping[str, bytes]
    ) -> None:
        """Make sure that the bucket has a staged photo, and keep a copy in the cache.

        The same photo may have been deleted since it was staged; no longer, while others wait.
        """
        key = original_key(room_id, received.sha256)
        if self.bucket.size_of(key) != received.size_bytes:
            self.stage(room_id, received, derived)
        self._keep_copies(room_id, received, derived)

    def keep_original(self, room_id: int, received: ReceivedFile) -> None:
        """Write a received file into the bucket, and move it into the cache."""
        self.stage(room_id, received, {})
        self._keep_copies(room_id, received, {})

    def _keep_copies(
        self, room_id: int, received: ReceivedFile, derived: Mapping[str, bytes]
    ) -> None:
        """Let the cache have what will be asked for next; it need not survive a power cut."""
        original = self.original(room_id, received.sha256)
        original.parent.mkdir(parents=True, exist_ok=True)
        os.replace(received.path, original)
        self._count(original)
        for variant, content in derived.items():
            path = self.derivative(room_id, received.sha256, variant)
            super().write_derived(path, content)
            self._count(path)
        self._listings.change(room_id, received.sha256, received.size_bytes)

    def write_derived(self, target: Path, content: bytes) -> None:
        """Write a derived picture into bucket and cache; tiles only into the cache."""
        if (key := key_of(target)) is not None:
            self.bucket.put(key, content)
        super().write_derived(target, content)
        self._count(target)

    def write_all_derived(self, pictures: Iterable[tuple[Path, bytes]]) -> None:
        """Write several derived pictures at once."""
        self._writers.map([partial(self.write_derived, *picture) for picture in pictures])

    def delete_derived(self, paths: Iterable[Path]) -> None:
        """Remove pictures made from photos; those that are nowhere are no error."""
        listed = list(paths)
        self.bucket.delete([key for key in map(key_of, listed) if key])
        super().delete_derived(listed)

    def delete_face_crops(self, room_id: int) -> None:
        """Remove the pictures of all faces of a room, here and there."""
        super().delete_face_crops(room_id)
        self.bucket.delete_below(f"{ROOMS}/{room_id}/{DERIVED}", having="/face-")

    def note_deletions(self, photos: Iterable[tuple[int, str]]) -> None:
        """Write down which photos `delete_photo` will be asked to remove."""
        self._to_delete.note(photos)

    def delete_photo(self, room_id: int, sha256: str) -> None:
        """Remove a photo and what was made from it: here at once, there when it can be reached."""
        self._to_delete.note([(room_id, sha256)])
        try:
            self._delete_objects(room_id, sha256)
        except StorageError:
            log.warning("A deleted photo goes from the bucket once that can be reached")
        with self._stripe(self.original(room_id, sha256)):
            super().delete_photo(room_id, sha256)

    def _delete_objects(self, room_id: int, sha256: str) -> None:
        keys = [entry.key for entry in self.bucket.list(derived_prefix(room_id, sha256))]
        self.bucket.delete([*keys, original_key(room_id, sha256)])
        self._listings.change(room_id, sha256, None)
        self._to_delete.strike(room_id, sha256)

    def _finish_deletions(self, is_known: Callable[[int, str], bool]) -> None:
        """Delete what was written down and is still there."""
        for room_id, sha256 in self._to_delete:
            with self.locked():
                if is_known(room_id, sha256):  # it was added again, or its row never went
                    self._to_delete.strike(room_id, sha256)
                else:
                    self._delete_objects(room_id, sha256)

    def set_room_aside(self, room_id: int) -> None:
        """Rename a room's folders, and remember that its objects have to go."""
        if not self._set_aside(room_id):
            (self.uploads / f"{DELETED_PREFIX}{room_id}-bucket").mkdir(parents=True, exist_ok=True)
            sync_folder(self.uploads)
        super().set_room_aside(room_id)

    def forget_room_set_aside(self, room_id: int) -> None:
        """Delete the objects of a room whose rows are gone, while nobody waits for it."""
        self.empty_room_set_aside(room_id)
        self._writers.submit(partial(self._empty_room, room_id))

    def _empty_room(self, room_id: int) -> None:
        try:
            self.bucket.delete_below(f"{ROOMS}/{room_id}")
        except StorageError:
            log.warning("A deleted room goes from the bucket once that can be reached")
        else:
            for folder in self._set_aside(room_id):
                shutil.rmtree(folder, ignore_errors=True)  # an upload may just write into it

    def sweep(
        self,
        known: dict[int, set[str]],
        *,
        is_known: Callable[[int, str], bool],
        older_than: float,
    ) -> int:
        """Remove files and objects without a row; see `Storage.sweep`."""
        removed = super().sweep(known, is_known=is_known, older_than=older_than)
        self._finish_deletions(is_known)
        if time.monotonic() < self._next_sweep:
            return removed
        originals, unknown = 0, dict[tuple[int, str], list[str]]()
        for entry in self.bucket.list(ROOMS):
            if (name := read_key(entry.key)) is None:
                continue
            originals += name.is_original
            if name.sha256 not in known.get(name.room_id, ()) and entry.modified < older_than:
                unknown.setdefault((name.room_id, name.sha256), []).append(entry.key)
        self._next_sweep = time.monotonic() + SWEEP_EVERY_S
        if len(unknown) > max(MOST_SWEPT, originals * MOST_SWEPT_SHARE):
            log.error(
                "%d of %d photos in the bucket are in no room, so none of them is removed: is the "
                "database older than the bucket, or another's?",
                *(len(unknown), originals),
            )
            return removed
        for (room_id, sha256), keys in unknown.items():
            with self.locked():
                if not is_known(room_id, sha256):
                    self.bucket.delete(keys)
                    removed += len(keys)
        return removed

    # ---- Health ---------------------------------------------------------------------------------

    def check(self, owner: str, *, has_rooms: bool) -> None:
        """Look before a start whether the bucket can be used, and whether it is ours.

        The server starts even if it is out of reach: pages work, and what is in the cache.
        """
        if next(self.uploads.glob(f"*/{ORIGINALS}/*"), None) is not None:
            raise StartError(
                f"There are photos in {self.uploads}, but PHOTOSHARE_STORAGE names a bucket. Move "
                "them there with the command move-files, or leave the setting empty."
            )
        try:
            claim(self.bucket, owner)
            has_photos = not has_rooms and self._has_photos()
        except StorageError as error:
            if not self.bucket.is_unreachable:
                raise StartError(error.reason) from None
            log.warning("Starting without the photos. %s", error.reason)
            return
        if has_photos:
            raise StartError(
                f"There are photos in the bucket {self.bucket.name}, but the database has no "
                "room. "
                "Restore it from the newest backup, or give this PhotoShare a prefix of its own in "
                "PHOTOSHARE_STORAGE."
            )

    def _has_photos(self) -> bool:
        """Whether the bucket has a photo whose deletion hasn't begun."""
        going = self.rooms_set_aside()
        names = (read_key(entry.key) for entry in self.bucket.list(ROOMS))
        return any(
            name.room_id not in going and not self._to_delete.has(name.room_id, name.sha256)
            for name in names
            if name is not None and name.is_original
        )

    def probe(self) -> bool:
        """Write, read and delete an object; return whether the bucket keeps old versions."""
        key, content = f"probe-{secrets.token_hex(4)}", secrets.token_bytes(16)
        version = self.bucket.put(key, content)
        try:
            if self.bucket.read(key) != content:
                raise storage_error("The bucket doesn't return what was written. Don't use it.")
        finally:
            self.bucket.delete([key])
        return version is not None

    def state(self) -> str:
        """Tell in a word whether the bucket can be reached, without waiting for it."""
        return self._reach.state()

    def close(self) -> bool:
        """Begin nothing more; return whether nothing is running that would delay the end."""
        return all([self.fetchers.close(), self._writers.close()])

    # ---- Names ----------------------------------------------------------------------------------

    def _cache(self, path: Path) -> Cache:
        return self._originals if path.parent.name == ORIGINALS else self._pictures

    def _stripe(self, path: Path) -> threading.Lock:
        return self._stripes[hash(path.name.partition("-")[0]) % STRIPES]

    def _count(self, path: Path) -> None:
        """Let a cache know of a new file, and make room in the background if it is full."""
        if path.parent.name in (ORIGINALS, DERIVED):
            size = super().size_of(path) or 0
            self._cache(path).add(size, clean=self._writers.submit)
