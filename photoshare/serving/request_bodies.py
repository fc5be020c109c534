"""Receive request bodies on the disk, even when that disk is full.

waitress itself would break the connection, and the guest would only see a network error. Instead,
a body without space is dropped, the rest is still read (a browser reads no answer before it has
sent everything), and then the app says what was wrong.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

from waitress.buffers import OverflowableBuffer
from waitress.parser import HTTPRequestParser
from waitress.task import WSGITask

from photoshare.disk import BODY_DROPPED, is_disk_full
from photoshare.serving.logs import log_access
from photoshare.serving.patient_files import PatientFile


class Body(OverflowableBuffer):  # type: ignore[misc]  # waitress has no types
    """A body in memory or, if it is large, in the temporary folder.

    Attributes
    ----------
    is_dropped : bool
        Whether there was no space for it; it is empty then.
    """

    is_dropped = False

    def append(self, block: bytes) -> None:
        """Append the next part."""
        if self.is_dropped:
            return
        try:
            super().append(block)
        except OSError as error:
            if not is_disk_full(error):
                raise
            self.is_dropped = True
            with contextlib.suppress(OSError):  # it tries to write once more
                self.close()
            self.buf, self.strbuf, self.overflowed = None, b"", False


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """waitress's request parser, with a `Body` for requests that have one."""

    def parse_header(self, header: bytes) -> None:
        """Read the headers; called by waitress."""
        super().parse_header(header)
        if self.body_rcv is not None:
            self.body_rcv.buf = Body(self.adj.inbuf_overflow)

    @property
    def is_dropped(self) -> bool:
        """Whether there was no space for its body."""
        return self.body_rcv is not None and bool(self.body_rcv.getbuf().is_dropped)


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
        if self.request.is_dropped:
            environ |= {BODY_DROPPED: True, "CONTENT_LENGTH": "0"}
        return environ
