"""Make the smaller pictures of an upload in one decode, and send them between processes.

Runs in the decoder processes (`pictures.worker`), which import only this, `pictures.decoding`,
`photoshare.clips`, `photoshare.looks` and `photoshare.metadata` of ours.
"""

from __future__ import annotations

import io
import json
import struct
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from PIL.Image import Image, frombytes

from photoshare.clips.checking import check_clip
from photoshare.clips.containers import damaged
from photoshare.clips.opening import MAX_MINUTES, is_clip_file, read_facts
from photoshare.clips.stills import decode_still
from photoshare.config import MB
from photoshare.errors import RejectedPhotoError
from photoshare.looks.hashing import look_of
from photoshare.metadata.clean import find_patches, is_cleanable
from photoshare.metadata.motion import find_movie_start
from photoshare.metadata.patches import PatchedFile, UncleanableError
from photoshare.pictures import decoding, encoding
from photoshare.pictures.capture_time import Camera, FileTime, camera_of
from photoshare.pictures.raw.previews import read_preview

ENCODERS = {"webp": encoding.to_webp, "jpg": encoding.to_jpeg}
# Pictures for grids are made at upload; those for a photo page, and JPEGs for browsers without
# WebP, on first request: half of the work and space, mostly for pictures nobody opens.
EAGER_PX = (320, 640)
_EAGER_FORMAT = "webp"
CLEAN_COPY = "clean.jpg"  # variant: the JPEG in place of a file that cannot be cleaned
POSTER = "poster.jpg"  # variant: of a clip, the picture of which all others are made
COPY_QUALITY = 95  # of that JPEG: no visible loss
POSTER_QUALITY = 90  # of a frame, which was compressed already
Message = tuple[dict[str, Any], list[bytes]]  # data, and bytes beside it
_LENGTH = struct.Struct(">I")  # before every part of a message: its number of bytes


@dataclass(frozen=True, slots=True)
class ToldFacts:
    """What else a file says of itself; named and explained as the columns of `FileFacts`."""

    duration_ms: int | None = None
    video_codec: str | None = None
    movie_start: int | None = None
    content_id: str | None = None
    camera: str | None = None
    clock_ahead_s: int | None = None


@dataclass(frozen=True, slots=True)
class RenderedPhoto:
    """A verified picture: the data of its row, and the smaller pictures.

    Attributes
    ----------
    image_format : str
        A key of `photoshare.pictures.formats.FORMATS`.
    width, height : int
        Pixels of the upright original.
    taken : FileTime
        When, as the file says.
    placeholder : bytes
        See `photoshare.pictures.encoding.to_placeholder`.
    derived : dict of variant to bytes
        The pictures for grids, ``320.webp`` and so on; `CLEAN_COPY` if guests need one.
    told : ToldFacts
    look : bytes or None
        A perceptual hash, by which near duplicates are found.
    """

    image_format: str
    width: int
    height: int
    taken: FileTime
    placeholder: bytes
    derived: dict[str, bytes]
    told: ToldFacts = ToldFacts()
    look: bytes | None = None


def render_photo(
    path: Path,
    *,
    max_megapixels: int,
    max_minutes: int = MAX_MINUTES,
    max_picture_bytes: int | None = None,
) -> RenderedPhoto:
    """Verify a photo or a clip by decoding it, and make its smaller pictures.

    Parameters
    ----------
    path : Path
    max_megapixels : int
        Of a photo.
    max_minutes : int
        Of a clip.
    max_picture_bytes : int or None
        Of a photo: a file may be as large as a clip until its bytes tell what it is.

    Raises
    ------
    RejectedPhotoError
        If it can't be read, or is over a limit.
    """
    if is_clip_file(path):
        return _render_clip(path, max_minutes=max_minutes)
    if max_picture_bytes is not None and path.stat().st_size > max_picture_bytes:
        raise RejectedPhotoError(
            "The file is larger than %(number)s MB.", number=max_picture_bytes // MB
        )
    decoded = decoding.decode_upright(
        path,
        at_least_px=max(EAGER_PX),
        shorter_at_least_px=encoding.shorter_side_px(max(EAGER_PX)),
        max_megapixels=max_megapixels,
    )
    derived = _render_eagerly(decoded.image)
    if not is_cleanable(path, decoded.image_format):
        derived[CLEAN_COPY] = make_clean_copy(path, max_megapixels=max_megapixels)
    return RenderedPhoto(
        decoded.image_format,
        decoded.width,
        decoded.height,
        decoded.taken,
        encoding.to_placeholder(decoded.image),
        derived,
        told_facts(path, decoded.image_format, decoded.camera, decoded.content_id),
        look_of(encoding.smaller(decoded.image, min(EAGER_PX))),
    )


def told_facts(
    path: Path, image_format: str, camera: Camera, content_id: str | None = None
) -> ToldFacts:
    """Put together what a picture's file says of itself."""
    return ToldFacts(
        content_id=content_id,
        movie_start=find_movie_start(path, image_format),
        camera=camera.name,
        clock_ahead_s=camera.ahead_s,
    )


def read_again(path: Path, image_format: str) -> ToldFacts:
    """Read what the file of a photo says that was added before it was read; decodes nothing.

    Raises
    ------
    RejectedPhotoError
        If it is not a picture that can be opened.
    """
    with decoding.open_picture(path, max_megapixels=decoding.ANY_MEGAPIXELS) as opened:
        camera = camera_of(opened)
    return told_facts(path, image_format, camera)


def _render_clip(path: Path, *, max_minutes: int) -> RenderedPhoto:
    """Verify a clip by decoding parts of it, and make the pictures of its poster."""
    clip = check_clip(path, poster_px=encoding.VIEW_PX, max_minutes=max_minutes)
    facts, poster = clip.facts, clip.poster.image
    _check_clean_clip(path, facts.image_format)
    return RenderedPhoto(
        facts.image_format,
        facts.width,
        facts.height,
        facts.taken,
        encoding.to_placeholder(poster),
        {**_render_eagerly(poster), POSTER: encoding.to_jpeg(poster, quality=POSTER_QUALITY)},
        ToldFacts(
            duration_ms=facts.duration_ms,
            video_codec=facts.video_codec,
            content_id=facts.content_id,
            camera=facts.camera,
        ),
    )


def _check_clean_clip(path: Path, image_format: str) -> None:
    """Refuse a clip that guests could not get, or not play: made by nobody, or damaged."""
    try:
        with closing(PatchedFile(path, find_patches(path, image_format))) as cleaned:
            read_facts(cleaned.as_file())
    except UncleanableError as error:
        raise damaged() from error


def make_clean_copy(path: Path, *, max_megapixels: int) -> bytes:
    """Make a JPEG with only the pixels of a picture, as many as `decoding` keeps.

    Of a RAW file it is the JPEG inside, not encoded again.

    Raises
    ------
    RejectedPhotoError
        If it is not a picture that can be read, or has too many pixels.
    """
    preview = read_preview(path)
    if preview is not None and (copy := preview.clean_copy()):
        return copy
    decoded = decode_still(path, at_least_px=decoding.ALL_PX, max_megapixels=max_megapixels)
    return encoding.to_jpeg(decoded.image, quality=COPY_QUALITY)


def _render_eagerly(image: Image) -> dict[str, bytes]:
    """Make the pictures needed immediately, by variant; each from the next larger one."""
    made = {}
    for side in sorted(EAGER_PX, reverse=True):
        image = encoding.rendition(image, side)
        made[f"{side}.{_EAGER_FORMAT}"] = ENCODERS[_EAGER_FORMAT](image)
    return made


def write_message(stream: IO[bytes], head: dict[str, Any], blobs: list[bytes]) -> None:
    """Send data and bytes through a pipe; unlike a pickle, it cannot contain code."""
    stream.write(_LENGTH.pack(len(blobs)))
    for part in (json.dumps(head).encode(), *blobs):
        stream.write(_LENGTH.pack(len(part)))
        stream.write(part)
    stream.flush()


def read_message(stream: IO[bytes]) -> Message:
    """Receive what `write_message` sent.

    Raises
    ------
    EOFError
        If the other side is gone.
    """
    count = _LENGTH.unpack(_read(stream, _LENGTH.size))[0]
    parts = [
        _read(stream, _LENGTH.unpack(_read(stream, _LENGTH.size))[0]) for _ in range(count + 1)
    ]
    head: dict[str, Any] = json.loads(parts[0])
    return head, parts[1:]


def _read(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise EOFError("the other process has ended")
    return content


def message_of(photo: RenderedPhoto) -> Message:
    """Make a message of a rendered photo."""
    head = {
        "image_format": photo.image_format,
        "width": photo.width,
        "height": photo.height,
        "taken": {
            "local": photo.taken.local and photo.taken.local.isoformat(),
            "offset_min": photo.taken.offset_min,
            "utc": photo.taken.utc and photo.taken.utc.isoformat(),
        },
        "variants": list(photo.derived),
        "told": asdict(photo.told),
        "look": photo.look and photo.look.hex(),
    }
    return head, [photo.placeholder, *photo.derived.values()]


def rendered_of(head: dict[str, Any], blobs: list[bytes]) -> RenderedPhoto:
    """Rebuild the photo that `message_of` put into a message."""
    taken = head["taken"]
    local, utc = (taken[name] and datetime.fromisoformat(taken[name]) for name in ("local", "utc"))
    return RenderedPhoto(
        head["image_format"],
        head["width"],
        head["height"],
        FileTime(local, taken["offset_min"], utc),
        blobs[0],
        dict(zip(head["variants"], blobs[1:], strict=True)),
        ToldFacts(**head["told"]),
        head["look"] and bytes.fromhex(head["look"]),
    )


def pixels_message(content: bytes, *, at_least_px: int, max_megapixels: int) -> Message:
    """Decode a photo upright, and make a message of its pixels.

    Raises
    ------
    RejectedPhotoError
        As `photoshare.pictures.decoding.decode_upright`.
    """
    decoded = decoding.decode_upright(
        io.BytesIO(content), at_least_px=at_least_px, max_megapixels=max_megapixels
    )
    head = {
        "image_format": decoded.image_format,
        "width": decoded.width,
        "height": decoded.height,
        "size": decoded.image.size,
    }
    return head, [decoded.image.tobytes()]


def decoded_of(head: dict[str, Any], blobs: list[bytes]) -> decoding.DecodedPhoto:
    """Rebuild the picture that `pixels_message` put into a message; its time is left out."""
    image = frombytes("RGB", tuple(head["size"]), blobs[0])
    return decoding.DecodedPhoto(image, head["image_format"], head["width"], head["height"])
