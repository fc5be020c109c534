"""Provide every template with htmx settings, the filters of `words`, and picture addresses."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from flask import Flask, url_for

from photoshare.models import Behind, Face, Person, Photo, WaitingPhoto
from photoshare.pictures.encoding import RENDITION_PX, is_extreme, longer_side_px
from photoshare.pictures.tiles import TILE_PX, reductions
from photoshare.services.clocks.dismissing import count_suggestions
from photoshare.services.downloads.motion_photos import has_both
from photoshare.services.downloads.zips import zip_state
from photoshare.services.moderation.waiting import count_waiting, list_some
from photoshare.services.people.finding import PeopleQuery
from photoshare.services.photos import (
    Album,
    Filtered,
    OfGuest,
    OfPeople,
    OfPerson,
    cursor_of,
    has_behind,
    may_delete,
    open_album,
)
from photoshare.services.rooms import ending
from photoshare.services.rooms.entering import Access, has_ended, is_adding_over
from photoshare.services.versions.stacks import Shown, find_behind, may_arrange
from photoshare.services.visibility.adding_time import may_add
from photoshare.services.visibility.sight import (
    is_revealed,
    may_find_self,
    may_see_face,
    sees_all_photos,
    sees_only_self,
)
from photoshare.web.accepted_files import accepted_files
from photoshare.web.answers import picture_digest, wants_partial
from photoshare.web.pages.in_app import in_app_browser
from photoshare.web.pages.links import absolute_url
from photoshare.web.pages.words import (
    capture_time,
    count,
    date_range,
    day,
    duration,
    file_size,
    isolated,
    moment,
    number,
    photo_words,
    plural_forms,
    time_span,
    times,
    together_words,
    translate_stored,
    weekday,
)
from photoshare.web.requests import BEHIND, covering_mark, site_of

# Width by height of tiles, in percent. A style sheet cannot read a photo's own ratio, since inline
# styles are not allowed, so each shape has a class in styles/photo-grid.css; none cuts off more
# than 6 % of what cameras take. Wider and taller photos are cropped.
SHAPES = (50, 56, 62, 67, 75, 80, 90, 100, 112, 125, 133, 150, 160, 178, 200, 235, 300)
# Of clips: what people call them, and their type in RFC 6381's words.
_CODECS = {
    "h264": ("H.264", 'video/mp4; codecs="avc1.640028"'),
    "hevc": ("HEVC", 'video/mp4; codecs="hvc1.1.6.L120.B0"'),
    "vp8": ("VP8", 'video/webm; codecs="vp8"'),
    "vp9": ("VP9", 'video/webm; codecs="vp9"'),
    "av1": ("AV1", 'video/mp4; codecs="av01.0.08M.08"'),
    "h263": ("H.263", 'video/3gpp; codecs="s263"'),
    "mpeg4": ("MPEG-4", 'video/mp4; codecs="mp4v.20.9"'),
    "mjpeg": ("Motion JPEG", 'video/quicktime; codecs="jpeg"'),
}
# No page is kept in the phone's storage, nothing is evaluated, an error never replaces the element.
HTMX_CONFIG = {
    "historyCacheSize": 0,
    "refreshOnHistoryMiss": True,
    "allowEval": False,
    "includeIndicatorStyles": False,
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "[23]..", "swap": True},
        {"code": "422", "swap": True},
        {
            "code": "...",
            "swap": True,
            "error": True,
            "target": "#alerts",
            "swapOverride": "innerHTML",
        },
    ],
}

# Pages that say when the room ends and when it is deleted; on others, that would be in the way.
NOTICE_PAGES = (
    *("rooms.show", "photos.index", "people.index", "people.show", "me.show"),
    *("rooms.share", "rooms.settings", "guests.index", "bin.index"),
)


def picture_url(photo: Photo | WaitingPhoto, side: int, ending: str = "jpg") -> str:
    """Return the address of a smaller picture of a photo, or of one that waits."""
    size: dict[str, Any] = {"digest": picture_digest(photo), "side": side, "ending": ending}
    if isinstance(photo, WaitingPhoto):
        return url_for("moderation.picture", waiting_id=photo.id, **size)
    return url_for("photos.picture", photo_id=photo.id, **size)


def srcset(
    photo: Photo | WaitingPhoto,
    ending: str,
    address: Callable[[Photo | WaitingPhoto, int, str], str] = picture_url,
) -> str:
    """List the addresses of a photo's smaller pictures with their widths, for `srcset`.

    Ends with the first one that has all of the photo's pixels.

    Parameters
    ----------
    photo : Photo or WaitingPhoto
    ending : str
    address : callable
        Returns the address of one, as `picture_url` does.
    """
    longer = max(photo.width, photo.height)
    sides = {side: longer_side_px(photo.width, photo.height, side) for side in RENDITION_PX}
    enough = next((side for side in RENDITION_PX if sides[side] == longer), RENDITION_PX[-1])
    # One call for all sizes: a grid of 60 photos would spend a third of its time in url_for.
    path, _, query = address(photo, 0, ending).partition("?")
    base, ending = path.removesuffix(f"0.{ending}"), f"{ending}?{query}" if query else ending
    return ", ".join(
        f"{base}{side}.{ending} {max(1, photo.width * sides[side] // longer)}w"
        for side in RENDITION_PX
        if side <= enough
    )


def tile_shape(photo: Photo) -> int:
    """Choose the shape of a photo's tile: the one of `SHAPES` nearest to its own."""
    return _next_shape(photo.width, photo.height)


@lru_cache  # cameras use only a few sizes
def _next_shape(width: int, height: int) -> int:
    return min(SHAPES, key=lambda shape: abs(math.log(width / height * 100 / shape)))


def tile_sizes(photo: Photo) -> str:
    """Return how wide a photo is drawn in a grid, where all rows have one height, for `sizes`.

    Rows grow from the height in styles/photo-grid.css by about a fifth, until they fill the line.
    """
    ratio = tile_shape(photo) / 100
    cropped = photo.width / photo.height / (SHAPES[-1] / 100)
    if cropped > 1:  # a panorama is drawn as high as its tile, and so wider
        return f"(max-width: 48rem) {100 * cropped:.0f}vw, {14 * ratio * cropped:.0f}rem"
    return f"(max-width: 48rem) min({38 * ratio:.0f}vw, 100vw), {14 * ratio:.0f}rem"


def placeholder_url(photo: Photo | WaitingPhoto) -> str:
    """Return the few pixels shown until a photo is loaded, as an address that contains them.

    Empty if there are none, or if faces may be covered: on a portrait they tell too much.
    """
    if not photo.placeholder or covering_mark():
        return ""
    return "data:image/webp;base64," + base64.b64encode(photo.placeholder).decode()


def visible_faces(photo: Photo, access: Access) -> list[Face]:
    """List the faces of a photo that this browser may see."""
    return [face for face in photo.faces if may_see_face(access, face)]


def view_sizes(photo: Photo | WaitingPhoto) -> str:
    """Return how wide a photo is drawn on its own page, at most 72vh high, for `sizes`.

    Of a panorama or a long screenshot, more: it is looked at from nearby, and where the page itself
    is zoomed, no script brings more pixels.
    """
    if is_extreme(photo.width, photo.height):
        return "200vw"
    return f"min({72 * photo.width / photo.height:.0f}vh, 100vw, 70rem)"


def tiles_url(photo: Photo) -> str:
    """Return the address below which the tiles of a photo are."""
    tile = url_for(
        "photos.tile",
        photo_id=photo.id,
        digest=picture_digest(photo),
        factor=1,
        column=0,
        row=0,
    )
    return tile.partition("?")[0].removesuffix("/1/0-0.webp")


def tile_factors(photo: Photo) -> tuple[int, ...]:
    """List by what the sides of a photo may be divided for its tiles.

    Nothing for a small one, nor for a clip.
    """
    return reductions(photo.width, photo.height) if photo.duration_ms is None else ()


def download_url(photo: Photo) -> str:
    """Return the address of a photo's download."""
    return url_for("photos.download", photo_id=photo.id, digest=picture_digest(photo))


def movie_url(
    photo: Photo, versions: Sequence[Photo] = (), *, with_photo: bool = False
) -> str | None:
    """Return the address of a photo's movie, or of both; None where nobody may see it.

    Parameters
    ----------
    photo : Photo
        A motion photo, or the still of a Live Photo.
    versions : sequence of Photo
        What it is shown as one with.
    with_photo : bool
    """
    live = next((one for one in versions if one.behind_as == Behind.MOVIE), None)
    if live is not None and live.front_id == photo.id and not covering_mark():
        return clip_url(live)
    if photo.movie_start is None or covering_mark() or (with_photo and not has_both(photo)):
        return None
    endpoint = "photos.with_movie" if with_photo else "photos.movie"
    return url_for(endpoint, photo_id=photo.id, digest=picture_digest(photo))


def original_url(photo: Photo) -> str:
    """Return the address of a photo's original, bit for bit."""
    return url_for("photos.original", photo_id=photo.id, digest=picture_digest(photo))


def clip_url(photo: Photo | WaitingPhoto) -> str:
    """Return the address at which a clip is played, or one that waits."""
    if isinstance(photo, WaitingPhoto):
        digest = picture_digest(photo)
        return url_for("moderation.clip", waiting_id=photo.id, digest=digest)
    return url_for("photos.clip", photo_id=photo.id, digest=picture_digest(photo))


def clip_length(photo: Photo | WaitingPhoto) -> str:
    """Write how long a clip is, as players do: 1:05."""
    return _minutes(max(round((photo.duration_ms or 0) / 1000), 1))


def clip_time(at_ms: int) -> str:
    """Write a time of a clip, as players do: 0:12."""
    return _minutes(at_ms // 1000)


def clip_moment(at_ms: int | None) -> str:
    """Return what opens a clip at a time, at the end of its address."""
    return "" if at_ms is None else f"#t={at_ms / 1000:g}"


def _minutes(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02}"


def clip_type(photo: Photo) -> str:
    """Return the type of a clip by which a browser can tell whether it plays such."""
    return _CODECS[photo.video_codec or "h264"][1]


def clip_codec(photo: Photo) -> str:
    """Return what people call the codec of a clip."""
    return _CODECS[photo.video_codec or "h264"][0]


def album_arguments(album: Album) -> dict[str, Any]:
    """Return the query arguments that identify an album in a photo's address."""
    order = None if album.order is album.usual_order else album.order.value
    match album:
        case OfPerson():
            return {"person": album.person.id, "order": order}
        case OfPeople():
            match_ = "all" if album.is_together else None
            return {"people": _ids(album.people), "match": match_, "order": order}
        case OfGuest():
            return {"guest": album.guest_id, "order": order}
        case Filtered():
            return {
                "by": album.uploader.id if album.uploader else None,
                "with": _ids(album.people) or None,
                "without_faces": 1 if album.is_without_faces else None,
                "favourites": 1 if album.is_favourite else None,
                "order": order,
            }
    return {"order": order}


def people_arguments(query: PeopleQuery) -> dict[str, Any]:
    """Return the query arguments that ask for the same people of a list again."""
    return {
        "find": query.words or None,
        "sort": query.order or None,
        "nameless": 1 if query.is_nameless else None,
    }


def _ids(people: Iterable[Person]) -> str:
    return ",".join(str(person.id) for person in people)


def album_url(
    album: Album, *, after: str | None = None, before: str | None = None, at: str | None = None
) -> str:
    """Return the address of a page of an album's grid, by a cursor; by default the first."""
    where: dict[str, Any] = {"after": after, "before": before, "at": at}
    where |= album_arguments(album)
    match album:
        case OfPerson():
            return url_for("people.show", person_id=where.pop("person"), **where)
        case OfPeople():
            return url_for("albums.several", **where)
        case OfGuest():
            return url_for("me.show", **{name: where[name] for name in where if name != "guest"})
    return url_for("photos.index", **where)


def zip_url(album: Album, *, exact: bool = False, with_behind: bool = False) -> str:
    """Return the address of an album's zip, on request with all that stands behind its photos."""
    flag: dict[str, Any] = {"exact": 1 if exact else None, BEHIND: 1 if with_behind else None}
    if isinstance(album, OfPerson):
        return url_for("albums.person_zip", person_id=album.person.id, **flag)
    return url_for("albums.room_zip", **album_arguments(album), **flag)


def behind_of(access: Access, photos: Iterable[Photo]) -> dict[int, Shown]:
    """Tell what stands behind the photos of a page, by the id of each that has any."""
    return find_behind(access, [photo.id for photo in photos])


def room_album(access: Access) -> Album:
    """Return the album of the whole room."""
    return open_album(access)


FILTERS: tuple[Callable[..., Any], ...] = (
    *(capture_time, count, day, duration, file_size, isolated, moment, number, translate_stored),
    *(time_span, weekday),
)
FUNCTIONS: tuple[Callable[..., Any], ...] = (
    *(absolute_url, album_arguments, album_url, has_behind, behind_of, may_arrange),
    *(download_url, in_app_browser, movie_url, original_url, photo_words, people_arguments),
    *(picture_url, clip_codec, clip_length, clip_moment, clip_time, clip_type, clip_url),
    *(covering_mark, cursor_of, date_range, plural_forms, ending.deletion_day),
    *(ending.ends_soon, has_ended, is_adding_over, is_revealed, ending.last_day, may_add),
    *(may_find_self, placeholder_url, srcset, tile_factors, sees_only_self, times, tile_shape),
    *(tile_sizes, tiles_url, view_sizes, together_words, visible_faces, room_album),
    *(sees_all_photos, wants_partial, zip_state, zip_url),
)


def init_app(app: Flask) -> None:
    """Register the filters and functions of the templates."""
    settings = site_of(app).settings
    app.jinja_env.filters |= {each.__name__: each for each in FILTERS}
    app.jinja_env.globals |= {each.__name__: each for each in FUNCTIONS}
    app.jinja_env.globals |= {
        "HTMX_CONFIG": HTMX_CONFIG,
        "TILE_PX": TILE_PX,
        "count_wrong_clocks": count_suggestions,
        "NOTICE_PAGES": NOTICE_PAGES,
        "DELETION_CHOICES": ending.DELETION_CHOICES,
        "may_delete_photo": may_delete,
        "waiting_count": count_waiting,
        "waiting_photos": list_some,
        "PIECE_BYTES": settings.piece_bytes,
        **accepted_files(settings),
    }
