"""Show an album to someone who does not join its room: the photos of one person, and no more.

These addresses have no room code, so nobody learns from them where the room is. Each view begins
with `_open`, the access check.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from photoshare.errors import NotFoundError
from photoshare.models import Photo
from photoshare.services.mine.shared_album import (
    SharedAlbum,
    get_shared_photo,
    list_added,
    open_shared,
)
from photoshare.services.photos import find_neighbours, find_position
from photoshare.web.answers import (
    answer_later,
    isolated,
    picture_digest,
    play_clip,
    send_photo,
    send_photo_picture,
    send_zip,
    waiting_words,
    wants_partial,
)
from photoshare.web.pages.atom import FeedPhoto, write_feed
from photoshare.web.pages.links import absolute_url
from photoshare.web.pages.photo_grid import photo_page
from photoshare.web.pages.words import capture_time
from photoshare.web.requests import cover_for_all, current_covering, guessing

blueprint = Blueprint("shared_album", __name__, url_prefix="/shared/<album_secret>")

FEED_PICTURE_PX = 1280


@blueprint.get("")
def show(album_secret: str) -> str:
    """Show a shared album, page by page."""
    shared = _open(album_secret)
    return _page("shared_album/show.html", shared, page=photo_page(shared.album))


@blueprint.get("/photos/<int:photo_id>")
def photo(album_secret: str, photo_id: int) -> str:
    """Show one photo of a shared album."""
    shared = _open(album_secret)
    one = get_shared_photo(shared, photo_id)
    return _page(
        "shared_album/photo.html",
        shared,
        photo=one,
        position=find_position(shared.album, one),
        neighbours=find_neighbours(shared.album, one),
        is_withheld=current_covering().withholds(one),
    )


@blueprint.get("/photos/<int:photo_id>/<digest>-<int:side>.<any(webp, jpg):ending>")
def picture(album_secret: str, photo_id: int, digest: str, side: int, ending: str) -> Response:
    """Send a smaller picture of a photo of a shared album."""
    return send_photo_picture(_photo(album_secret, photo_id, digest), side, ending)


@blueprint.get("/photos/<int:photo_id>/<digest>/download")
def download(album_secret: str, photo_id: int, digest: str) -> BaseResponse:
    """Send a photo of a shared album to save, as guests of the room get it."""
    shared = _open(album_secret)
    return send_photo(_checked(shared, photo_id, digest), exact=shared.is_exact)


@blueprint.get("/photos/<int:photo_id>/<digest>/clip")
def clip(album_secret: str, photo_id: int, digest: str) -> BaseResponse:
    """Send a clip of a shared album to play in its page."""
    shared = _open(album_secret)
    return play_clip(_checked(shared, photo_id, digest), exact=shared.is_exact)


@blueprint.get("/album.zip")
def album_zip(album_secret: str) -> Response:
    """Send the photos of a shared album, as guests of the room get them."""
    shared = _open(album_secret)
    if wants_partial():  # the page that waits polls
        words = waiting_words(shared.album)
        return make_response(render_template("albums/_waiting.html", **words))
    sent = send_zip(shared.album, shared.name or gettext("album"), exact=shared.is_exact)
    return sent or answer_later(
        _page("shared_album/waiting.html", shared, **waiting_words(shared.album))
    )


@blueprint.get("/album.atom")
def feed(album_secret: str) -> BaseResponse:
    """Send the newest photos of a shared album as a feed, for a program that looks for more."""
    shared = _open(album_secret)
    content = write_feed(
        key=f"album {shared.link_id} {shared.made_at.isoformat()}",
        title=title_of(shared),
        page_url=absolute_url("shared_album.show", album_secret=album_secret),
        feed_url=absolute_url("shared_album.feed", album_secret=album_secret),
        made_at=shared.made_at,
        photos=[_entry(album_secret, one) for one in list_added(shared)],
    )
    response = Response(content, mimetype="application/atom+xml")
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)


@blueprint.app_template_global()
def title_of(shared: SharedAlbum) -> str:
    """Return the heading of a shared album, which says whose it is."""
    if not shared.name:
        return str(gettext("An album for you"))
    return str(gettext("%(name)s's photos", name=isolated(shared.name)))


@blueprint.app_template_global()
def shared_picture_url(photo: Photo, side: int, ending: str = "jpg") -> str:
    """Return the address of a smaller picture of a photo below the shared album's."""
    return _url("picture", photo, digest=picture_digest(photo), side=side, ending=ending)


@blueprint.app_template_global()
def shared_download_url(photo: Photo) -> str:
    """Return the address of a photo's download below the shared album's."""
    return _url("download", photo, digest=picture_digest(photo))


@blueprint.app_template_global()
def shared_clip_url(photo: Photo) -> str:
    """Return the address of a clip below the shared album's."""
    return _url("clip", photo, digest=picture_digest(photo))


@blueprint.app_template_global()
def moment_words(photo: Photo) -> str:
    """Describe a photo or a clip by when it was taken."""
    time = capture_time(photo.moment)
    is_clip = photo.duration_ms is not None
    return str(
        gettext("Video, %(time)s", time=time) if is_clip else gettext("Photo, %(time)s", time=time)
    )


def _url(view: str, photo: Photo, **values: Any) -> str:
    secret = (request.view_args or {})["album_secret"]
    return url_for(f"shared_album.{view}", album_secret=secret, photo_id=photo.id, **values)


def _entry(secret: str, photo: Photo) -> FeedPhoto:
    place = {"album_secret": secret, "photo_id": str(photo.id)}
    look = {"digest": picture_digest(photo), "side": str(FEED_PICTURE_PX), "ending": "jpg"}
    return FeedPhoto(
        key=f"photo {photo.id}",
        title=capture_time(photo.moment),
        page_url=absolute_url("shared_album.photo", **place),
        picture_url=absolute_url("shared_album.picture", **place, **look),
        added_at=photo.created_at,
    )


def _open(secret: str) -> SharedAlbum:
    with guessing("shared album", None, wrong=NotFoundError):
        shared = open_shared(secret)
    cover_for_all(shared.room)
    return shared


def _photo(secret: str, photo_id: int, digest: str) -> Photo:
    return _checked(_open(secret), photo_id, digest)


def _checked(shared: SharedAlbum, photo_id: int, digest: str) -> Photo:
    found = get_shared_photo(shared, photo_id)
    if digest != picture_digest(found):
        raise NotFoundError("This photo doesn't exist or was deleted.")
    return found


def _page(template: str, shared: SharedAlbum, **context: Any) -> str:
    secret = (request.view_args or {})["album_secret"]
    return render_template(template, shared=shared, album=shared.album, secret=secret, **context)


@blueprint.after_request
def keep_the_secret(response: Response) -> Response:
    """Keep the secret of the address out of the addresses that browsers tell, and pages fresh."""
    response.headers["Referrer-Policy"] = "strict-origin"
    if response.mimetype == "text/html":
        response.headers["Cache-Control"] = "no-store"
    return response
