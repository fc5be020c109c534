"""Start PhotoShare: make the app, start the job thread, serve by waitress, stop in order.

The only place that starts threads and opens a port. ``flask --app app`` finds `create_app` here.
"""

from __future__ import annotations

import os
import signal

if __name__ == "__main__":
    # The imports below take a second; whoever stops us in it shall see no traceback.
    for _number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(_number, lambda *_: os._exit(0))

import argparse
import gc
import logging
import re
import resource
import socket
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import FrameType
from typing import Any, NoReturn

from filelock import FileLock, Timeout
from flask import Flask
from waitress import wasyncore
from waitress.task import ThreadedTaskDispatcher

import photoshare
from photoshare import decoders, logs
from photoshare.config import Settings
from photoshare.connections import Server
from photoshare.database_checks import prepare_database
from photoshare.db import DATABASE_FILE, close_database
from photoshare.disk import disk_full_as_error
from photoshare.errors import PhotoshareError, StartError
from photoshare.jobs.runner import JobRunner
from photoshare.services.hashing import SCRYPT_AT_ONCE
from photoshare.storage import MB
from photoshare.upkeep import empty_wal
from photoshare.web.attempts import MOST_PAUSED
from photoshare.web.site import site_of

log = logging.getLogger("photoshare")

__all__ = ["create_app", "main"]

PROBE_BYTES = 1 << 20  # written and removed at start: less free space than this is a full disk
SOCKET_BACKLOG = 256  # phones that connect at once
CONNECTION_LIMIT = 1000  # a browser keeps up to six open; waitress's 100 are 17 idle guests
FILES_PER_CONNECTION = 3  # its socket, its spool file, and a share of what else is open
LOOP_TIMEOUT_S = 1.0  # how often waitress looks for connections to close
ANSWERS_WAIT_S = 0.5  # a stop waits this long for answers that are being made
SPOOL_BYTES = 1 << 17  # larger requests wait on the disk, not in memory; no form is larger
HEADER_BYTES = 1 << 17  # of one request; a selection of many photos is a long address
RECEIVE_BYTES = 1 << 16  # read at a time; waitress's 8 KB are 500 rounds of its loop a photo
# Threads of their own for requests that take long, so that no page waits for them.
UPLOAD_THREADS = decoders.AT_ONCE + 2  # two more receive while others decode
UPLOAD_PATH = re.compile(r"/rooms/[^/]+/(photos|uploads/\d+)$")
# Checks of passwords wait for each other (photoshare.web.attempts); no page shall wait for them.
SECRET_THREADS = MOST_PAUSED + 4 * SCRYPT_AT_ONCE
SECRET_PATH = re.compile(r"/(rooms|join|rooms/[^/]+/host/[^/]+)$")
PROXY_HEADERS = {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port"}


def main(arguments: list[str]) -> int:
    """Serve until Ctrl-C or SIGTERM; return the exit code."""
    _on_signals(_stop_at_once)
    options = _parse(arguments)
    try:
        return _serve(options.host, options.port)
    except PhotoshareError as error:
        print(f"PhotoShare cannot start. {error}", file=sys.stderr)
        return 1


def create_app() -> Flask:
    """Make the app for the Flask command line, where a refusal is one sentence as well."""
    try:
        return photoshare.create_app()
    except PhotoshareError as error:
        sys.exit(f"Error: {error}")


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run.sh", description="Serve PhotoShare. See README.md for the settings."
    )
    parser.add_argument("port", nargs="?", type=int, default=8000, help="default: 8000")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for the whole network"
    )
    return parser.parse_args(arguments)


def _serve(host: str, port: int) -> int:
    app = photoshare.create_app()
    site = site_of(app)
    logs.set_up(site.settings.log_level)
    with _only_instance(site.settings):
        site.storage.release_reserve()  # the start needs some space, even on a full disk
        _probe_disk(site.settings)
        with app.app_context():
            prepare_database(site.settings.data, is_thorough=True)
        listener = _listen(host, port)
        connections: dict[int, Any] = {}
        lanes = Lanes(site.settings.threads)
        Server(
            app,
            listener,
            lanes,
            connections,
            most=min(CONNECTION_LIMIT, _allow_open_files() // FILES_PER_CONNECTION),
            trusted_proxy=site.settings.trusted_proxy,
            options=_server_options(site.settings),
        )
        exit_code = 0
        try:
            _on_signals(_stop_in_order)
            gc.freeze()  # the modules stay: no collection has to walk them within a page
            site.jobs.start()
            site.storage.fill_reserve()
            print(f"PhotoShare is at {_address(host, port)}  (stop with Ctrl-C)", flush=True)
            # Not server.run(): at the end it waits 5 seconds for whoever downloads slowly.
            wasyncore.loop(timeout=LOOP_TIMEOUT_S, use_poll=True, map=connections)
        except SystemExit:
            _on_signals(_stop_at_once)
        except Exception:
            log.exception("The server failed")
            exit_code = 1
        listener.close()
        have_stopped = _stop(lanes, site.jobs)
        _close_database(app)
        if not have_stopped:
            # What still runs is dlib or a download; neither leaves anything half done.
            logging.shutdown()
            os._exit(exit_code)
    return exit_code


class Lanes:
    """Hands each request to the threads of its kind: pages, uploads, or secrets to check.

    With one queue for all, 90 photos of 30 guests would stand before every page. Downloads hold no
    thread: the server itself reads their files, as fast as a phone takes them.

    Parameters
    ----------
    page_threads : int
    """

    def __init__(self, page_threads: int) -> None:
        self._pages, self._uploads, self._secrets = self._all = tuple(
            ThreadedTaskDispatcher() for _ in range(3)
        )
        for lane, threads in zip(
            self._all, (page_threads, UPLOAD_THREADS, SECRET_THREADS), strict=True
        ):
            lane.set_thread_count(threads)

    def add_task(self, channel: Any) -> None:
        """Queue the first request of a connection; called by waitress."""
        request = channel.requests[0]
        self._lane(getattr(request, "command", ""), getattr(request, "path", "")).add_task(channel)

    def _lane(self, method: str, path: str) -> ThreadedTaskDispatcher:
        if method == "POST" and UPLOAD_PATH.search(path):
            return self._uploads
        if method == "POST" and SECRET_PATH.search(path):
            return self._secrets
        return self._pages

    def shutdown(self, timeout: float) -> bool:
        """Let short answers end; return whether all threads ended."""
        end = time.monotonic() + timeout
        for lane in self._all:
            lane.set_thread_count(0)
        for lane in self._all:
            lane.shutdown(cancel_pending=True, timeout=max(0.0, end - time.monotonic()))
        return not any(lane.threads for lane in self._all)


def _stop(answering: Lanes, jobs: JobRunner) -> bool:
    """Give back the photo in hand, let short answers end; return whether all threads ended.

    Takes less than two seconds. No connection is closed here: a thread that still writes to one
    could meet another file under its number.
    """
    has_stopped = jobs.stop()
    return answering.shutdown(ANSWERS_WAIT_S) and has_stopped


def _close_database(app: Flask) -> None:
    """Leave all of the database in its one file, and nothing that was deleted beside it."""
    with app.app_context():
        close_database()
    try:
        is_empty = empty_wal(site_of(app).settings.data / DATABASE_FILE)
    except sqlite3.OperationalError as error:
        log.warning("The database's log is emptied at the next start: %s", error)
    else:
        if not is_empty:
            log.info("Somebody still uses the database: its log is emptied at the next start")


def _server_options(settings: Settings) -> dict[str, object]:
    options: dict[str, object] = {
        "ident": None,
        "backlog": SOCKET_BACKLOG,
        "inbuf_overflow": SPOOL_BYTES,
        "max_request_header_size": HEADER_BYTES,
        "recv_bytes": RECEIVE_BYTES,
        "max_request_body_size": settings.max_upload_mb * MB,
        "url_prefix": settings.url_prefix,
    }
    if settings.trusted_proxy:
        options |= {
            "trusted_proxy": settings.trusted_proxy,
            "trusted_proxy_headers": PROXY_HEADERS,
        }
    return options


def _allow_open_files() -> int:
    """Ask for as many open files as the connections need; systems begin with 256 or 1024."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTION_LIMIT * FILES_PER_CONNECTION
    if now == resource.RLIM_INFINITY or now >= wanted:
        return wanted
    allowed = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
    return allowed


def _only_instance(settings: Settings) -> AbstractContextManager[object]:
    """Take the data folder for this process; the lock ends with the ``with`` block."""
    try:
        return FileLock(settings.data / "photoshare.lock").acquire(timeout=0)
    except Timeout:
        raise StartError(
            f"Another PhotoShare already runs on the data folder {settings.data}. Stop it first, "
            "or give this one a folder of its own with PHOTOSHARE_DATA."
        ) from None
    except OSError as error:
        raise StartError(
            f"The data folder {settings.data} cannot be written ({error.strerror}). "
            "Let the user that runs PhotoShare own it, or choose another with PHOTOSHARE_DATA."
        ) from error


def _probe_disk(settings: Settings) -> None:
    probe = settings.data / ".probe"
    try:
        with disk_full_as_error():
            probe.write_bytes(bytes(PROBE_BYTES))
    except PhotoshareError as error:
        raise StartError(
            f"The disk of the data folder {settings.data} is full. Free some space, or choose "
            "another folder with PHOTOSHARE_DATA."
        ) from error
    finally:
        probe.unlink(missing_ok=True)


def _listen(host: str, port: int) -> socket.socket:
    """Open the port here, so that a port in use is one sentence and not a traceback."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except (OSError, OverflowError) as error:
        raise StartError(
            f"Port {port} of {host} cannot be used ({error}). "
            f"Choose another one, for example: ./run.sh {port + 1 if port < 65535 else 8000}"
        ) from error
    return listener


def _address(host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}"


def _on_signals(handler: Callable[[int, FrameType | None], NoReturn]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _stop_at_once(_signal: int, _frame: FrameType | None) -> NoReturn:
    """End without a word: what is not finished is done or cleaned up at the next start."""
    os._exit(0)


def _stop_in_order(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Leave the loop of the server; waitress lets this one exception through."""
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
