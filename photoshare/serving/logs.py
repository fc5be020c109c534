"""Log times, levels and sentences, but never guests' addresses or secrets."""

from __future__ import annotations

import ipaddress
import logging
import re

# Anything that may be an IPv4 or IPv6 address; most matches are something else, such as a time.
_LIKE_AN_ADDRESS = re.compile(r"[0-9A-Fa-f:]*(?:[0-9A-Fa-f]*[:.]){2,}[0-9A-Fa-f:.]*")
_HOST_SECRET = re.compile(r"(/rooms/[^/\s]+/host/)[^/\s?'\"]+")


def set_up(level: str) -> None:
    """Log to standard error.

    Parameters
    ----------
    level : str
        One of `photoshare.config.LOG_LEVELS`; ``debug`` keeps the guests' addresses.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(DiscreetFormatter(keeps_addresses=level == "debug"))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # uploads queue, as intended


class DiscreetFormatter(logging.Formatter):
    """Formats a record without the addresses of guests and the secrets of host links.

    Every library logs through it, tracebacks included, so that none needs its own rule.
    """

    def __init__(self, *, keeps_addresses: bool = False) -> None:
        super().__init__("%(levelname)s %(message)s")
        self._keeps_addresses = keeps_addresses

    def format(self, record: logging.LogRecord) -> str:
        """Format a record; the time in front of it is not searched for addresses."""
        text = _HOST_SECRET.sub(r"\1…", super().format(record))
        if not self._keeps_addresses:
            text = _LIKE_AN_ADDRESS.sub(_without_address, text)
        return f"{self.formatTime(record)} {text}"


def _without_address(found: re.Match[str]) -> str:
    text = found.group().rstrip(".:")
    host, _, port = text.rpartition(":")
    for address in (text, host if port.isdigit() else text):
        try:
            ipaddress.ip_address(address)
        except ValueError:
            continue
        return "[address]" + found.group()[len(address) :]
    return found.group()
