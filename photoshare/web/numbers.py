"""Whole numbers in addresses: those that a database row can have."""

from __future__ import annotations

from flask import Flask, request
from werkzeug.routing import IntegerConverter, Map

LARGEST_NUMBER = 2**63 - 1  # SQLite's
LARGEST_PAGE = 10**9  # its first photo has a number that SQLite can still count to


class _RowNumber(IntegerConverter):
    """``<int:...>`` in an address; a larger number than the database holds is not found."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=LARGEST_NUMBER)


def number_argument(name: str) -> int | None:
    """Read a whole number behind the question mark; None where there is none that fits."""
    number = request.args.get(name, type=int)
    return number if number is not None and abs(number) <= LARGEST_NUMBER else None


def numbers_argument(name: str) -> list[int]:
    """Read the whole numbers behind the question mark that have this name."""
    return _fitting(request.args.getlist(name, type=int))


def numbers_of_form(name: str) -> list[int]:
    """Read the whole numbers of a form field that may be there several times."""
    return _fitting(request.form.getlist(name, type=int))


def _fitting(numbers: list[int]) -> list[int]:
    return [number for number in numbers if abs(number) <= LARGEST_NUMBER]


def page_argument() -> int:
    """Read the number of a grid page, by default 1; an absurd one is a page that no album has."""
    return max(0, min(request.args.get("page", 1, type=int), LARGEST_PAGE))


def init_app(app: Flask) -> None:
    """Make ``<int:...>`` mean a row number; before any address is registered."""
    app.url_map.converters["int"] = _RowNumber
