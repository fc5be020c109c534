"""Receive request bodies on the disk, even when that disk is full; pictures of oneself in memory.

waitress itself would break the connection, and the guest would only see a network error. Instead,
a body without space is dropped, the rest is still read (a browser reads no answer before it has
sent everything), and then the app says what was wrong.
"""

from __future__ import annotations

import contextlib
import sys
import time
import weakref
from typing import Any, ClassVar

from waitress.buffers import OverflowableBuffer
from waitress.parser import HTTPRequestParser
from waitress.task import WSGITask

from photoshare.config import MB, MOST_SELFIE_MB
from photoshare.disk import BODY_DROPPED, is_disk_full
from photoshare.errors import PhotoshareError, RejectedPhotoError, ServerBusyError, disk_full_error
from photoshare.serving.logs import log_access
from photoshare.serving.patient_files import PatientFile

PRIVATE = "/me/selfie"  # how the address of what is never written to the disk ends
PRIVATE_MB_AT_ONCE = 96


class Body(OverflowableBuffer):  # type: ignore[misc]  # waitress has no types
    """A body in memory or, if it is large, in the temporary folder.

    Attributes
    ----------
    why_dropped : PhotoshareError or None
        What to answer because there was no space for it; it is empty then.
    """

    why_dropped: PhotoshareError | None = None

    def append(self, block: bytes) -> None:
        """Append the next part."""
        if self.why_dropped is not None:
            return
        try:
            super().append(block)
        except OSError as error:
            if not is_disk_full(error):
                raise
            with contextlib.suppress(OSError):  # it tries to write once more
                self.close()
            self.drop(disk_full_error())

    def drop(self, error: PhotoshareError) -> None:
        """Forget what has come, and take no more."""
        self.buf, self.strbuf, self.overflowed = None, b"", False
        self.why_dropped = error


class PrivateBody(Body):
    """A body that is never written to the disk; dropped if it would take too much memory."""

    _all: ClassVar[weakref.WeakSet[PrivateBody]] = weakref.WeakSet()

    def __init__(self) -> None:
        super().__init__(overflow=sys.maxsize)
        self._all.add(self)

    def append(self, block: bytes) -> None:
        """Append the next part."""
        if len(self) + len(block) > MOST_SELFIE_MB * MB:
            number = MOST_SELFIE_MB
            self.drop(
                RejectedPhotoError("The picture is larger than %(number)s MB.", number=number)
            )
        elif sum(map(len, self._all)) + len(block) > PRIVATE_MB_AT_ONCE * MB:
            self.drop(
                ServerBusyError(
                    "Many guests are looking for themselves right now. Please try again.",
                    retry_after_s=5,
                )
            )
        super().append(block)


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """waitress's request parser, with a `Body` for requests that have one."""

    def parse_header(self, header: bytes) -> None:
        """Read the headers; called by waitress."""
        super().parse_header(header)
        if self.body_rcv is not None:
            is_private = self.path.endswith(PRIVATE)
            self.body_rcv.buf = PrivateBody() if is_private else Body(self.adj.inbuf_overflow)

    @property
    def why_dropped(self) -> PhotoshareError | None:
        """What to answer because there was no space for its body."""
        return None if self.body_rcv is None else self.body_rcv.getbuf().why_dropped


class Task(WSGITask):  # type: ignore[misc]
    """A request being handled by the app; `errorhandlers` looks for `BODY_DROPPED`."""

    def service(self) -> None:
        """Answer the request, and log that if the settings say so; called by waitress."""
        began = time.perf_counter()
        super().service()
        if self.channel.server.logs_access:
            size = self.content_length or self.content_bytes_written
            log_access(
                *(self.request.command, self.request.path, int(self.status[:3])),
                *(size, time.perf_counter() - began),
            )

    def get_environment(self) -> dict[str, Any]:
        """Pass the app what it needs to know; called by waitress."""
        environ: dict[str, Any] = super().get_environment()
        environ["wsgi.file_wrapper"] = PatientFile
        if self.request.why_dropped is not None:
            environ |= {BODY_DROPPED: self.request.why_dropped, "CONTENT_LENGTH": "0"}
        return environ
