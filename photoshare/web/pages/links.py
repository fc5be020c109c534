"""Make absolute links to a room, and their QR codes."""

from __future__ import annotations

import io

import segno
from flask import request, url_for

from photoshare.web.requests import current_site

QUIET_MODULES = 4  # of white around a code, ISO 18004
PRINTED_MODULE_PX = 32  # of a PNG: 33 modules are 1056 px, 9 cm at 300 dpi


def absolute_url(endpoint: str, **values: str) -> str:
    """Return the address under which guests reach a page.

    Uses the setting ``public_url`` if it is set, else the address of the current request.
    """
    path = url_for(endpoint, **values)  # type: ignore[arg-type]  # none is named _external
    public_url = current_site().settings.public_url
    if public_url:
        return public_url + path.removeprefix(request.script_root)
    return request.host_url.rstrip("/") + path


def qr_code_uri(text: str) -> str:
    """Draw a text as a QR code: an SVG as a data URI for ``<img src>``.

    Black on white in every colour scheme, with the quiet zone required by ISO 18004.
    """
    return segno.make(text, error="m").svg_data_uri(scale=8, border=QUIET_MODULES, light="white")


def qr_code_file(text: str, kind: str) -> bytes:
    """Draw a text as a QR code for print: black on white, as ``png`` or ``svg``."""
    content = io.BytesIO()
    scale = PRINTED_MODULE_PX if kind == "png" else 10
    segno.make(text, error="m").save(
        content, kind=kind, scale=scale, border=QUIET_MODULES, light="white"
    )
    return content.getvalue()
