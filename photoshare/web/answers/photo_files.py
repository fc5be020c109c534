"""Send photos and zips of photos to save."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial

from flask import Response, make_response, redirect
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from photoshare.errors import NotAllowedError, NotFoundError, ServerBusyError
from photoshare.metadata.clean import CLEANING_RULES
from photoshare.models import Photo
from photoshare.models.file_facts import FileFacts
from photoshare.pictures.formats import FORMATS
from photoshare.services.downloads import zips
from photoshare.services.downloads.checksums import get_download
from photoshare.services.downloads.clean_originals import (
    Download,
    Form,
    covered_download,
    fetch_download,
    open_download,
)
from photoshare.services.downloads.covered_copies import find_covered_copies
from photoshare.services.downloads.file_names import original_name, safe_name
from photoshare.services.downloads.motion_photos import has_both, open_movie, size_of_movie
from photoshare.services.downloads.zips import ZipNote
from photoshare.services.photos import Album, count_photos
from photoshare.services.pictures import cover_maker
from photoshare.services.pictures.covered import get_copy
from photoshare.services.visibility.covering import Covering
from photoshare.web.answers.downloads import send_source
from photoshare.web.pages.words import number
from photoshare.web.requests import current_covering
from photoshare.web.site import current_site

SERVICE_UNAVAILABLE = 503
# What browsers are told of clips that they play: they look inside, but some refuse other names.
PLAYED_AS = {"video/quicktime": "video/mp4", "video/3gpp": "video/mp4"}
RETRY_AFTER_S = "5"  # for programs; the page retries by itself


def send_photo(
    photo: Photo,
    *,
    exact: bool,
    may_redirect: bool = True,
    is_played: bool = False,
    with_movie: bool = False,
) -> BaseResponse:
    """Send a photo to save, or a clip to play.

    Parameters
    ----------
    photo : Photo
    exact : bool
        Bit for bit; else without locations, names and serial numbers. See `check_exact`.
    may_redirect : bool
        Whether the bucket may send it, if the settings say so. A program might send the bucket its
        token as well.
    is_played : bool
        Whether the browser plays it in the page.
    with_movie : bool
        A motion photo with its movie.

    Raises
    ------
    NotAllowedError
        If it is a clip with a face that must be covered for this browser.
    """
    storage, covering = current_site().storage, current_covering()
    if covering.hides(photo) and photo.engine is None:
        raise ServerBusyError(
            "This photo has only just come in. Please try again in a moment.",
            retry_after_s=int(RETRY_AFTER_S),
        )
    if covering.withholds(photo):
        raise NotAllowedError(
            "Someone in this video has asked not to be shown, so it can't be played or saved here."
        )
    room_id, sha256, image_format = photo.room_id, photo.sha256, photo.image_format
    file_name = photo.file_name
    found = _find_file(photo, covering, exact=exact, with_movie=with_movie)
    if may_redirect and found.form is Form.EXACT:
        address = storage.download_address(storage.original(room_id, sha256))
        if address:
            return _no_store(redirect(address))
    fetch_download(storage, room_id, sha256, found.form, found.cover)
    mime_type = FORMATS[found.image_format].mime_type
    return send_source(
        partial(open_download, storage, room_id, sha256, found.form, image_format, found.cover),
        found.size_bytes,
        etag=hashlib.sha256(found.stamp.encode()).hexdigest(),
        mime_type=PLAYED_AS.get(mime_type, mime_type) if is_played else mime_type,
        name=None if is_played else original_name(file_name, found.image_format),
    )


def _find_file(photo: Photo, covering: Covering, *, exact: bool, with_movie: bool) -> Download:
    """Find what is sent of a photo; with covered faces a copy, which may have to be made."""
    site, cover = current_site(), covering.of_photo(photo)
    room_id, sha256 = photo.room_id, photo.sha256
    if cover is None:
        # Nobody looks for faces in the movies of motion photos.
        stills_only = bool(covering)
        return get_download(
            photo.id, site.storage, exact=exact, with_movies=with_movie, stills_only=stills_only
        )
    make = cover_maker(site.decoders, site.settings)
    copy = get_copy(room_id, sha256, cover, site.storage, make)
    return covered_download(copy, sha256, cover)


def send_movie(photo: Photo, *, exact: bool) -> BaseResponse:
    """Send the movie of a motion photo, to be played.

    Not where faces are covered for whoever asks: nobody has looked for them in the movie.

    Raises
    ------
    NotFoundError
        If there is nothing to send.
    """
    storage, start = current_site().storage, photo.movie_start
    if start is None or current_covering():
        raise NotFoundError("This photo has no movie.")
    room_id, sha256 = photo.room_id, photo.sha256
    fetch_download(storage, room_id, sha256, Form.PATCHED)
    stamp = f"{sha256} movie {exact} {CLEANING_RULES}"
    return send_source(
        partial(open_movie, storage, room_id, sha256, start, exact=exact),
        size_of_movie(storage, room_id, sha256, start, exact=exact),
        etag=hashlib.sha256(stamp.encode()).hexdigest(),
        mime_type="video/mp4",
        name=None,
    )


def send_with_movie(photo: Photo, *, exact: bool) -> BaseResponse:
    """Send a motion photo to save, together with its movie; not where `send_movie` sends none.

    Raises
    ------
    NotFoundError
        If it has no movie that can be saved with it.
    """
    if not has_both(photo) or current_covering():
        raise NotFoundError("This photo has no movie.")
    return send_photo(photo, exact=exact, may_redirect=False, with_movie=True)


def play_clip(photo: Photo, *, exact: bool) -> BaseResponse:
    """Send a clip to play in a page, all of it or the part that the browser asks for.

    Raises
    ------
    NotFoundError
        If it is a photo, or can only be saved as a picture.
    NotAllowedError
        As `send_photo`.
    """
    if photo.duration_ms is None:
        raise NotFoundError("This photo doesn't exist or was deleted.")
    return send_photo(photo, exact=exact, may_redirect=False, is_played=True)


def play_unchanged(room_id: int, facts: FileFacts) -> Response:
    """Send a clip to play, bit for bit: to a host who decides about it, or whoever sent it."""
    storage = current_site().storage
    sha256, image_format, size_bytes = facts.sha256, facts.image_format, facts.size_bytes
    fetch_download(storage, room_id, sha256, Form.EXACT)
    mime_type = FORMATS[image_format].mime_type
    return send_source(
        partial(open_download, storage, room_id, sha256, Form.EXACT, image_format),
        size_bytes,
        etag=sha256,
        mime_type=PLAYED_AS.get(mime_type, mime_type),
        name=None,
    )


def _no_store(response: BaseResponse) -> BaseResponse:
    response.headers["Cache-Control"] = "no-store"  # the address opens the photo to anyone
    return response


def send_zip(album: Album, title: str, *, exact: bool) -> Response | None:
    """Send the photos of an album as a zip; None if they have to be measured first, which begins.

    Parameters
    ----------
    album : Album
    title : str
        Of the file.
    exact : bool
        Originals bit for bit. See `check_exact`.
    """
    site = current_site()
    made = zips.make_zip(
        album,
        site.storage,
        site.zips,
        exact=exact,
        tell_missing=_tell_missing,
        covering=current_covering(),
    )
    if made is None:
        site.jobs.prepare_downloads(album.room_id)
        return None
    return send_source(
        partial(site.zips.open, made.key),
        made.layout.size_bytes,
        etag=made.stamp,
        mime_type="application/zip",
        name=safe_name(title) + ".zip",
    )


def answer_later(page: str) -> Response:
    """Answer with the page that waits for a zip."""
    return make_response(page, SERVICE_UNAVAILABLE, {"Retry-After": RETRY_AFTER_S})


def waiting_words(album: Album) -> dict[str, int]:
    """Count how many photos of a zip there are and how many are ready, for its template."""
    photo_count = count_photos(album)
    covers = find_covered_copies(album.room_id, current_covering(), current_site().storage)
    waiting_count = zips.zip_state(album, covers).waiting_count
    return {"photo_count": photo_count, "ready_count": photo_count - waiting_count}


def _tell_missing(names: Sequence[str], withheld_count: int) -> ZipNote:
    """Write the text that a zip contains in place of missing files, with Windows line endings."""
    lines = []
    if names:
        lost = ngettext(
            "%(number)s photo is missing from this zip because its file was lost on the server.",
            "%(number)s photos are missing from this zip because their files were lost on the "
            "server.",
            len(names),
            number=number(len(names)),
        )
        remedy = gettext("If you still have any of them, please add them to the room again.")
        lines += [lost, remedy, "", *names, ""]
    if withheld_count:
        withheld = ngettext(
            "%(number)s video isn't in this zip because someone in it asked not to be shown.",
            "%(number)s videos aren't in this zip because someone in them asked not to be shown.",
            withheld_count,
            number=number(withheld_count),
        )
        lines += [withheld, ""]
    text = "\r\n".join(lines)
    return ZipNote(safe_name(gettext("Missing photos")) + ".txt", text)
