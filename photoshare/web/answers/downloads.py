"""Send files to save: with names in any script, and resumable after a break.

Names follow RFC 6266 and RFC 8187; exact lengths, strong ETags and ranges follow RFC 9110,
section 14.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from posixpath import splitext
from typing import IO, cast
from urllib.parse import quote

from flask import Response, request
from werkzeug.http import dump_options_header, quote_etag
from werkzeug.wsgi import wrap_file

from photoshare.services.downloads.sources import Source, SourceFile

MAX_NAME_BYTES = 255  # of a file name, on ext4, NTFS and APFS alike
MAX_ENDING_BYTES = 10  # anything much longer than ".jpeg" is not an ending
_ATTR_CHAR = "!#$&+-.^_`|~"  # RFC 8187, 3.2.1: not encoded, besides letters and digits
_NOT_PLAIN = re.compile(r'[^ -~]+|["%\\]+')  # RFC 6266, appendix D: old browsers misread these
_NO_SUFFIX = re.compile(r"bytes\s*=\s*-0+\s*", re.IGNORECASE)


def content_disposition(name: str) -> str:
    """Write the header with which a browser saves an answer under a name in any script.

    Werkzeug writes it only inside `send_file`, and reduces a name without Latin letters to its
    ending; waitress cannot send headers beyond Latin-1 at all.

    Parameters
    ----------
    name : str
        If it is longer than `MAX_NAME_BYTES`, it is cut before the ending.
    """
    name = _shortened(name)
    encoded = quote(name, safe=_ATTR_CHAR, errors="replace")
    names = {"filename": _plain(name), "filename*": f"UTF-8''{encoded}"}
    return dump_options_header("attachment", names)


def _plain(name: str) -> str:
    """Write a name in ASCII, for programs that do not support the other form."""
    letters = unicodedata.normalize("NFKD", name)
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    stem, ending = splitext(_NOT_PLAIN.sub("_", letters))
    return _shortened((stem if re.search("[A-Za-z0-9]", stem) else "download") + ending)


def _shortened(name: str) -> str:
    stem, ending = splitext(name)
    if len(ending.encode(errors="replace")) > MAX_ENDING_BYTES:
        stem, ending = name, ""
    left = MAX_NAME_BYTES - len(ending.encode(errors="replace"))
    return stem.encode(errors="replace")[:left].decode(errors="ignore") + ending


def send_source(
    open_source: Callable[[], Source],
    size_bytes: int,
    *,
    etag: str,
    mime_type: str,
    name: str | None,
) -> Response:
    """Send a source as a file to save: all of it, the requested range, or "not modified".

    If the web server can (waitress can), it reads the file itself in small blocks, so that a slow
    phone does not block a thread.

    Parameters
    ----------
    etag : str
        Changes whenever any byte does.
    name : str or None
        To save it under; None: the browser shows it in its page.
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
    response.headers["Cache-Control"] = "private, no-cache"  # cached, but revalidated every time
    if response.status_code in (200, 206):
        if name is not None:
            response.headers["Content-Disposition"] = content_disposition(name)
        response.content_length = stop - start
        file = cast(IO[bytes], SourceFile(open_source, start, stop))
        response.response = wrap_file(request.environ, file)
        response.direct_passthrough = True
    return response


def _wanted_part(etag: str, size_bytes: int) -> tuple[int, int] | None:
    """Return the requested range as (start, stop); None for the whole file.

    A start at or past the end cannot be satisfied. A request for several ranges gets the whole
    file, as RFC 9110 allows; so does a range of a file that has changed since (If-Range).
    Werkzeug's `Range.range_for_length` would refuse the last 100 bytes of a file of 50.
    """
    condition = request.headers.get("If-Range")
    if condition not in (None, quote_etag(etag)):
        return None
    if _NO_SUFFIX.fullmatch(request.headers.get("Range", "")):
        return size_bytes, size_bytes  # the last 0 bytes, which Werkzeug treats as no range at all
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    start, stop = wanted.ranges[0]
    if start < 0:  # counted from the end
        return max(size_bytes + start, 0), size_bytes
    return start, min(stop or size_bytes, size_bytes)
