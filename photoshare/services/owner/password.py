"""The owner's password: make, set and check it."""

from __future__ import annotations

import secrets

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from photoshare.config.owner import MAX_PASSWORD
from photoshare.errors import WrongPasswordError
from photoshare.models import Owner, OwnerSession, db
from photoshare.services.rooms.entering import CODE_ALPHABET
from photoshare.services.rooms.hashing import hash_password, is_right

THE_OWNER = 1  # the id of the only row
GROUPS, GROUP_SIZE = 4, 4  # 16 characters of 23 are 72 random bits; in groups to be typed


def find_owner() -> Owner | None:
    """Load what is decided about the owner; None if nothing is."""
    return db.session.get(Owner, THE_OWNER)


def ensure_owner() -> Owner:
    """Load the owner's row, which is made if nothing was decided yet."""
    if find_owner() is None:
        db.session.add(Owner(id=THE_OWNER))
        try:
            db.session.commit()
        except IntegrityError:  # another process that starts at the same time was quicker
            db.session.rollback()
    return db.session.get_one(Owner, THE_OWNER)


def has_password() -> bool:
    """Whether the owner can log in."""
    has_one = select(Owner.id).where(Owner.id == THE_OWNER, Owner.password_hash.is_not(None))
    return db.session.scalar(has_one) is not None


def check_password(password: str) -> None:
    """Check that this is the owner's password.

    Raises
    ------
    WrongPasswordError
        If it isn't, or there is none.
    """
    owner, password = find_owner(), password.strip()
    is_possible = owner is not None and owner.password_hash and len(password) <= MAX_PASSWORD
    if not is_possible or not is_right(str(owner and owner.password_hash), password):
        raise WrongPasswordError("That password isn't right.", field="owner_password")


def set_password(password: str) -> None:
    """Set the password; every browser in which the owner is logged in is logged out."""
    owner = ensure_owner()
    owner.password_hash = hash_password(password)
    db.session.execute(delete(OwnerSession))
    db.session.commit()


def adopt_password(password: str) -> None:
    """Set the password that the settings hold, unless it is the present one."""
    owner = ensure_owner()
    if owner.password_hash is None or not is_right(owner.password_hash, password):
        set_password(password)


def renew_password() -> str:
    """Set a new random password, and return it; the old one and all sessions are worth nothing."""
    password = _random_password()
    set_password(password)
    return password


def add_missing_password() -> str | None:
    """Set a random password if there is none, and return it; None if there is one already."""
    ensure_owner()
    password = _random_password()
    missing = update(Owner).where(Owner.id == THE_OWNER, Owner.password_hash.is_(None))
    done = db.session.execute(missing.values(password_hash=hash_password(password)))
    db.session.commit()
    return password if done.rowcount == 1 else None  # type: ignore[attr-defined]


def _random_password() -> str:
    letters = [secrets.choice(CODE_ALPHABET) for _ in range(GROUPS * GROUP_SIZE)]
    parts = [letters[start : start + GROUP_SIZE] for start in range(0, len(letters), GROUP_SIZE)]
    return "-".join("".join(part) for part in parts)
