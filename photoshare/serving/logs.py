"""Log times, levels and sentences, but never guests' addresses or secrets."""

from __future__ import annotations

import ipaddress
import json
import logging
import re
from datetime import UTC, datetime
from urllib.parse import quote

# Anything that may be an IPv4 or IPv6 address; most matches are something else, such as a time.
_LIKE_AN_ADDRESS = re.compile(r"[0-9A-Fa-f:]*(?:[0-9A-Fa-f]*[:.]){2,}[0-9A-Fa-f:.]*")
# A room's code, in its address or in one that was mistyped (photoshare.services.rooms.rooms).
_ROOM_CODE = re.compile(r"(?<=/rooms/)[^/]+|[^/-]{4,6}(?:-[^/-]{4,6}){2}")
# Of host links, personal links and shared albums.
_SECRET_IN_PATH = re.compile(r"(?<=/(?:host|mine)/).+|(?<=/shared/)[^/]+")
_SECRET = re.compile(r"(/rooms/[^/\s]+/(?:host|mine)/|/shared/)[^/\s?'\"]+")


access_log = logging.getLogger("photoshare.access")


def set_up(level: str, log_format: str = "text") -> None:
    """Log to standard error.

    Parameters
    ----------
    level : str
        One of `photoshare.config.LOG_LEVELS`; ``debug`` keeps the guests' addresses.
    log_format : str
        One of `photoshare.config.LOG_FORMATS`.
    """
    handler = logging.StreamHandler()
    formatter = JsonFormatter if log_format == "json" else DiscreetFormatter
    handler.setFormatter(formatter(keeps_addresses=level == "debug"))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    access_log.setLevel(logging.INFO)  # it has a setting of its own
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # uploads queue, as intended


class DiscreetFormatter(logging.Formatter):
    """Formats a record without the addresses of guests and the secrets of links.

    Every library logs through it, tracebacks included, so that none needs its own rule.
    """

    def __init__(self, *, keeps_addresses: bool = False) -> None:
        super().__init__("%(levelname)s %(message)s")
        self._keeps_addresses = keeps_addresses

    def format(self, record: logging.LogRecord) -> str:
        """Format a record; the time in front of it is not searched for addresses."""
        return f"{self.formatTime(record)} {self.without_secrets(super().format(record))}"

    def without_secrets(self, text: str) -> str:
        """Leave out of a text what the log shall not tell."""
        text = _SECRET.sub(r"\1…", text)
        return text if self._keeps_addresses else _LIKE_AN_ADDRESS.sub(_without_address, text)


class JsonFormatter(DiscreetFormatter):
    """Formats a record as one JSON object in one line, leaving out the same."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record; an access has its parts as numbers, too."""
        time = datetime.fromtimestamp(record.created, UTC)
        entry: dict[str, object] = {
            "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.without_secrets(record.getMessage()),
        }
        for name, value in getattr(record, "access", {}).items():
            entry[name] = self.without_secrets(value) if isinstance(value, str) else value
        if record.exc_info:
            entry["exception"] = self.without_secrets(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False)


def log_access(method: str, path: str, status: int, size_bytes: int, seconds: float) -> None:
    """Log an answer without query, room code, secret of a link or address.

    Parameters
    ----------
    path : str
        As received, without the query; may contain anything.
    size_bytes : int
        Of the answer's body.
    seconds : float
        From the complete request to the last byte that the app made.
    """
    path = _SECRET_IN_PATH.sub("…", _ROOM_CODE.sub("…", quote(path, safe="/~@:+,=")))
    milliseconds = round(seconds * 1000)
    access_log.info(
        "%s %s %d %d bytes %d ms",
        *(method, path, status, size_bytes, milliseconds),
        extra={
            "access": {
                **{"method": method, "path": path, "status": status},
                **{"bytes": size_bytes, "milliseconds": milliseconds},
            }
        },
    )


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
