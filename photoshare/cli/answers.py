"""How commands refuse and print: in one sentence, and as JSON."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from filelock import FileLock, Timeout

from photoshare.config import GB, KB, LOCK_FILE, MB
from photoshare.errors import PhotoshareError

JOINERS = "\u200c\u200d"  # of letters and emoji; other invisible ones can turn a line around


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


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, which is the same in every version."
)

already_json = click.option(
    "--json", is_flag=True, expose_value=False, help="Changes nothing: it prints JSON anyway."
)


def plain(text: str) -> str:
    """Make a text that someone typed safe for a terminal: no control characters, no overrides."""
    return "".join(letter if letter.isprintable() or letter in JOINERS else "?" for letter in text)


def print_facts(facts: Mapping[str, str]) -> None:
    """Print what is known of one thing for people, a line each."""
    width = max(map(len, facts)) + 1
    for name, words in facts.items():
        click.echo(f"{name + ':':<{width}} {plain(words)}")


def size_words(size_bytes: int) -> str:
    """Say a size in English, as phones and disks do: 1 MB is a million bytes."""
    for unit, name in ((GB, "GB"), (MB, "MB"), (KB, "kB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:,.1f} {name}"
    return f"{size_bytes} bytes"


def time_words(moment: datetime | None) -> str:
    """Say a moment in UTC, to the minute."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else "-"


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows for people: columns as wide as they need, numbers to the right.

    Parameters
    ----------
    head : sequence of str
        Names of the columns, in capitals.
    rows : sequence of sequences
        As long as the head.
    """
    texts = [[plain(str(cell)) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    is_number = [all(isinstance(row[i], int) for row in rows) for i in range(len(head))]
    for line in texts:
        cells = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, is_number, strict=True)
        )
        click.echo("  ".join(cells).rstrip())
