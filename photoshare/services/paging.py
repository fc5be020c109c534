"""Split long lists into pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

PEOPLE_PAGE_SIZE = 60  # people on one page: two desktop screens


@dataclass(frozen=True, slots=True)
class ListPage(Generic[Item]):
    """One page of a list; pages count from 1, and a page past the end is empty."""

    items: Sequence[Item]
    number: int
    count: int  # items of the whole list
    size: int  # items of a full page

    @property
    def has_next(self) -> bool:
        """Whether there are items after this page."""
        return self.number * self.size < self.count


def page_of(items: Sequence[Item], number: int, size: int = PEOPLE_PAGE_SIZE) -> ListPage[Item]:
    """Return one page of a list; a number below 1 is the first page."""
    number = max(1, number)
    end = number * size
    return ListPage(items[end - size : end], number, len(items), size)


def has_page(number: int, count: int, size: int) -> bool:
    """Whether a list of this many items has this page; an empty one has the first."""
    return number == 1 or (number > 1 and (number - 1) * size < count)
