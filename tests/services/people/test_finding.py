"""People are found by what someone types, in many scripts."""

from __future__ import annotations

import pytest

from photoshare.services.people.finding import (
    PeopleOrder,
    PeopleQuery,
    find_people,
)
from photoshare.services.people.people import PersonCard


def people(*names: str | None) -> list[PersonCard]:
    """Make cards with the ids 1, 2, ... and ever fewer photos."""
    return [
        PersonCard(number, name, is_hidden=False, photo_count=100 - number, cover_face_id=number)
        for number, name in enumerate(names, 1)
    ]


def found(cards: list[PersonCard], words: str = "", **wanted: object) -> list[str | None]:
    query = PeopleQuery(words, **wanted)  # type: ignore[arg-type]
    return [card.name for card in find_people(cards, query)]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Léa", "lea"),
        ("Lea", "LÉA"),
        ("Zoë Müller", "zoe mull"),
        ("Łukasz Sørensen", "lukasz sor"),
        ("Đỗ Thị Hà", "do ha"),
        ("İpek Işık", "ipek isik"),  # noqa: RUF001
        ("Straße", "STRASSE"),
        ("Æsir Þór", "aesir thor"),
        ("O’Neill", "o'ne"),  # noqa: RUF001
        ("Семён Воробьёв", "семен воробьев"),  # Cyrillic
        ("Ζωή Παπαδοπούλου", "ζωη παπ"),  # Greek
        ("Նարե", "նար"),  # Armenian
        ("أحمد", "احمد"),  # Arabic, with and without hamza
        ("مُحَمَّد", "محمد"),  # Arabic, with its vowels
        ("فاطمة", "فاطمه"),
        ("کیان", "كيان"),  # Persian, by an Arabic keyboard
        ("שָׁלוֹם", "שלום"),  # Hebrew
        ("ज़ोया", "जोया"),  # Devanagari
        ("আয়েশা", "আয়ে"),  # Bengali
        ("பிரியா", "பிரி"),  # Tamil
        ("สมชาย", "สมช"),  # Thai
        ("王小明", "小明"),  # Han
        ("さくら", "さく"),  # Hiragana
        ("ﾊﾙｶ", "ハル"),  # Katakana, half width
        ("김민수", "김민"),  # Hangul
        ("김민수", "기"),  # Hangul, while its last letter is still missing
    ],
)
def test_a_name_is_found_without_its_case_and_accents(name: str, typed: str) -> None:
    assert found(people("Someone", name, None), typed) == [name]


@pytest.mark.parametrize(
    ("name", "typed"),
    [("कुमार", "किमार"), ("ひと", "びと"), ("กา", "กิ"), ("Lea", "Leo")],
)
def test_another_name_is_not_found(name: str, typed: str) -> None:
    assert found(people(name), typed) == []


def test_every_typed_word_counts_in_any_order() -> None:
    cards = people("Anna Lang", "Anna Berg", "Lang Tom")

    assert found(cards, "lang an") == ["Anna Lang", "Lang Tom"]
    assert found(cards, " ANNA   b ") == ["Anna Berg"]


def test_who_is_called_so_comes_before_who_has_it_within_the_name() -> None:
    cards = people("Hanna", "Joanna", "Eva Anna", "Anna")

    assert found(cards, "an") == ["Eva Anna", "Anna", "Hanna", "Joanna"]
    assert found(cards, "an", order=PeopleOrder.PHOTOS) == ["Hanna", "Joanna", "Eva Anna", "Anna"]


def test_people_without_a_name_are_found_by_that_alone() -> None:
    cards = people("Lea", None, "Tom", None)

    assert found(cards, is_nameless=True) == [None, None]
    assert found(cards, "lea", is_nameless=True) == []
    assert found(cards, "  ") == ["Lea", None, "Tom", None]


def test_names_are_sorted_as_one_reads_them() -> None:
    cards = people("Zoe", None, "émile", "Eva", "Ödön", "Oskar")

    assert found(cards, order=PeopleOrder.NAME) == ["émile", "Eva", "Ödön", "Oskar", "Zoe", None]


def test_the_newest_come_first_if_wanted() -> None:
    assert found(people("Lea", "Tom", None), order=PeopleOrder.NEWEST) == [None, "Tom", "Lea"]
