"""The settings of who may open rooms; `photoshare.config.Settings` includes them."""

from __future__ import annotations

from dataclasses import dataclass

from photoshare.config.values import HIDDEN, new_setting, one_of

OPEN, BY_PASSWORD, CLOSED = "open", "password", "closed"
MIN_PASSWORD = 12  # characters; whoever has it can delete every room, and anyone may guess
MAX_PASSWORD = 200  # characters, of rooms as well; scrypt takes any length, a form should not


def _password(text: str) -> str:
    if text and not MIN_PASSWORD <= len(text) <= MAX_PASSWORD:
        raise ValueError(f"{MIN_PASSWORD} to {MAX_PASSWORD} characters, or empty")
    return text


@dataclass(frozen=True, kw_only=True)  # without slots, which two bases of a class cannot have
class OwnerSettings:
    """Who may open rooms, and the owner's password; part of `photoshare.config.Settings`."""

    room_creation: str = new_setting(
        "",
        one_of("", OPEN, BY_PASSWORD, CLOSED),
        "word",
        "who may open rooms: everyone (open), whoever knows the owner's password (password), or "
        "only the owner's page and the command line (closed); if not set, password from the first "
        "start that others can reach, else open",
    )
    owner_password: str = new_setting(
        "",
        _password,
        HIDDEN,
        "the password of the owner's page, at least 12 characters; if not set, the server makes "
        "one where it is needed, and owner-password makes a new one",
    )
