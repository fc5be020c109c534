"""The packs of a room: what `packing` has written, for as long as someone reads it."""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photoshare.services.take_home.room_file import Choice, choice_of
from photoshare.storage import Storage

FOLDER = "take-home"  # in the folder of a room, beside that of unfinished uploads
WISH = "wish.json"  # what the job is to write
KEPT = 2  # packs of a room; the older one may still be being downloaded
_STAMP = re.compile("[0-9a-f]{64}")
_TEXTS, _INDEX = "-texts", "-index"


@dataclass(frozen=True, slots=True)
class Pack:
    """The texts and the index of a room file."""

    room_id: int
    folder: Path
    stamp: str  # 64 hexadecimal digits; equal if and only if the bytes of the zip are

    @property
    def texts(self) -> Path:
        """File of the texts."""
        return self.folder / (self.stamp + _TEXTS)

    @property
    def index(self) -> Path:
        """File of the index."""
        return self.folder / (self.stamp + _INDEX)


@dataclass(frozen=True, slots=True)
class PackFacts:
    """What a page tells of a pack."""

    pack: Pack
    choice: Choice
    photo_count: int
    size_bytes: int  # of the zip


def pack_folder(storage: Storage, room_id: int) -> Path:
    """Folder of a room's packs; the sweep removes what has not been read for an hour."""
    return storage.uploads / str(room_id) / FOLDER


def find_pack(storage: Storage, room_id: int, stamp: str) -> Pack | None:
    """Find a pack of a room, and keep it for another hour."""
    pack = Pack(room_id, pack_folder(storage, room_id), stamp)
    return pack if _STAMP.fullmatch(stamp) is not None and keep_longer(pack) else None


def keep_longer(pack: Pack) -> bool:
    """Keep a pack that is being read from the sweep; return whether it is there."""
    try:
        os.utime(pack.index)
        os.utime(pack.texts)
    except FileNotFoundError:
        return False
    return True


def newest_pack(storage: Storage, room_id: int) -> Pack | None:
    """Find the pack that was written or read last."""
    found = _by_age(storage, room_id)
    return found[-1] if found else None


def forget_old_packs(storage: Storage, room_id: int) -> None:
    """Remove all packs but the newest `KEPT`."""
    for pack in _by_age(storage, room_id)[:-KEPT]:
        pack.texts.unlink(missing_ok=True)
        pack.index.unlink(missing_ok=True)


def forget_packs(storage: Storage, room_id: int) -> None:
    """Remove all packs of a room: they tell of photos that are gone for good."""
    for path in pack_folder(storage, room_id).glob("*"):
        if path.name != WISH:
            path.unlink(missing_ok=True)


def _by_age(storage: Storage, room_id: int) -> list[Pack]:
    found, folder = [], pack_folder(storage, room_id)
    for path in folder.glob("*" + _TEXTS):
        with contextlib.suppress(FileNotFoundError):  # the sweep was faster
            found.append((path.stat().st_mtime_ns, path.name.removesuffix(_TEXTS)))
    return [Pack(room_id, folder, stamp) for _, stamp in sorted(found)]


# ---- What the job is to write --------------------------------------------------------------------


def wish(storage: Storage, room_id: int, choice: Choice) -> None:
    """Write down what a host wants; the newest wish counts."""
    folder = pack_folder(storage, room_id)
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{WISH}.new"
    temporary.write_text(json.dumps(choice.as_json()))
    temporary.replace(folder / WISH)


def wished(storage: Storage, room_id: int) -> Choice | None:
    """Read what a host wants, and keep it for another hour; None if nobody waits."""
    path = pack_folder(storage, room_id) / WISH
    try:
        os.utime(path)
        values: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return choice_of(values)


def fulfil(storage: Storage, room_id: int, choice: Choice) -> bool:
    """Forget a wish, unless there is another one by now; return whether it was forgotten."""
    if wished(storage, room_id) not in (choice, None):
        return False
    (pack_folder(storage, room_id) / WISH).unlink(missing_ok=True)
    return True
