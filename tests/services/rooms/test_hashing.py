"""Passwords are hashed slowly, host secrets quickly."""

from __future__ import annotations

from photoshare.services.rooms.hashing import hash_password, hash_secret, is_right
from tests.conftest import QUICK_METHOD, SLOW_METHOD


def test_the_product_hashes_passwords_as_slowly_as_werkzeug_proposes() -> None:
    assert SLOW_METHOD == "scrypt:32768:8:1"
    assert hash_password("apple").startswith(f"{QUICK_METHOD}$"), "the tests' method took its place"


def test_the_right_text_is_told_from_a_wrong_one() -> None:
    for make in (hash_password, hash_secret):
        hashed = make("apple")

        assert is_right(hashed, "apple")
        assert not is_right(hashed, "Apple")
