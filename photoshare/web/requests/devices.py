"""What kind of device a browser runs on, coarsely; nothing else of its User-Agent is kept."""

from __future__ import annotations

from flask import request


def device_kind() -> str:
    """Return phone, tablet or computer, by what the browser says of itself.

    An iPad calls itself a Macintosh unless told otherwise, so it may count as a computer.
    """
    agent = request.headers.get("User-Agent", "")
    if "iPad" in agent or "Tablet" in agent or ("Android" in agent and "Mobi" not in agent):
        return "tablet"
    return "phone" if "Mobi" in agent or "iPhone" in agent else "computer"
