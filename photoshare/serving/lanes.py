"""Assign requests to threads: pages, uploads, checks of secrets and searches have their own."""

from __future__ import annotations

import time
from typing import Any

from flask import Flask
from waitress.task import ThreadedTaskDispatcher
from werkzeug.exceptions import HTTPException

from photoshare.pictures import decoder_pool
from photoshare.rates import MOST_WAITING
from photoshare.services.rooms.hashing import SCRYPT_AT_ONCE

# Separate threads for requests that take long, so that no page waits for them.
UPLOAD_THREADS = decoder_pool.AT_ONCE + 2  # two more receive while others decode
UPLOADS = ("photos.upload", "uploads.add_piece", "api.add_photo")  # endpoints
# Checks of passwords wait for each other (photoshare.web.requests.attempts); no page shall wait for
# them.
SECRET_THREADS = MOST_WAITING + 4 * SCRYPT_AT_ONCE
# What may have to be fetched from a bucket first; no page waits for these then.
FETCHED = (
    *("photos.picture", "photos.tile", "photos.download", "photos.original", "people.face_picture"),
    *("albums.person_zip", "albums.room_zip", "api.original", "api.person_zip", "api.room_zip"),
    *("shared_album.picture", "shared_album.download", "shared_album.album_zip"),
)
FETCHED_THREADS = 16  # a grid asks for a few at a time, each takes a thread for 20 to 50 ms
# Guests who look for themselves: each takes a core for half a second.
SEARCH_THREADS = 2
SEARCHES = ("find_me.search",)
SECRETS = (
    *("rooms.create", "rooms.join", "rooms.join_by_code", "rooms.become_host"),
    "owner.log_in",
)


class Lanes:
    """Passes each request to the threads of its kind.

    With one queue for all, 90 photos of 30 guests would be ahead of every page. Downloads hold no
    thread: the server itself reads their files, as fast as a phone accepts them.

    Parameters
    ----------
    app : Flask
        Its addresses tell which view a request is for.
    page_threads : int
    url_prefix : str
        What paths begin with before the app's own part.
    is_remote : bool
        Whether photos are in a bucket, so that pictures and downloads have threads, too.
    """

    def __init__(
        self, app: Flask, page_threads: int, *, url_prefix: str = "", is_remote: bool = False
    ) -> None:
        self._addresses = app.url_map.bind("localhost")
        self._url_prefix = url_prefix
        self._is_remote = is_remote
        lanes = tuple(ThreadedTaskDispatcher() for _ in range(5))
        self._pages, self._uploads, self._secrets, self._searches, self._fetched = self._all = lanes
        threads = (
            *(page_threads, UPLOAD_THREADS, SECRET_THREADS),
            *(SEARCH_THREADS, is_remote * FETCHED_THREADS),
        )
        for lane, count in zip(self._all, threads, strict=True):
            lane.set_thread_count(count)

    def add_task(self, channel: Any) -> None:
        """Queue the first request of a connection; called by waitress."""
        request = channel.requests[0]
        self._lane(getattr(request, "command", ""), getattr(request, "path", "")).add_task(channel)

    def _lane(self, method: str, path: str) -> ThreadedTaskDispatcher:
        if method != "POST":
            is_fetched = self._is_remote and self._endpoint(path, "GET") in FETCHED
            return self._fetched if is_fetched else self._pages
        endpoint = self._endpoint(path, method)
        if endpoint in UPLOADS:
            return self._uploads
        if endpoint in SEARCHES:
            return self._searches
        return self._secrets if endpoint in SECRETS else self._pages

    def _endpoint(self, path: str, method: str) -> str | None:
        """Name the view of a request to this path; None if there is none."""
        try:
            endpoint, _ = self._addresses.match(path.removeprefix(self._url_prefix), method=method)
        except HTTPException:
            return None
        return str(endpoint)

    def shutdown(self, timeout: float) -> bool:
        """Let short answers finish; return whether all threads ended."""
        end = time.monotonic() + timeout
        for lane in self._all:
            lane.set_thread_count(0)
        for lane in self._all:
            lane.shutdown(cancel_pending=True, timeout=max(0.0, end - time.monotonic()))
        return not any(lane.threads for lane in self._all)
