"""Read what a line of a room file says, and refuse what none of ours would say."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from photoshare.errors import RoomFileError
from photoshare.pictures.capture_time import is_plausible

MAX_ID = (1 << 62) - 1  # of a row; databases have 64 bits


class Fields:
    """The values of one line; every method refuses what is missing or of another kind.

    Parameters
    ----------
    where : str
        The line, as a refusal names it.
    values : object
        From JSON; a mapping, unless the line is none of ours.
    """

    def __init__(self, where: str, values: object) -> None:
        self.where = where
        if not isinstance(values, Mapping):
            raise self.refusal("it isn't an object")
        self._values: Mapping[str, Any] = values

    def refusal(self, what: str) -> RoomFileError:
        """Make the error that refuses the whole file because of this line."""
        return RoomFileError(f"{self.where} of the file can't be read: {what}.")

    def has(self, name: str) -> bool:
        """Whether there is a value, and it isn't null."""
        return self._values.get(name) is not None

    def text(self, name: str, *, most: int) -> str:
        """Return a text of up to `most` characters."""
        value = self._values.get(name)
        if not isinstance(value, str) or len(value) > most:
            raise self.refusal(f"{name} isn't a text of up to {most:,} characters")
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as error:  # half of a pair of surrogates
                raise self.refusal(f"{name} has a letter that doesn't exist") from error
        return value

    def text_or_none(self, name: str, *, most: int) -> str | None:
        """Return a text, or None for null."""
        return self.text(name, most=most) if self.has(name) else None

    def one_of(self, name: str, words: type[StrEnum]) -> str:
        """Return one of some words."""
        value = self.text(name, most=40)
        if value not in set(words):
            raise self.refusal(f"{name} is none of {', '.join(words)}")
        return value

    def yes_or_no(self, name: str) -> bool:
        """Return true or false."""
        value = self._values.get(name)
        if not isinstance(value, bool):
            raise self.refusal(f"{name} is neither true nor false")
        return value

    def number(self, name: str, *, least: int = 1, most: int = MAX_ID) -> int:
        """Return a whole number; by default an id."""
        return self.checked_number(name, self._values.get(name), least=least, most=most)

    def number_or_none(self, name: str, *, least: int = 1) -> int | None:
        """Return a whole number, or None for null."""
        return self.number(name, least=least) if self.has(name) else None

    def checked_number(
        self, name: str, value: object, *, least: int = 1, most: int = MAX_ID
    ) -> int:
        """Refuse anything but a whole number within bounds."""
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.refusal(f"{name} isn't a whole number from {least:,} to {most:,}")
        return value

    def share(self, name: str, *, most: float) -> float:
        """Return a number that is finite, from -`most` to `most`."""
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= most:
            raise self.refusal(f"{name} isn't a number up to {most:,}")
        return float(value)

    def list_of(self, name: str, *, most: int) -> list[Any]:
        """Return a list of up to `most` values."""
        value = self._values.get(name)
        if not isinstance(value, list) or len(value) > most:
            raise self.refusal(f"{name} isn't a list of up to {most:,}")
        return value

    def moment(self, name: str) -> datetime:
        """Return a moment with its zone, in UTC."""
        try:
            found = datetime.fromisoformat(self.text(name, most=40))
            if found.tzinfo is None:
                raise ValueError("no zone")
            return found.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self.refusal(f"{name} isn't a moment with a zone") from error

    def moment_or_none(self, name: str) -> datetime | None:
        """Return a moment, or None for null."""
        return self.moment(name) if self.has(name) else None

    def local_time_or_none(self, name: str) -> datetime | None:
        """Return what a local clock showed, without a zone, or None for null."""
        try:
            found = datetime.fromisoformat(self.text(name, most=40)) if self.has(name) else None
        except ValueError as error:
            raise self.refusal(f"{name} isn't a time") from error
        if found is not None and (found.tzinfo is not None or not is_plausible(found)):
            raise self.refusal(f"{name} isn't a time of a local clock")
        return found

    def day_or_none(self, name: str) -> date | None:
        """Return a day, or None for null."""
        try:
            return date.fromisoformat(self.text(name, most=10)) if self.has(name) else None
        except ValueError as error:
            raise self.refusal(f"{name} isn't a day") from error

    def content_or_none(self, name: str, *, most: int) -> bytes | None:
        """Return up to `most` bytes from base64, or None for null."""
        if not self.has(name):
            return None
        try:
            return base64.b64decode(self.text(name, most=most * 4 // 3 + 4), validate=True)
        except binascii.Error as error:
            raise self.refusal(f"{name} isn't base64") from error
