"""Write a room file on this machine, for the command line."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

from filelock import FileLock, Timeout

from photoshare.disk import disk_full_as_error, sync, sync_folder
from photoshare.errors import RoomFileError
from photoshare.services.downloads.zip_layout import ZipLayout, ZipSource
from photoshare.services.take_home.packing import pack_room
from photoshare.services.take_home.room_file import Choice
from photoshare.services.take_home.room_zip import lay_out
from photoshare.storage import Storage

BLOCK_BYTES = 1 << 20  # written at a time
UNFINISHED = ".unfinished"  # ending of the folder of a file that is being written


def export_room(room_id: int, choice: Choice, storage: Storage, target: Path) -> int:
    """Write a room file, which gets its name once all of it is on the disk; return its bytes.

    Parameters
    ----------
    room_id : int
    choice : Choice
    storage : Storage
    target : Path
        Replaced if it is there.

    Raises
    ------
    RoomFileError
        If it can't be written there, or an original is lost.
    PhotoshareError
        As `pack_room` and `lay_out`.
    """
    if not target.parent.is_dir():
        raise RoomFileError(f"There's no folder {target.parent} to write into.")
    if target.is_dir():
        raise RoomFileError(f"{target} is a folder; name the file to write.")
    # Beside the target, so that its last step is a rename. What a killed export has left there is
    # removed by the next one to the same file.
    folder = target.with_name(f".{target.name}{UNFINISHED}")
    try:
        folder.mkdir(exist_ok=True)
        with FileLock(folder / "lock").acquire(timeout=0):
            for path in folder.iterdir():
                if path.name != "lock":
                    path.unlink()
            pack = pack_room(room_id, choice, storage, folder=folder)
            if pack is None:
                raise RoomFileError("The export was stopped.")
            layout = lay_out(pack, storage).layout
            _write(layout, folder / "zip", target)
            shutil.rmtree(folder)
    except Timeout as error:
        raise RoomFileError(f"Another export is writing {target}.") from error
    except FileNotFoundError as error:
        raise RoomFileError(f"A photo of {target} was deleted meanwhile. Try again.") from error
    except PermissionError as error:
        raise RoomFileError(f"{target} can't be written ({error.strerror}).") from error
    return layout.size_bytes


def _write(layout: ZipLayout, unfinished: Path, target: Path) -> None:
    with (
        closing(ZipSource(lambda: layout)) as source,
        disk_full_as_error(),
        unfinished.open("wb") as file,
    ):
        at = 0
        while at < layout.size_bytes:
            block = source.read_at(at, BLOCK_BYTES)
            file.write(block)
            at += len(block)
        file.flush()
        sync(file.fileno())
    os.replace(unfinished, target)
    sync_folder(target.parent)
