"""``backup``, ``check-backup`` and ``restore``."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import with_appcontext

from photoshare.cli.answers import OneSentence, in_one_sentence
from photoshare.maintenance import backup, dated_backups, restore
from photoshare.maintenance.database_checks import prepare_database
from photoshare.web.site import current_site

NAMED = 20  # lost photos; more than that means a lost disk


@click.command("backup")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--keep", type=click.IntRange(min=1), help="Add a dated backup to FOLDER; keep that many."
)
@with_appcontext
def back_up(folder: Path, keep: int | None) -> None:
    """Back up the database, originals and key into FOLDER, which must be new without --keep."""
    storage, folder = current_site().storage, folder.absolute()
    with in_one_sentence():
        backup.refuse_postgresql(current_site().settings)
        if keep is None:
            made = backup.back_up(storage, folder)
        else:
            made = dated_backups.add_backup(storage, folder, keep=keep)
    _say_backup(f"The backup in {made.folder} is complete", made, "so the backup doesn't have them")


@click.command("check-backup")
@click.argument("folder", type=click.Path(path_type=Path))
def check_backup(folder: Path) -> None:
    """Read all of the backup in FOLDER, and compare every photo with its SHA-256."""
    with in_one_sentence():
        found = backup.check_backup(folder.absolute())
    _say_backup(f"The backup in {folder} is sound", found, "so it can't give them back")


@click.command("restore")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Move the rooms that are there aside.")
@with_appcontext
def restore_backup(folder: Path, replace: bool) -> None:
    """Put the backup in FOLDER in the place of the data folder, and upgrade its database."""
    settings = current_site().settings
    data = settings.data
    with in_one_sentence():
        backup.refuse_postgresql(settings)
    if settings.storage:
        raise OneSentence(
            "A backup is restored into files: leave PHOTOSHARE_STORAGE out, and run move-files "
            "with it afterwards."
        )
    with in_one_sentence():
        found, replaced = restore.restore(folder.absolute(), data, replace=replace)
        prepare_database(settings, is_thorough=True)
    if replaced:
        click.echo(f"What was there before is in {replaced}; delete it when all is well.", err=True)
    _say_backup(f"{data} is restored", found, "so they couldn't be restored")


def _say_backup(outcome: str, found: backup.Backup, consequence: str) -> None:
    """Print the outcome; fail if there are photos whose originals are lost."""
    click.echo(f"{outcome}, with {found.photo_count} photos.", err=True)
    if found.lost:
        raise OneSentence(
            f"The originals of {len(found.lost)} photos are missing or damaged, {consequence}: "
            f"{', '.join(found.lost[:NAMED])}"
        )
