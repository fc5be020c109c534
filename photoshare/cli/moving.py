"""``move-files`` and ``migrate-to``: into a bucket, and to PostgreSQL."""

from __future__ import annotations

import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from photoshare.cli.answers import OneSentence, alone, in_one_sentence
from photoshare.maintenance import migrating, moving
from photoshare.web.site import current_site, owner_of

NAMED = 20  # damaged originals; more than that means a damaged disk
TELL_EVERY = 100  # photos


@click.command("move-files")
@with_appcontext
def move_files() -> None:
    """Move the photos of the data folder into the bucket that PHOTOSHARE_STORAGE names."""
    site = current_site()
    refusal = "Stop the server first: it would not find what is moved."
    with alone(site.settings.data, refusal), in_one_sentence():
        moved = moving.move_files(site.storage, owner_of(current_app), tell=_tell_moved)
    click.echo(f"{moved.photo_count:,} photos are in {site.settings.storage} now.", err=True)
    if moved.damaged:
        raise OneSentence(
            f"{len(moved.damaged)} originals are damaged and stay where they are: "
            f"{', '.join(map(str, moved.damaged[:NAMED]))}"
        )


def _tell_moved(count: int) -> None:
    if count % TELL_EVERY == 0:
        click.echo(f"{count:,} photos moved", err=True)


@click.command("migrate-to")
@click.argument("url")
@with_appcontext
def migrate_to(url: str) -> None:
    """Copy all rows from SQLite to the empty PostgreSQL database at URL; stop the server first.

    With - the address is read from standard input, where no list of processes shows its password.
    """
    if url == "-":
        url = sys.stdin.readline().strip()
    settings = current_site().settings
    refusal = "PhotoShare is running on this data folder. Stop it first."
    with alone(settings.data, refusal), in_one_sentence():
        moved = migrating.move_to(settings, url)
    for table in moved:
        click.echo(f"{table.name}: {table.row_count:,} rows", err=True)
    click.echo(
        "Every row is in PostgreSQL now. Set PHOTOSHARE_DATABASE_URL and start PhotoShare again. "
        f"{settings.database} stays as it was: delete it once all is well, with what it holds.",
        err=True,
    )
