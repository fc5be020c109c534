"""Make absolute links to a room, and their QR codes."""

from __future__ import annotations

import io
from dataclasses import dataclass
from urllib.parse import urlsplit

import segno
from flask import request, url_for

from photoshare.config import PROGRAM
from photoshare.services.addresses import (
    find_listening,
    guest_address,
    guest_url,
    is_local,
    network_addresses,
)
from photoshare.web.requests import current_site

QUIET_MODULES = 4  # of white around a code, ISO 18004
PRINTED_MODULE_PX = 32  # of a PNG: 33 modules are 1056 px, 9 cm at 300 dpi


def absolute_url(endpoint: str, **values: str) -> str:
    """Return the address under which guests reach a page.

    Uses the setting ``public_url`` if it is set, else the address of the current request. On the
    machine itself that is an address like 127.0.0.1, useless for phones: then the machine's own
    address in the network, if the server answers there.
    """
    path = url_for(endpoint, **values)  # type: ignore[arg-type]  # none is named _external
    settings = current_site().settings
    if settings.public_url:
        return settings.public_url + path.removeprefix(request.script_root)
    base_url = guest_url(settings.data) if is_at_the_machine() else None
    return (base_url or request.host_url.rstrip("/")) + path


def is_at_the_machine() -> bool:
    """Whether the browser is on the server's machine, by an address of that machine only."""
    settings = current_site().settings
    is_direct = not (settings.public_url or settings.trusted_proxy)
    return is_direct and has_useless_links() and is_local(request.remote_addr or "")


def has_useless_links() -> bool:
    """Whether links made from the address of this request lead phones nowhere."""
    host = urlsplit(request.host_url).hostname or ""
    return not current_site().settings.public_url and is_local(host)


@dataclass(frozen=True, slots=True)
class PhoneAccess:
    """How phones reach the server, for the host who opens it on the machine itself.

    Attributes
    ----------
    choices : list of str
        The addresses of the machine that the server answers by; empty if only the machine itself
        can reach it.
    current : str or None
        The one in the links.
    can_be_opened : bool
        Whether starting it again with `remedy` would open it to the network.
    """

    choices: list[str]
    current: str | None
    can_be_opened: bool

    @property
    def remedy(self) -> str:
        """What to type, in a terminal or into the settings."""
        return f"{PROGRAM} --host 0.0.0.0" if self.can_be_opened else "PHOTOSHARE_PUBLIC_URL"


def phone_access() -> PhoneAccess | None:
    """Tell how phones reach the server; None where the links are right as they are."""
    if not has_useless_links():
        return None
    data = current_site().settings.data
    listening = find_listening(data)
    if not is_at_the_machine() or listening is None:
        return PhoneAccess([], None, can_be_opened=False)
    if not listening.is_for_all:
        return PhoneAccess([], None, can_be_opened=True)
    return PhoneAccess(network_addresses(), guest_address(data), can_be_opened=False)


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
