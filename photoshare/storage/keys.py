"""Name the objects of a bucket, as docs/scale.md tells: by room, kind and SHA-256."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOMS, ORIGINALS, DERIVED = "rooms", "originals", "derived"
OWNER_KEY = "photoshare-owner"  # an object that tells whose bucket it is
_KEY = re.compile(rf"{ROOMS}/(\d+)/({ORIGINALS}|{DERIVED})/([0-9a-f]{{64}})(?:/|$)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ObjectName:
    """What the key of an object says."""

    room_id: int
    is_original: bool
    sha256: str


def original_key(room_id: int | str, sha256: str) -> str:
    """Name the object of an original."""
    return f"{ROOMS}/{room_id}/{ORIGINALS}/{sha256}"


def derived_prefix(room_id: int | str, sha256: str) -> str:
    """Name what all objects made from a photo begin with: a listing finds them by whole words."""
    return f"{ROOMS}/{room_id}/{DERIVED}/{sha256}"


def key_of(path: Path) -> str | None:
    """Name the object of a file, given its path in the cache; None for tiles, which have none."""
    room, kind, name = path.parts[-3:]
    if kind == ORIGINALS:
        return original_key(room, name)
    if kind == DERIVED:
        sha256, _, variant = name.partition("-")
        return f"{derived_prefix(room, sha256)}/{variant}"
    return None


def read_key(key: str) -> ObjectName | None:
    """Read the key of an object; None if it isn't one of a room's."""
    found = _KEY.match(key)
    return ObjectName(int(found[1]), found[2] == ORIGINALS, found[3]) if found else None
