"""What one network may do how often: try secrets, make rooms, send photos.

A wrong secret is counted by network, by room and by what it was to open, so that nobody's typos or
attacks lock anybody else out. The right one always passes: it is checked before anything is
refused. Passwords of whoever was wrong too often are checked one at a time, with a pause after each
wrong one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from flask import request

from photoshare.errors import PhotoshareError, TooManyAttemptsError, TooManyUploadsError
from photoshare.networks import network_of
from photoshare.web.guards.rates import HOUR_S, MINUTE_S, Limit
from photoshare.web.guards.security import current_access
from photoshare.web.site import current_site

log = logging.getLogger(__name__)

# Of one network at one room: a whole party shares one address, so there is room for its typos.
WRONG_SECRETS = (Limit(20, MINUTE_S), Limit(200, HOUR_S))
NEW_ROOMS = Limit(20, HOUR_S)  # of one network: a folder on the disk each; a person needs a few
UPLOADS_OF_NETWORK = 10  # times those of a guest: a whole party shares one address

PAUSE_S = 0.5  # after a wrong try beyond the limit: the whole server takes two of them a second
MOST_PAUSED = 16  # requests that wait for their turn; the threads for secrets are more than that
_places = threading.BoundedSemaphore(MOST_PAUSED)
_turn = threading.Lock()


@contextmanager
def guessing(
    what: str, room_id: int | None, *, wrong: type[PhotoshareError], is_guessable: bool = False
) -> Iterator[None]:
    """Check a secret in the block: whoever is wrong too often waits, whoever is right passes.

    Parameters
    ----------
    what : str
        What the secret opens; each kind is counted apart.
    room_id : int or None
        The room it opens; None where the code of the room is the secret.
    wrong : class
        The error that says that it is wrong.
    is_guessable : bool
        Whether a person made it up, so that guesses must not come fast. What we drew at random
        nobody finds by trying.

    Raises
    ------
    TooManyAttemptsError
        If it is wrong, as too many others were before it; or, unchecked, if too many wait already.
    """
    rates, key = current_site().rates, (what, room_id, client_network())
    is_over = rates.wait_s(key, *WRONG_SECRETS) > 0
    with _one_at_a_time() if is_over and is_guessable else nullcontext():
        try:
            yield
        except wrong as error:
            rates.add(key, *WRONG_SECRETS)
            wait_s = rates.wait_s(key, *WRONG_SECRETS)
            if is_over:
                raise _too_many(wait_s) from error
            if wait_s:  # once, not at each try: whoever guesses must not fill the log either
                log.warning("Too many wrong tries at a room's %s from %s", what, client_network())
            raise


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise _too_many(1)
    try:
        with _turn:
            try:
                yield
            except TooManyAttemptsError:
                time.sleep(PAUSE_S)
                raise
    finally:
        _places.release()


def _too_many(retry_after_s: int) -> TooManyAttemptsError:
    return TooManyAttemptsError(
        "Too many attempts. Please wait a while and try again.", retry_after_s=retry_after_s
    )


def count_new_room() -> None:
    """Count a room that is to be made.

    Raises
    ------
    TooManyAttemptsError
        If this network has tried to make too many within the hour.
    """
    rates, key = current_site().rates, ("room", client_network())
    if wait_s := rates.wait_s(key, NEW_ROOMS):
        raise _too_many(wait_s)
    rates.add(key, NEW_ROOMS)


def count_uploads(files: int, per_hour: int) -> None:
    """Count files that come in: by guest, and by network, since joining again makes a new guest.

    Raises
    ------
    TooManyUploadsError
        If they are more than an hour allows. They are not counted then.
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


def client_network() -> str:
    """Name the network of whoever asks."""
    return network_of(request.remote_addr)
