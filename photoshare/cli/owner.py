"""``owner-password``: a new password for the owner's page."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from photoshare.cli.answers import OneSentence, in_one_sentence, json_option, print_json
from photoshare.maintenance.database_checks import prepare_database
from photoshare.services.owner.password import renew_password
from photoshare.web.site import current_site


@click.command("owner-password")
@json_option
@with_appcontext
def make_owner_password(as_json: bool) -> None:
    """Make a new owner's password and print it; everyone who is logged in is logged out."""
    settings = current_site().settings
    if settings.owner_password:
        raise OneSentence(
            "PHOTOSHARE_OWNER_PASSWORD sets the owner's password: change it there, and start again."
        )
    with in_one_sentence():
        prepare_database(settings, is_thorough=False)
        password = renew_password()
    if as_json:
        print_json({"password": password})
    else:
        click.echo(password)
    click.echo("The old password and all sessions of the owner no longer work.", err=True)
