"""``doctor``: whether everything is there that PhotoShare needs."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from photoshare.cli.answers import OneSentence
from photoshare.maintenance import doctor
from photoshare.web.site import current_site


@click.command("doctor")
@with_appcontext
def examine() -> None:
    """Check everything PhotoShare needs; show what's wrong and how to fix it."""
    findings = doctor.examine(current_site().settings)
    for finding in findings:
        click.echo(f"{'ok  ' if finding.is_good else 'BAD '} {finding.subject}: {finding.state}")
        if not finding.is_good:
            click.echo(f"     {finding.remedy}")
    if not all(finding.is_good for finding in findings):
        raise OneSentence("Something is wrong; the lines above show how to fix it.")
