"""Check before a start, and for the doctor, that the database exists and is intact."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.exc import OperationalError

from photoshare.db import db, known_revisions, schema_version, upgrade_schema
from photoshare.errors import StartError, damaged_database_error


def prepare_database(data: Path, *, is_thorough: bool) -> None:
    """Check the database of a data folder and upgrade it to the newest schema.

    Needs an app context.

    Parameters
    ----------
    data : Path
    is_thorough : bool
        Let SQLite check the whole file, for the start of a server: 0.15 s of processor time
        for the 96 MB of 160,000 faces.

    Raises
    ------
    StartError
        If it is missing although there are photos, damaged, of a newer version, or unreadable.
    """
    file = data / "photoshare.sqlite"
    try:
        if not file.exists() or file.stat().st_size == 0:
            _refuse_photos_without_rows(data)
        elif is_thorough and (complaint := find_damage()):
            raise damaged_database_error(complaint)
        elif (version := schema_version()) not in ("none", *known_revisions()):
            raise StartError(
                f"The database is from a newer PhotoShare (schema {version}). Update PhotoShare, "
                "or restore the backup from before the update."
            )
        upgrade_schema()
    except (OperationalError, OSError) as error:
        reason = error.orig if isinstance(error, OperationalError) else error.strerror
        raise StartError(
            f"The database {file} can't be used ({reason}). Make the user who runs PhotoShare the "
            "owner of the data folder, and stop other programs that use the file."
        ) from error


def find_damage() -> str | None:
    """Let SQLite check the whole file; return its first complaint. Needs an app context."""
    with db.engine.connect() as connection:
        answer = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
    if answer == "ok":
        return None
    return " ".join(answer.removeprefix("*** in database main ***").split())


def _refuse_photos_without_rows(data: Path) -> None:
    """Refuse an empty database if there are photos: without rows they would be swept."""
    if next((data / "rooms").glob("*/originals/*"), None) is not None:
        raise StartError(
            f"There are photos in {data / 'rooms'}, but the database photoshare.sqlite beside them "
            "is missing or empty. Restore it from the newest backup, or move the photos away "
            "to start fresh."
        )
