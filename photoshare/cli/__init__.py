"""The command line (docs/command-line.md)."""

from __future__ import annotations

from flask import Flask

from photoshare.cli import backups, doctor, moving, photos, take_home
from photoshare.cli.rooms import rooms_group


def init_app(app: Flask) -> None:
    """Register the commands."""
    for command in (
        *(photos.import_folder, photos.search_again),
        *(take_home.export, take_home.make_room),
    ):
        rooms_group.add_command(command)
    app.cli.add_command(rooms_group)
    for command in (
        *(backups.back_up, backups.check_backup, backups.restore_backup),
        *(moving.move_files, moving.migrate_to),
        doctor.examine,
    ):
        app.cli.add_command(command)
