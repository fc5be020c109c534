"""Start PhotoShare: make the app, start the job thread, serve with waitress, stop in order.

The only place that starts threads and opens a port.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from flask import Flask
from flask.cli import FlaskGroup
from waitress import wasyncore

from photoshare import __version__, factory
from photoshare.config import IS_INSTALLED, PROGRAM, ROOT, Settings
from photoshare.db import close_database, offer_migrations
from photoshare.errors import PhotoshareError
from photoshare.jobs.daily_backup import keep_backups
from photoshare.maintenance.backup import refuse_postgresql
from photoshare.maintenance.database_checks import prepare_database
from photoshare.maintenance.deleted_bytes import empty_wal
from photoshare.networks import TrustedProxies
from photoshare.services.addresses import (
    Listening,
    forget_listening,
    guest_url,
    is_exposed,
    remember_listening,
)
from photoshare.services.kept_files import has_rooms
from photoshare.services.owner.creation import RoomCreation, settle_room_creation
from photoshare.serving import logs
from photoshare.serving.connections import Server
from photoshare.serving.lanes import Lanes
from photoshare.serving.resources import allow_open_files, listen, only_instance, probe_disk
from photoshare.web.site import Site, owner_of, site_of

log = logging.getLogger("photoshare")

# Of photoshare.cli, and Flask-Migrate's.
COMMANDS = (
    *("rooms", "owner-password", "backup", "check-backup", "restore", "move-files", "migrate-to"),
    *("doctor", "db"),
)
OF_WORKERS = ("worker", "scheduler")  # photoshare.workers: programs of their own
SOCKET_BACKLOG = 256  # phones that connect at once
CONNECTION_LIMIT = 1000  # a browser keeps up to six; waitress's 100 would be 17 idle guests
FILES_PER_CONNECTION = 3  # its socket, its spool file, and a share of other open files
LOOP_TIMEOUT_S = 1.0  # how often waitress looks for connections to close
ANSWERS_WAIT_S = 0.5  # how long a stop waits for answers that are being made
SPOOL_BYTES = 1 << 17  # larger requests wait on the disk, not in memory; no form is larger
HEADER_BYTES = 1 << 17  # of one request; a selection of many photos is a long address
RECEIVE_BYTES = 1 << 16  # read at a time; with waitress's 8 KB a photo is 500 rounds of its loop


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM, by default as the command line says; return the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in COMMANDS:
        # app.py ends in silence before the server is up; a command that is stopped has failed.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        group = FlaskGroup(create_app=create_app, add_version_option=False, load_dotenv=False)
        group.main(args=list(arguments), prog_name=PROGRAM)
    if arguments and arguments[0] in OF_WORKERS:
        _become_worker(arguments)
    _on_signals(_stop_at_once)
    options = _parse(arguments)
    try:
        return _serve(options.host, options.port)
    except PhotoshareError as error:
        print(f"PhotoShare can't start. {error}", file=sys.stderr)
        return 1


def _become_worker(arguments: Sequence[str]) -> NoReturn:
    """Go on as the program of workers, which loads neither the web nor the database."""
    if not IS_INSTALLED:
        paths = (str(ROOT), os.environ.get("PYTHONPATH", ""))
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    os.execv(sys.executable, [sys.executable, "-m", "photoshare.workers", *arguments])  # noqa: S606


def create_app() -> Flask:
    """Make the app for the Flask command line; a refusal is one sentence there, too."""
    try:
        app = factory.create_app()
    except PhotoshareError as error:
        sys.exit(f"Error: {error}")
    offer_migrations(app)
    return app


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Serve PhotoShare. docs/administration.md lists the settings.",
        epilog=f"Commands, each with --help: {', '.join(COMMANDS + OF_WORKERS)}.",
    )
    parser.add_argument("--version", action="version", version=f"PhotoShare {__version__}")
    parser.add_argument("port", nargs="?", type=int, default=8000, help="default: 8000")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for the whole network"
    )
    return parser.parse_args(arguments)


def _serve(host: str, port: int) -> int:
    app = factory.create_app()
    site = site_of(app)
    logs.set_up(site.settings.log_level, site.settings.log_format)
    with only_instance(site.settings):
        site.storage.release_reserve()  # the start needs some space, even on a full disk
        probe_disk(site.settings.data)
        if site.settings.backup_folder:
            refuse_postgresql(site.settings)
        with app.app_context():
            prepare_database(site.settings, is_thorough=True)
            site.storage.check(owner_of(app), has_rooms=has_rooms())
        listener = listen(host, port)
        listening = Listening(host, listener.getsockname()[1])
        with app.app_context():
            creation = _settle_room_creation(listening, site.settings)
        stopping = threading.Event()
        connections: dict[int, Any] = {}
        lanes = _make_server(app, listener, connections, stopping)
        exit_code = 0
        try:
            _on_signals(_stop_in_order)
            gc.freeze()  # the modules stay: no collection has to walk them during a page
            site.jobs.start()
            site.storage.fill_reserve()
            if folder := site.settings.backup_folder:
                keep_backups(site.storage, Path(folder), site.settings.backup_keep, stopping)
            remember_listening(site.settings.data, listening)
            print(_welcome(listening, site.settings, creation), flush=True)
            # Not server.run(): it ends by waiting 5 seconds for slow downloads.
            wasyncore.loop(timeout=LOOP_TIMEOUT_S, use_poll=True, map=connections)
        except SystemExit:
            _on_signals(_stop_at_once)
        except Exception:
            log.exception("The server failed")
            exit_code = 1
        stopping.set()
        listener.close()
        forget_listening(site.settings.data)
        have_stopped = _stop(lanes, site)
        _close_database(app)
        if not have_stopped:
            # What still runs is dlib, a download or a bucket; none leaves anything half done.
            logging.shutdown()
            os._exit(exit_code)
    return exit_code


def _make_server(
    app: Flask, listener: socket.socket, connections: dict[int, Any], stopping: threading.Event
) -> Lanes:
    """Set waitress up on a listening port; return the threads that answer its requests."""
    site = site_of(app)
    proxies = TrustedProxies(site.settings.trusted_proxy)
    proxies.keep_fresh(stopping)
    fetchers = site.storage.fetchers
    lanes = Lanes(
        app,
        site.settings.threads,
        url_prefix=site.settings.url_prefix,
        is_remote=fetchers is not None,
    )
    files = allow_open_files(CONNECTION_LIMIT * FILES_PER_CONNECTION)
    server = Server(
        app,
        listener,
        lanes,
        connections,
        most=min(CONNECTION_LIMIT, files // FILES_PER_CONNECTION),
        proxies=proxies,
        logs_access=site.settings.access_log == "on",
        options=_server_options(site.settings),
    )
    if fetchers is not None:
        fetchers.wake = server.pull_trigger
    return lanes


def _stop(answering: Lanes, site: Site) -> bool:
    """Release the claimed photo, let short answers finish; return whether all threads ended.

    Takes less than two seconds. No connection is closed here: a thread still writing to it could
    hit another file that has been given the same descriptor.
    """
    has_stopped = site.jobs.stop()
    has_stopped = answering.shutdown(ANSWERS_WAIT_S) and has_stopped
    return site.storage.close() and has_stopped


def _close_database(app: Flask) -> None:
    """Move all of SQLite's database into its one file, so that no log keeps deleted data."""
    with app.app_context():
        close_database()
    if site_of(app).settings.is_postgresql:
        return
    try:
        is_empty = empty_wal(site_of(app).settings.database)
    except sqlite3.OperationalError as error:
        log.warning("The database's log will be emptied at the next start: %s", error)
    else:
        if not is_empty:
            log.info("The database is still in use; its log will be emptied at the next start")


def _server_options(settings: Settings) -> dict[str, object]:
    return {
        "ident": None,
        "backlog": SOCKET_BACKLOG,
        "inbuf_overflow": SPOOL_BYTES,
        "max_request_header_size": HEADER_BYTES,
        "recv_bytes": RECEIVE_BYTES,
        "max_request_body_size": settings.max_upload_bytes,
        "url_prefix": settings.url_prefix,
    }


def _settle_room_creation(listening: Listening, settings: Settings) -> RoomCreation:
    exposed = is_exposed(
        listening, public_url=settings.public_url, has_proxy=bool(settings.trusted_proxy)
    )
    return settle_room_creation(settings, is_exposed=exposed)


def _welcome(listening: Listening, settings: Settings, creation: RoomCreation) -> str:
    """Say where PhotoShare is, on this machine and for phones, and who may open rooms."""
    lines = [f"PhotoShare is at {listening.url}{settings.url_prefix}  (stop with Ctrl-C)"]
    if settings.public_url:
        lines.append(f"Guests reach it at {settings.public_url}")
    elif url := guest_url(settings.data):
        lines.append(f"Phones in your network reach it at {url}{settings.url_prefix}")
    else:
        lines.append(
            f"Phones can't reach it yet: {PROGRAM} --host 0.0.0.0 opens it to your network."
        )
    if creation.new_password:
        url = settings.public_url or listening.url + settings.url_prefix
        lines.append(
            f"The owner's password is {creation.new_password} (shown only now): it opens rooms, "
            f"and the owner's page {url}/owner. A new one: {PROGRAM} owner-password"
        )
    elif creation.is_open_to_others:
        lines.append(
            "Everyone who can reach it can open rooms, as in former versions. "
            "PHOTOSHARE_ROOM_CREATION=password asks for the owner's password, =open keeps it so."
        )
    return "\n".join(lines)


def _on_signals(handler: Callable[[int, FrameType | None], NoReturn]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _stop_at_once(_signal: int, _frame: FrameType | None) -> NoReturn:
    """End silently: unfinished work is resumed or cleaned up at the next start."""
    os._exit(0)


def _stop_in_order(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Leave the server's loop; waitress lets this one exception through."""
    raise SystemExit(0)
