"""Put clips into rooms without uploading them."""

from __future__ import annotations

import hashlib
import io
from typing import Any

from flask import Flask

from photoshare.clips.opening import read_facts
from photoshare.db import db
from photoshare.models import PHOTO_WAITING
from photoshare.web.site import Site
from tests.helpers import insert_photos


def put_clip(app: Flask, site: Site, room_id: int, content: bytes, **values: object) -> int:
    """Add a clip that waits to be searched; return its id."""
    facts = read_facts(io.BytesIO(content))
    sha256 = hashlib.sha256(content).hexdigest()
    with app.app_context():
        original = site.storage.original(room_id, sha256)
        original.parent.mkdir(parents=True, exist_ok=True)
        original.write_bytes(content)
        db.session.rollback()
    told: dict[str, Any] = {
        "sha256": sha256,
        "file_name": "clip.mp4",
        "image_format": facts.image_format,
        "size_bytes": len(content),
        "width": facts.width,
        "height": facts.height,
        "duration_ms": facts.duration_ms,
        "video_codec": facts.video_codec,
        "state": PHOTO_WAITING,
    }
    return insert_photos(app, room_id, 1, **told | values)[0]
