"""A room's guest link to hand out: as QR code files and on a page to print."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template

from photoshare.web.downloads import content_disposition
from photoshare.web.links import absolute_url, qr_code_file, qr_code_uri
from photoshare.web.security import current_access

blueprint = Blueprint("sharing", __name__, url_prefix="/rooms/<room_code>")

MIME_TYPES = {"png": "image/png", "svg": "image/svg+xml"}


@blueprint.get("/poster")
def poster(room_code: str) -> str:
    """Show a page to print and put on the tables: the QR code and what it is for."""
    access = current_access()
    guest_url = absolute_url("rooms.show", room_code=access.room.code)
    return render_template(
        "sharing/poster.html", access=access, guest_url=guest_url, guest_qr=qr_code_uri(guest_url)
    )


@blueprint.get("/qr.<any(png, svg):kind>")
def qr_code(room_code: str, kind: str) -> Response:
    """Send the QR code of the guest link as a file."""
    code = current_access().room.code
    content = qr_code_file(absolute_url("rooms.show", room_code=code), kind)
    response = make_response(content)
    response.mimetype = MIME_TYPES[kind]
    response.headers["Content-Disposition"] = content_disposition(f"photoshare-{code}.{kind}")
    response.headers["Cache-Control"] = "private, no-store"  # the address may change
    return response
