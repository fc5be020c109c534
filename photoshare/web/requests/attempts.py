"""Limit how often one network may try secrets, create rooms and send photos.

Wrong secrets are counted by network, by room and by what they should open, so that nobody's typos
or attacks lock anybody else out. A right one always passes: it is checked before anything is
refused. After too many wrong passwords, further ones are checked one at a time, with a pause after
each wrong one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from flask import request

from photoshare.errors import PhotoshareError, TooManyAttemptsError, TooManyUploadsError
from photoshare.networks import network_of
from photoshare.rates import HOUR_S, MINUTE_S, Limit
from photoshare.web.requests.security import current_access
from photoshare.web.site import current_site

log = logging.getLogger(__name__)

# For one network at one room: a whole party shares one address, so this allows for its typos.
WRONG_SECRETS = (Limit(20, MINUTE_S), Limit(200, HOUR_S))
NEW_ROOMS = Limit(20, HOUR_S)  # of one network: each is a folder on the disk; a person needs few
# Searches for oneself, of one guest: each takes a core for half a second.
SEARCHES = (Limit(10, MINUTE_S), Limit(60, HOUR_S))
SEARCHES_OF_NETWORK = 10  # times those of a guest
UPLOADS_OF_NETWORK = 10  # times those of a guest: a whole party shares one address

PAUSE_S = 0.5  # after a wrong try beyond the limit: the whole server allows two of them a second


@contextmanager
def guessing(
    what: str,
    room_id: int | None,
    *,
    wrong: type[PhotoshareError],
    is_guessable: bool = False,
    known: str | None = None,
) -> Iterator[None]:
    """Check a secret inside the block; after too many wrong ones, wait. A right one passes.

    Parameters
    ----------
    what : str
        What the secret opens; each kind is counted separately.
    room_id : int or None
        The room it opens; None if the secret is the room code itself, or the owner's password.
    wrong : class
        The error raised for a wrong secret.
    is_guessable : bool
        Whether a person chose it, so that guessing must be slow. Our random secrets cannot be
        found by trying.
    known : str, optional
        A browser that has given the secret before: its tries are counted apart from those of its
        network.

    Raises
    ------
    TooManyAttemptsError
        If it is wrong after too many others; or, unchecked, if too many requests are waiting.
    """
    rates, key = current_site().rates, (what, room_id, known or client_network())
    is_over = rates.wait_s(key, *WRONG_SECRETS) > 0
    with _one_at_a_time() if is_over and is_guessable else nullcontext():
        try:
            yield
        except wrong as error:
            rates.add(key, *WRONG_SECRETS)
            wait_s = rates.wait_s(key, *WRONG_SECRETS)
            if is_over:
                raise _too_many(wait_s) from error
            if wait_s:  # once, not for each try: guessing must not fill the log either
                log.warning("Too many wrong tries: %s, by %s", what, client_network())
            raise


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with current_site().guesses.take() as has_place:
        if not has_place:
            raise _too_many(1)
        try:
            yield
        except TooManyAttemptsError:
            time.sleep(PAUSE_S)
            raise


def _too_many(retry_after_s: int) -> TooManyAttemptsError:
    return TooManyAttemptsError(
        "Too many attempts. Please wait a while and try again.", retry_after_s=retry_after_s
    )


def limit_new_rooms() -> None:
    """Count a room about to be created.

    Raises
    ------
    TooManyAttemptsError
        If this network has tried to create too many within the hour.
    """
    rates, key = current_site().rates, ("room", client_network())
    if wait_s := rates.wait_s(key, NEW_ROOMS):
        raise _too_many(wait_s)
    rates.add(key, NEW_ROOMS)


def limit_uploads(files: int, per_hour: int) -> None:
    """Count uploaded files by guest, and by network, since joining again makes a new guest.

    Raises
    ------
    TooManyUploadsError
        If they exceed the limit for an hour. They are not counted then.
    """
    rates = current_site().rates
    bounds = [
        (("guest", current_access().guest.id), Limit(per_hour, HOUR_S)),
        (("network", client_network()), Limit(per_hour * UPLOADS_OF_NETWORK, HOUR_S)),
    ]
    if wait_s := max(rates.wait_s(key, limit, cost=files) for key, limit in bounds):
        raise TooManyUploadsError(
            "That's more than the %(number)s photos a guest can send in an hour. You can "
            "send the rest in an hour.",
            retry_after_s=wait_s,
            number=per_hour,
        )
    for key, limit in bounds:
        rates.add(key, limit, cost=files)


def limit_searches() -> None:
    """Count a picture by which a guest looks for themselves, by guest and by network.

    Raises
    ------
    TooManyAttemptsError
        If these are too many within a minute or an hour. It is not counted then.
    """
    rates = current_site().rates
    of_network = tuple(Limit(SEARCHES_OF_NETWORK * limit.most, limit.seconds) for limit in SEARCHES)
    bounds = [
        (("find me", current_access().guest.id), SEARCHES),
        (("find me", client_network()), of_network),
    ]
    if wait_s := max(rates.wait_s(key, *limits) for key, limits in bounds):
        raise _too_many(wait_s)
    for key, limits in bounds:
        rates.add(key, *limits)


def client_network() -> str:
    """Return the network that the request comes from."""
    return network_of(request.remote_addr)
