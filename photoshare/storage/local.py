"""Store and delete the files of rooms, in the data folder.

In ``rooms/<room id>/``, ``originals/<sha256>`` holds the uploaded bytes, ``derived/`` and
``tiles/`` what can be made again from them, ``incoming/`` and ``pieces/`` unfinished uploads. File
names come from hashes and numbers, never from a client.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from photoshare.disk import disk_full_as_error, sync, sync_folder
from photoshare.geometry import FaceLocation
from photoshare.storage.fetchers import Fetchers
from photoshare.storage.incoming import Incoming
from photoshare.storage.received import ReceivedFile, SavedAs

DELETED_PREFIX = ".deleted-"  # of a room's folder while it is being removed


class Storage(Incoming):
    """The files below one data folder.

    A file is named by its path, which `original`, `derivative` and `face_crop` tell without looking
    at the disk. `fetch` makes sure that what the path names can be opened: here it always can, and
    `photoshare.storage.s3.ObjectStorage` brings it from a bucket.

    Parameters
    ----------
    data : Path
        The data folder; created if it is missing.
    min_free_mb : int
        Uploads are refused when the disk has less free space than this.
    files : Path, optional
        The folder of originals and what is made from them; by default that of unfinished uploads.

    Attributes
    ----------
    fetchers : Fetchers or None
        Open files that have to be brought from elsewhere first; None if all are on this disk.
    """

    fetchers: Fetchers | None = None

    def __init__(self, data: Path, *, min_free_mb: int = 0, files: Path | None = None) -> None:
        super().__init__(data, min_free_mb=min_free_mb)
        self.files = files or self.uploads
        self._folders = list(dict.fromkeys([self.uploads, self.files]))

    # ---- What every kind of storage overrides ---------------------------------------------------

    def fetch(self, path: Path) -> Path:
        """Make sure that a file can be opened, and return its path; open it at once.

        Raises
        ------
        FileNotFoundError
            If there is none, at the latest when it is opened.
        StorageError
            If it is elsewhere, and can't be reached.
        """
        return path

    @contextlib.contextmanager
    def holding(self, path: Path) -> Iterator[Path]:
        """Fetch a file that stays where it is until the end of the block, unless it is deleted."""
        yield self.fetch(path)

    def find(self, path: Path) -> Path | None:
        """Fetch a file if there is one."""
        return path if path.is_file() else None

    def size_of(self, path: Path) -> int | None:
        """Return the size of a file in bytes; None if it is missing."""
        try:
            return path.stat().st_size
        except FileNotFoundError:
            return None

    def stage(
        self,
        room_id: int,
        received: ReceivedFile,
        derived: Mapping[str, bytes],
        saved_as: SavedAs | None = None,
    ) -> None:
        """Do whatever takes long before `keep_photo`, which others wait for."""

    def note_deletions(self, photos: Iterable[tuple[int, str]]) -> None:
        """Write down, before their rows go, which files `delete_photo` will be asked to remove."""

    def check(self, owner: str, *, has_rooms: bool) -> None:
        """Look before a start whether files can be stored.

        Parameters
        ----------
        owner : str
            Tells installations apart.
        has_rooms : bool
            Whether the database has any room.

        Raises
        ------
        StartError
            If they can't, or belong to another installation.
        """

    def close(self) -> bool:
        """Begin nothing more; return whether nothing is running that would delay the end."""
        return True

    def state(self) -> str | None:
        """Tell a monitor in a word whether files can be reached; None if this disk has them."""
        return None

    def download_address(self, path: Path) -> str | None:
        """Return where a browser shall read an original itself; None if the server sends it."""
        return None

    def probe(self) -> bool:
        """Write, read and delete something for the doctor; return whether deleted bytes remain.

        Raises
        ------
        StorageError
            If files are elsewhere, and it can't.
        """
        return False

    def signed_address(self, path: Path, *, seconds: int) -> str | None:
        """Return an address from which anyone can read a file for a while; None without a bucket.

        For another machine that needs an original.
        """
        return None

    def room_folder(self, room_id: int) -> Path:
        """Folder of all files of a room."""
        return self.files / str(room_id)

    def original(self, room_id: int, sha256: str) -> Path:
        """File of an uploaded photo, bit for bit."""
        return self.room_folder(room_id) / "originals" / sha256

    def original_size(self, room_id: int, sha256: str) -> int | None:
        """Return the size of an original in bytes; None if it is missing."""
        return self.size_of(self.original(room_id, sha256))

    def has_originals(self, room_id: int, sizes: Iterable[tuple[str, int]]) -> bool:
        """Whether all of these originals exist, given by SHA-256 and size in bytes.

        Looks up names in the open folder: a zip asks for 20,000, and full paths would be slow.
        """
        try:
            folder = os.open(self.room_folder(room_id) / "originals", os.O_RDONLY)
        except FileNotFoundError:  # a room without a photo has no folder
            return not any(True for _ in sizes)
        stat = os.stat
        try:
            return all(stat(name, dir_fd=folder).st_size == size for name, size in sizes)
        except FileNotFoundError:
            return False
        finally:
            os.close(folder)

    def original_sizes(self, room_id: int) -> dict[str, int]:
        """Return the size in bytes of every original of a room, by SHA-256."""
        try:
            with os.scandir(self.room_folder(room_id) / "originals") as files:
                return {file.name: file.stat().st_size for file in files}
        except FileNotFoundError:  # a room without a photo has no folder
            return {}

    def derivative(self, room_id: int, sha256: str, variant: str) -> Path:
        """File of something made from a photo, such as ``640.webp``."""
        return self.room_folder(room_id) / "derived" / f"{sha256}-{variant}"

    def face_crop(
        self, room_id: int, sha256: str, location: FaceLocation, at_ms: int | None = None
    ) -> Path:
        """File of the small square picture of one face; of a clip, with its time."""
        where = "-".join(str(number) for number in (*location, at_ms) if number is not None)
        return self.room_folder(room_id) / "derived" / f"{sha256}-face-{where}.jpg"

    def keep_photo(
        self, room_id: int, received: ReceivedFile, derived: Mapping[str, bytes]
    ) -> None:
        """Store a photo with what was made from it, by variant; its row is committed next."""
        for variant, content in derived.items():
            self.write_derived(self.derivative(room_id, received.sha256, variant), content)
        with disk_full_as_error():  # they survive a power cut
            sync_folder(self.room_folder(room_id) / "derived")
        self.keep_original(room_id, received)

    def keep_original(self, room_id: int, received: ReceivedFile) -> None:
        """Move a received file to its final path; a crash leaves all of it or none."""
        target = self.original(room_id, received.sha256)
        with disk_full_as_error():
            self._make_folder(target.parent)
            os.replace(received.path, target)
            sync_folder(target.parent)

    def copy_original(self, room_id: int, sha256: str, target: Path) -> None:
        """Link an original, or copy it to another file system, for a backup.

        Raises
        ------
        FileNotFoundError
            If there is none.
        """
        source = self.original(room_id, sha256)
        try:
            os.link(source, target)
        except FileNotFoundError:
            raise
        except OSError:  # another file system, or one without links
            shutil.copyfile(source, target)

    def write_derived(self, target: Path, content: bytes) -> None:
        """Write a derived picture; a crash leaves all of it or none."""
        with disk_full_as_error():
            self._make_folder(target.parent)
            temporary = target.with_name(f".{target.name}.{os.getpid()}.{id(content)}")
            try:
                with temporary.open("wb") as file:
                    file.write(content)
                    file.flush()
                    sync(file.fileno())
                os.replace(temporary, target)
            finally:
                temporary.unlink(missing_ok=True)

    def write_all_derived(self, pictures: Iterable[tuple[Path, bytes]]) -> None:
        """Write several derived pictures."""
        for target, content in pictures:
            self.write_derived(target, content)

    def delete_derived(self, paths: Iterable[Path]) -> None:
        """Remove pictures made from photos."""
        for path in paths:
            path.unlink(missing_ok=True)

    def delete_face_crops(self, room_id: int) -> None:
        """Remove the pictures of all faces of a room."""
        for folder in self._folders:
            for path in (folder / str(room_id) / "derived").glob("*-face-*"):
                path.unlink(missing_ok=True)

    def find_derived(self, room_id: int, word: str) -> list[Path]:
        """List what was made from the photos of a room and has a word in its name; copies here."""
        return list(self.room_folder(room_id).glob(f"*/*-{word}*"))

    def delete_photo(self, room_id: int, sha256: str) -> None:
        """Remove the original of a photo and everything made from it."""
        for folder in self._folders:
            for path in (folder / str(room_id)).glob(f"*/{sha256}-*"):
                path.unlink(missing_ok=True)
            (folder / str(room_id) / "originals" / sha256).unlink(missing_ok=True)

    def set_room_aside(self, room_id: int) -> None:
        """Rename a room's folder, even while an upload is still writing into it.

        From here on the room is deleted: after a crash, `rooms_set_aside` lists it.
        """
        aside = f"{DELETED_PREFIX}{room_id}-{secrets.token_hex(4)}"
        for folder in self._folders:
            with contextlib.suppress(FileNotFoundError):  # a room without a photo has no folder
                os.replace(folder / str(room_id), folder / aside)
                sync_folder(folder)

    def rooms_set_aside(self) -> set[int]:
        """List the rooms whose deletion has begun but not finished."""
        names = [path.name for path in self._set_aside("*")]
        return {int(name.removeprefix(DELETED_PREFIX).split("-")[0]) for name in names}

    def empty_room_set_aside(self, room_id: int) -> None:
        """Remove the files of a room that was set aside, to free their space."""
        for folder in self._set_aside(room_id):
            with contextlib.suppress(FileNotFoundError):
                for path in folder.iterdir():
                    _remove(path)

    def forget_room_set_aside(self, room_id: int) -> None:
        """End the deletion of a room whose rows are gone."""
        for folder in self._set_aside(room_id):
            _remove(folder)

    def _set_aside(self, room: int | str) -> list[Path]:
        return [
            path for folder in self._folders for path in folder.glob(f"{DELETED_PREFIX}{room}-*")
        ]

    def sweep(
        self,
        known: dict[int, set[str]],
        *,
        is_known: Callable[[int, str], bool],
        older_than: float,
    ) -> int:
        """Remove files without a row: leftovers of a crash.

        Parameters
        ----------
        known : dict of room id to the SHA-256 of its photos
            As they were a moment ago: enough to skip most files.
        is_known : callable
            Called with a room id and a SHA-256 again before a file is removed, while no upload can
            interfere: the pieces of a photo may be older than an hour and its row brand new.
        older_than : float
            Seconds since the epoch; newer files may belong to an upload in progress.

        Returns
        -------
        int
            How many files were removed.
        """
        removed = 0
        for path in (path for folder in self._folders for path in folder.glob("*/*/*")):
            room, kind = path.parts[-3], path.parts[-2]
            if kind == "pieces":  # these may take a day: photoshare.services.photos.uploads
                continue
            room_id = int(room) if room.isdigit() else 0
            sha256 = path.name.split("-")[0]
            if kind != "incoming" and sha256 in known.get(room_id, ()):
                continue
            with contextlib.suppress(FileNotFoundError):  # deleted by its owner meanwhile
                if not path.is_file() or path.stat().st_mtime >= older_than:
                    continue
                with self.locked():
                    if kind == "incoming" or not is_known(room_id, sha256):
                        path.unlink()
                        removed += 1
        return removed

    def _make_folder(self, folder: Path) -> None:
        """Create a folder of a room so that it survives a power cut."""
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            while folder != self.data:
                folder = folder.parent
                sync_folder(folder)


def _remove(folder: Path) -> None:
    """Remove a folder with its files, even if another deletion of the same room does so too."""
    while folder.exists():
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)
