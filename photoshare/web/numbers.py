"""Parse whole numbers in addresses, within the range of row ids."""

from __future__ import annotations

import re

from flask import Flask, request
from werkzeug.datastructures import MultiDict
from werkzeug.routing import IntegerConverter, Map

from photoshare.errors import InvalidInputError

LARGEST_NUMBER = 2**63 - 1  # SQLite's
LARGEST_PAGE = 10**9  # the index of its first row still fits into SQLite's integers
ROW_NUMBER = re.compile("[0-9]{1,18}")  # what fits into SQLite's integers


class _RowNumber(IntegerConverter):
    """``<int:...>`` in an address; a number too large for the database is not found."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=LARGEST_NUMBER)


def number_argument(name: str, args: MultiDict[str, str] | None = None) -> int | None:
    """Read a whole number from the query; None if there is no valid one.

    Parameters
    ----------
    name : str
    args : MultiDict, optional
        Of another address than that of the request.
    """
    number = (request.args if args is None else args).get(name, type=int)
    return number if number is not None and abs(number) <= LARGEST_NUMBER else None


def number_list_argument(name: str, args: MultiDict[str, str] | None = None) -> tuple[int, ...]:
    """Read row ids from the query, repeated as by a form or separated by commas.

    Parameters
    ----------
    name : str
    args : MultiDict, optional
        Of another address than that of the request.

    Raises
    ------
    InvalidInputError
        If one of them is not a number. The services limit how many may be chosen.
    """
    texts = (request.args if args is None else args).getlist(name)
    words = [word for text in texts for word in text.split(",") if word]
    if not all(ROW_NUMBER.fullmatch(word) for word in words):
        raise InvalidInputError("This selection cannot be read; please choose again.")
    return tuple(dict.fromkeys(int(word) for word in words))


def numbers_of_form(name: str) -> list[int]:
    """Read the whole numbers of a form field that may occur several times."""
    numbers = request.form.getlist(name, type=int)
    return [number for number in numbers if abs(number) <= LARGEST_NUMBER]


def page_argument(args: MultiDict[str, str] | None = None) -> int:
    """Read a page number, by default 1; an absurd one becomes a page that does not exist.

    Parameters
    ----------
    args : MultiDict, optional
        Of another address than that of the request.
    """
    args = request.args if args is None else args
    return max(0, min(args.get("page", 1, type=int), LARGEST_PAGE))


def init_app(app: Flask) -> None:
    """Make ``<int:...>`` mean a row id; call it before any address is registered."""
    app.url_map.converters["int"] = _RowNumber
