"""How commands refuse and print: in one sentence, and as JSON."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from filelock import FileLock, Timeout

from photoshare.config import LOCK_FILE
from photoshare.errors import PhotoshareError


class OneSentence(click.ClickException):
    """An error that ends the command with a one-sentence message and exit code 1."""


@contextlib.contextmanager
def in_one_sentence() -> Iterator[None]:
    """Report a refusal in one sentence: what is wrong with a bucket as well, unlike to guests."""
    try:
        yield
    except PhotoshareError as error:
        raise OneSentence(getattr(error, "reason", str(error))) from error


@contextlib.contextmanager
def alone(data: Path, refusal: str) -> Iterator[None]:
    """Hold the data folder; refuse while a server or another command does."""
    try:
        held = FileLock(data / LOCK_FILE).acquire(timeout=0)
    except Timeout:
        raise OneSentence(refusal) from None
    with held:
        yield


def print_json(value: Any) -> None:
    """Print a value as JSON, which is an interface (docs/command-line.md)."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
