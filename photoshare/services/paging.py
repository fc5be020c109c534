"""Long lists, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

PEOPLE_PAGE_SIZE = 60  # people of one page: two screens of a desktop


@dataclass(frozen=True, slots=True)
class ListPage(Generic[Item]):
    """One page of a list; pages count from 1, and one behind the end is empty."""

    items: Sequence[Item]
    number: int
    count: int  # items of the whole list
    has_next: bool


def page_of(items: Sequence[Item], number: int, size: int = PEOPLE_PAGE_SIZE) -> ListPage[Item]:
    """Take one page of a list; a number below 1 is the first page."""
    number = max(1, number)
    end = number * size
    return ListPage(items[end - size : end], number, len(items), end < len(items))
