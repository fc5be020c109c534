"""Tell whoever wants to know what is stored about them, and how to erase it."""

from __future__ import annotations

from flask import Blueprint, render_template

from photoshare.web.requests import current_site

blueprint = Blueprint("about", __name__)


@blueprint.get("/what-is-stored")
def what_is_stored() -> str:
    """Show what is stored about people, why, for how long, and how to erase it."""
    settings = current_site().settings
    has_other_machines = bool(settings.storage or settings.workers)
    return render_template("about/what_is_stored.html", has_other_machines=has_other_machines)
