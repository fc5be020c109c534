"""The settings of the database: which one, SQLite by default."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from photoshare.config.values import HIDDEN, new_setting

DRIVER = "postgresql+psycopg"
SCHEMES = (DRIVER, "postgresql", "postgres")  # the first is SQLAlchemy's word


def _database_url(text: str) -> str:
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in SCHEMES or len(parts.path) < 2:
        raise ValueError(
            f"an address such as {DRIVER}://photoshare:password@127.0.0.1/photoshare, or empty"
        )
    return DRIVER + text[len(parts.scheme) :]


@dataclass(frozen=True, kw_only=True)  # without slots, which two bases of a class cannot have
class DatabaseSettings:
    """Which database holds the rows; part of `photoshare.config.Settings`."""

    database_url: str = new_setting(
        "",
        _database_url,
        HIDDEN,
        "the PostgreSQL database to use in place of the SQLite file (docs/scale.md): "
        f"{DRIVER}://name:password@host/database",
    )

    @property
    def is_postgresql(self) -> bool:
        """Whether the rows are in PostgreSQL, not in a file of the data folder."""
        return bool(self.database_url)
