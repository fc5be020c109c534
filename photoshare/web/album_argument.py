"""Open the album given in the query of an address."""

from __future__ import annotations

from flask import request
from werkzeug.datastructures import MultiDict

from photoshare.services.photos.albums import Album, open_album
from photoshare.web.guards.security import current_access
from photoshare.web.numbers import number_argument, number_list_argument


def album_argument(
    args: MultiDict[str, str] | None = None, *, photo_ids: tuple[int, ...] = ()
) -> Album:
    """Open the album given by the arguments that `template_helpers.album_arguments` writes.

    Parameters
    ----------
    args : MultiDict, optional
        Of an address other than the request's.
    photo_ids : tuple of int
        The selected photos, if the address accepts any; ignored if people are given.

    Raises
    ------
    NotFoundError, InvalidInputError
        As `open_album`.
    """
    args = request.args if args is None else args
    return open_album(
        current_access(),
        person_id=number_argument("person", args),
        people=number_list_argument("people", args),
        is_together=args.get("match") == "all",
        guest_id=number_argument("guest", args),
        photo_ids=photo_ids,
        is_without_faces="without_faces" in args,
    )
