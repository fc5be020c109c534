"""Make tokens for scripts, show each once, list and remove them."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from photoshare.errors import InvalidInputError
from photoshare.services.rooms import api_tokens
from photoshare.services.rooms.api_tokens import Rights
from photoshare.services.rooms.hosts import is_first_host
from photoshare.web.answers import SEE_OTHER, isolated, toast
from photoshare.web.pages.links import absolute_url
from photoshare.web.pages.words import Refusal, refusal
from photoshare.web.requests import ADD, READ, current_access, host_only

blueprint = Blueprint("api_tokens", __name__, url_prefix="/rooms/<room_code>/tokens")


@blueprint.get("")
@host_only
def index(room_code: str) -> str:
    """Show the tokens that this host manages, and the form that makes one."""
    return _page()


@blueprint.post("")
@host_only
def add(room_code: str) -> Response | tuple[str, int]:
    """Make a token, and show it this once."""
    form = request.form
    rights = Rights(may_read=READ in form, may_add=ADD in form)
    try:
        secret = api_tokens.add_token(current_access(), form.get("name", ""), rights)
    except InvalidInputError as error:
        return _page(refused=refusal(error), name=form.get("name", ""), rights=rights), 422
    response = make_response(_page(secret=secret))
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/<int:token_id>/remove")
@host_only
def remove(room_code: str, token_id: int) -> Response:
    """Remove a token; scripts that have it are out."""
    name = api_tokens.remove_token(current_access(), token_id)
    toast(gettext("The token “%(name)s” no longer works.", name=isolated(name)))
    return redirect(url_for("api_tokens.index"), SEE_OTHER)


def _page(
    *,
    secret: str | None = None,
    refused: Refusal | None = None,
    name: str = "",
    rights: Rights | None = None,
) -> str:
    access = current_access()
    return render_template(
        "api_tokens/index.html",
        access=access,
        tokens=api_tokens.list_tokens(access),
        is_first_host=is_first_host(access),
        secret=secret,
        api_url=absolute_url("api.openapi"),
        refused=refused,
        name=name,
        rights=rights or Rights(may_read=True, may_add=False),
    )
