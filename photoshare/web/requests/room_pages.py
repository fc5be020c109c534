"""Which page of the current room an address means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app, request, url_for
from werkzeug.exceptions import HTTPException


def match_page(path: str) -> tuple[str, Mapping[str, Any]] | None:
    """Find the page of this room with this path: its endpoint, and the values in its address.

    None for everything else: another room, another site, an address that only accepts forms.
    """
    adapter = current_app.create_url_adapter(request)
    room = url_for("rooms.show")
    if adapter is None or not (path == room or path.startswith(room + "/")):
        return None
    try:
        return adapter.match(path.removeprefix(request.script_root), method="GET")
    except HTTPException:
        return None
