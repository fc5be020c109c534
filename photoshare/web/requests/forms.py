"""Files of a form while they arrive: on the disk, or a picture of oneself in memory only."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from htmx_flask.requests import HtmxAwareRequest

PRIVATE = "find_me.search"  # the view whose files are never written to the disk
IN_MEMORY = 500 * 1024  # bytes of a file before it goes to the temporary folder, as in Werkzeug


class FormFile(SpooledTemporaryFile[bytes]):
    """A file of a form, in memory or in the temporary folder.

    Where that folder is full, the file is left behind half-written. Closing it then fails once
    more, for which Python 3.14 would print a traceback into the log.
    """

    def __del__(self) -> None:
        """Close it, whatever the disk says."""
        with suppress(OSError):
            self.close()


class FormRequest(HtmxAwareRequest):  # type: ignore[misc]  # htmx-flask has no types
    """A request, known to htmx-flask, whose files are `FormFile`."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if self.endpoint == PRIVATE:
            return BytesIO()
        return cast("IO[bytes]", FormFile(max_size=IN_MEMORY, mode="rb+"))
