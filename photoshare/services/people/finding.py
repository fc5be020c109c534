"""Find people by what someone types of their name, and sort them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from photoshare.services.people.people import PersonCard

MAX_WORDS = 60  # characters, as many as a name has

# What the decomposition of Unicode leaves as one letter, and keyboards of a neighbour lack; the
# Persian letters that an Arabic keyboard writes differently; apostrophes of all keyboards.
_ALIKE = str.maketrans(
    {
        **{"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t"},  # noqa: RUF001
        **{"æ": "ae", "œ": "oe", "þ": "th"},
        **{"ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ـ": ""},  # noqa: RUF001
        **{"’": "'", "‘": "'", "ʼ": "'", "`": "'", "‐": "-", "‑": "-"},  # noqa: RUF001
    }
)
# Canonical combining classes of the marks that someone who searches leaves out (Unicode Standard
# Annex 44): Hebrew, Arabic and Syriac points, accents above and below, and the nukta of Indic
# scripts. Vowel signs and the voicing marks of kana, which have other classes, make other names.
_NUKTA, _POINTS, _ACCENTS = 7, range(10, 37), 200


class PeopleOrder(StrEnum):
    """How a list of people is sorted; the value is what stands in addresses."""

    GIVEN = ""  # as the page has them: most photos first, or most alike
    PHOTOS = "photos"
    NAME = "name"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class PeopleQuery:
    """What someone wants to see of a list of people."""

    words: str = ""  # parts of a name; "": everyone
    order: PeopleOrder = PeopleOrder.GIVEN
    is_nameless: bool = False  # only those without a name

    @property
    def is_everyone(self) -> bool:
        """Whether nobody is left out."""
        return not (self.words or self.is_nameless)


def fold_name(name: str) -> str:
    """Reduce a name to what is compared in a search: no case, no accents, one kind of space."""
    if name.isascii():
        return " ".join(name.lower().split())
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(letter for letter in decomposed if not _is_left_out(letter))
    return " ".join(bare.translate(_ALIKE).split())


def find_people(cards: Sequence[PersonCard], query: PeopleQuery) -> Sequence[PersonCard]:
    """List the people that a query asks for; each typed word must be somewhere in the name.

    Unless another order is wanted, people come in theirs, after those of whose name a part begins
    with what was typed: "an" finds Anna before Hanna.
    """
    if query.is_nameless:
        cards = [card for card in cards if not card.name]
    words = fold_name(query.words)
    if words:
        names = [(card, fold_name(card.name)) for card in cards if card.name]
        found = [(card, name) for card, name in names if all(w in name for w in words.split())]
        if query.order is PeopleOrder.GIVEN:
            found.sort(key=lambda one: f" {words}" not in f" {one[1]}")
        cards = [card for card, _ in found]
    return _sorted(cards, query.order)


def list_nameless_after(cards: Sequence[PersonCard], seen: Sequence[int]) -> list[PersonCard]:
    """List the people without a name who come after those seen last, in the order of a list.

    Parameters
    ----------
    cards : sequence of PersonCard
    seen : sequence of int
        People who were asked about, the last one last; some may be gone since, by a merge.
    """
    places = {card.id: place for place, card in enumerate(cards)}
    start = next((places[one] + 1 for one in reversed(seen) if one in places), 0)
    return [card for card in cards[start:] if not card.name and card.id not in seen]


def unused_names(names: Iterable[str], cards: Iterable[PersonCard]) -> list[str]:
    """List the names that nobody of these people has yet, in the order in which one reads them."""
    used = {fold_name(card.name) for card in cards if card.name}
    unused = {fold_name(name): name for name in names if fold_name(name) not in used}
    return [unused[folded] for folded in sorted(unused)]


def _sorted(cards: Sequence[PersonCard], order: PeopleOrder) -> Sequence[PersonCard]:
    match order:
        case PeopleOrder.PHOTOS:
            return sorted(cards, key=lambda card: (-card.photo_count, card.id))
        case PeopleOrder.NAME:  # those without a name at the end
            return sorted(cards, key=lambda card: (not card.name, fold_name(card.name or "")))
        case PeopleOrder.NEWEST:
            return sorted(cards, key=lambda card: -card.id)  # ids are never used again
    return cards


def _is_left_out(letter: str) -> bool:
    combining = unicodedata.combining(letter)
    if combining:
        return combining >= _ACCENTS or combining in _POINTS or combining == _NUKTA
    return unicodedata.category(letter) == "Cf"  # direction marks, joiners
