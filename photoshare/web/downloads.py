"""Downloads that go on where they broke off: exact lengths, strong ETags, parts (RFC 9110, 14)."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, cast

from flask import Response, request
from werkzeug.wsgi import wrap_file

from photoshare.zip_layout import Source, SourceFile


def send_source(
    open_source: Callable[[], Source], size_bytes: int, *, etag: str, mime_type: str, name: str
) -> Response:
    """Send a source as a file to be saved: whole, the part that was asked for, or "not modified".

    Where the web server can (waitress can), it reads the file by itself, bit by bit, so that a slow
    phone keeps no thread waiting.

    Parameters
    ----------
    etag : str
        Changes with every byte of it.
    """
    start, stop = 0, size_bytes
    response = Response(mimetype=mime_type)
    if request.if_none_match.contains_weak(etag):
        response.status_code = 304
    elif (part := _wanted_part(etag, size_bytes)) is not None:
        start, stop = part
        if start >= size_bytes:
            response.status_code = 416
            response.headers["Content-Range"] = f"bytes */{size_bytes}"
        else:
            response.status_code = 206
            response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size_bytes}"
    response.set_etag(etag)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = "private, no-cache"  # may be kept, if asked for every time
    if response.status_code in (200, 206):
        response.headers.set("Content-Disposition", "attachment", filename=name)
        response.content_length = stop - start
        file = cast(IO[bytes], SourceFile(open_source, start, stop))
        response.response = wrap_file(request.environ, file)
        response.direct_passthrough = True
    return response


def _wanted_part(etag: str, size_bytes: int) -> tuple[int, int] | None:
    """Read which part is asked for, as (start, stop); None for all of it.

    Several parts at once are answered with everything, as RFC 9110 allows; so is a part of
    something that has changed since (If-Range).
    """
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    condition = request.headers.get("If-Range")
    if condition not in (None, f'"{etag}"'):
        return None
    start, stop = wanted.ranges[0]
    if start < 0:  # the last so many bytes
        return max(size_bytes + start, 0), size_bytes
    return start, min(stop or size_bytes, size_bytes)
