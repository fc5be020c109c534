"""Expressions of SQL that SQLite and PostgreSQL write differently."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, cast, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.functions import FunctionElement

# Of 64 bits, as all of SQLite's: checksums have 32, and people write any number into addresses.
WholeNumber = BigInteger().with_variant(Integer(), "sqlite")
_HOUR_LETTERS = len("2026-07-12 14")  # of a moment, as SQLite keeps it


class hour_of(FunctionElement[Any]):
    """The hour in which a moment is, to sort and group by."""

    inherit_cache = True


class ids_as_text(FunctionElement[str]):
    """All numbers of a column as the text of a JSON list, in the order of the rows."""

    inherit_cache = True


@compiles(hour_of)
def _hour_by_letters(element: Any, compiler: Any, **how: Any) -> str:
    return f"substr({compiler.process(element.clauses, **how)}, 1, {_HOUR_LETTERS})"


@compiles(hour_of, "postgresql")
def _hour_by_date(element: Any, compiler: Any, **how: Any) -> str:
    return f"date_trunc('hour', {compiler.process(element.clauses, **how)})"


@compiles(ids_as_text)
def _group_array(element: Any, compiler: Any, **how: Any) -> str:
    return f"json_group_array({compiler.process(element.clauses, **how)})"


@compiles(ids_as_text, "postgresql")
def _json_agg(element: Any, compiler: Any, **how: Any) -> str:
    return f"CAST(json_agg({compiler.process(element.clauses, **how)}) AS TEXT)"


def total(column: InstrumentedAttribute[int]) -> ColumnElement[int]:
    """Add up whole numbers to a whole number, which PostgreSQL's sum of them is not."""
    return cast(func.coalesce(func.sum(column), 0), WholeNumber)
