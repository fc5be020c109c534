"""The command line (docs/command-line.md)."""

from __future__ import annotations

from flask import Flask

from photoshare.cli import backups, doctor, moving, owner
from photoshare.cli.rooms import bin, guests, links, people, photos, take_home
from photoshare.cli.rooms.rooms import rooms_group


def init_app(app: Flask) -> None:
    """Register the commands."""
    for command in (
        *(links.renew_host_link, links.show_guest_link, guests.list_guests_of),
        *(photos.import_folder, photos.search_again, people.list_people, people.correct),
        *(bin.restore, take_home.export, take_home.make_room),
    ):
        rooms_group.add_command(command)
    app.cli.add_command(rooms_group)
    for command in (
        *(backups.back_up, backups.check_backup, backups.restore_backup),
        *(moving.move_files, moving.migrate_to),
        doctor.examine,
        owner.make_owner_password,
    ):
        app.cli.add_command(command)
