"""Describe settings, and read the value of one from its text, or say what it must be."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

# RFC 1123, and the underscores of container names; the last part of a name is no number.
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"(?:{_LABEL}\.)*(?!\d+$){_LABEL}")
HIDDEN = "secret"  # the unit of a setting that is never shown, and may be in a file of its own
MIN_SECRET = 32  # characters: 128 random bits in hexadecimal digits
Number = TypeVar("Number", int, float)


def new_setting(default: Any, parse: Callable[[str], Any], unit: str, help_text: str) -> Any:
    """Make a field of a dataclass of settings, with what its documentation shows."""
    metadata = {"parse": parse, "unit": unit, "help": help_text}
    return field(default=default, metadata=metadata, repr=unit != HIDDEN)


def folder(text: str) -> Path:
    """Read the path of a folder."""
    if not text:
        raise ValueError("a folder")
    return Path(text).expanduser().absolute()


def folder_or_nothing(text: str) -> str:
    """Read the path of a folder, or nothing."""
    if not text:
        return ""
    if (path := folder(text)).exists() and not path.is_dir():
        raise ValueError("a folder, or empty")
    return str(path)


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Make what reads a whole number within bounds."""
    return _within(low, high, int, "a whole number")


def number(low: float, high: float) -> Callable[[str], float]:
    """Make what reads a number within bounds."""
    return _within(low, high, float, "a number")


def _within(
    low: Number, high: Number, convert: Callable[[str], Number], words: str
) -> Callable[[str], Number]:
    def parse(text: str) -> Number:
        with contextlib.suppress(ValueError):
            if low <= (value := convert(text)) <= high:
                return value
        raise ValueError(f"{words} from {low} to {high}")

    return parse


def or_nothing(parse_number: Callable[[str], float], words: str) -> Callable[[str], float | None]:
    """Make what also accepts an empty text, or these words, as None."""

    def parse(text: str) -> float | None:
        if text in ("", words):
            return None
        try:
            return parse_number(text)
        except ValueError as error:
            raise ValueError(f"{error}, or empty") from None

    return parse


def one_of(*words: str, former: Mapping[str, str] | None = None) -> Callable[[str], str]:
    """Make what accepts these words only, and former names of them."""

    def parse(text: str) -> str:
        text = (former or {}).get(text, text)
        if text not in words:
            known = ", ".join(filter(None, words))
            raise ValueError(f"one of: {known}" + (", or empty" if "" in words else ""))
        return text

    return parse


def existing_file(text: str) -> str:
    """Read the path of a file that is there; may be empty."""
    path = Path(text).expanduser().absolute()
    if text and not path.is_file():
        raise ValueError("a file that is there, or empty")
    return str(path) if text else ""


def scheduler_address(text: str) -> str:
    """Read the address of a Dask scheduler; may be empty."""
    parts = urlsplit(text)
    try:
        is_whole = parts.scheme in ("tcp", "tls") and parts.hostname and parts.port
    except ValueError:  # the port is no number, or too large
        is_whole = False
    if text and not (is_whole and not parts.path and not parts.query):
        raise ValueError("an address such as tcp://127.0.0.1:8786 or tls://..., or empty")
    return text


def web_address(text: str) -> str:
    """Read the address of a site, without a slash at its end; may be empty."""
    parts = urlsplit(text)
    if text and not (parts.scheme in ("http", "https") and parts.netloc and not parts.query):
        raise ValueError("an address such as https://photos.example.org, or empty")
    return text.rstrip("/")


def proxies(text: str) -> str:
    """Check a list of trusted proxies; `photoshare.networks.TrustedProxies` reads it."""
    entries = [entry.strip() for entry in text.split(",")] if text else []
    if not all(map(_is_proxy, entries)):
        raise ValueError(
            "addresses (127.0.0.1), networks (172.16.0.0/12) or host names (caddy) of proxies, "
            "with commas between them, or empty; a network can't be all addresses"
        )
    return ", ".join(entries)


def _is_proxy(entry: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_network(entry).prefixlen > 0
    return _HOST_NAME.fullmatch(entry) is not None


def path_prefix(text: str) -> str:
    """Read the path under which a proxy serves a site; may be empty."""
    if text and not (text.startswith("/") and not text.endswith("/") and "//" not in text):
        raise ValueError(
            "a path such as /photos, with a slash at the start and none at the end, or empty"
        )
    return text


def long_secret(text: str) -> str:
    """Read a secret that nobody can guess; may be empty."""
    if text and len(text) < MIN_SECRET:
        raise ValueError(f"at least {MIN_SECRET} characters that nobody can guess, or empty")
    return text
