"""Hash and check passwords and host secrets, at a bounded cost."""

from __future__ import annotations

import threading

from werkzeug.security import check_password_hash, generate_password_hash

from photoshare.config.owner import MAX_PASSWORD
from photoshare.errors import InvalidInputError

SCRYPT_AT_ONCE = 2  # each takes 32 MB and 50 ms of a processor
SLOW_METHOD = "scrypt:32768:8:1"  # Werkzeug's default, for passwords
# A host secret has 160 random bits and cannot be guessed: stretching it would only cost the server.
FAST_METHOD = "pbkdf2:sha256:1"

_scrypt = threading.BoundedSemaphore(SCRYPT_AT_ONCE)


def check_password_length(password: str) -> None:
    """Refuse a password that is longer than any form takes."""
    if len(password) > MAX_PASSWORD:
        raise InvalidInputError(
            "The password can be up to %(number)s characters long.",
            field="password",
            number=MAX_PASSWORD,
        )


def hash_password(password: str) -> str:
    """Hash a password that a person chose, slowly: by scrypt, with a salt."""
    with _scrypt:
        return generate_password_hash(password, method=SLOW_METHOD)


def hash_secret(secret: str) -> str:
    """Hash a random secret of ours, quickly, with a salt."""
    return generate_password_hash(secret, method=FAST_METHOD)


def is_right(hashed: str, text: str) -> bool:
    """Whether the text is the password or secret; scrypt waits for its turn."""
    if hashed.startswith(FAST_METHOD):
        return check_password_hash(hashed, text)
    with _scrypt:
        return check_password_hash(hashed, text)
