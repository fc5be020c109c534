"""Start PhotoShare: make the app, start the job thread, serve by waitress, stop in order.

The only place that starts threads and opens a port. ``flask --app app`` finds `create_app` here.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
from types import FrameType
from typing import NoReturn

import waitress
from filelock import FileLock, Timeout

from photoshare import create_app
from photoshare.config import Settings
from photoshare.db import upgrade_schema
from photoshare.errors import PhotoshareError, StartError
from photoshare.storage import MB, disk_full_as_error
from photoshare.web.site import site_of

log = logging.getLogger("photoshare")

__all__ = ["create_app", "main"]

PROBE_BYTES = 1 << 20  # written and removed at start: less free space than this is a full disk
SOCKET_BACKLOG = 256  # phones that connect at once
CHANNEL_TIMEOUT_S = 300  # a phone on bad wifi may pause this long within an upload
SPOOL_BYTES = 1 << 20  # larger requests wait on the disk, not in memory
PROXY_HEADERS = {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port"}


def main(arguments: list[str]) -> int:
    """Serve until Ctrl-C or SIGTERM; return the exit code."""
    options = _parse(arguments)
    signal.signal(signal.SIGTERM, _exit_on_signal)
    try:
        return _serve(options.host, options.port)
    except PhotoshareError as error:
        print(f"PhotoShare cannot start. {error}", file=sys.stderr)
        return 1


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
    app = create_app()
    site = site_of(app)
    logging.basicConfig(
        level=site.settings.log_level.upper(), format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with _only_instance(site.settings):
        _probe_disk(site.settings)
        with app.app_context():
            upgrade_schema()
        listener = _listen(host, port)
        server = waitress.create_server(app, sockets=[listener], **_server_options(site.settings))
        site.jobs.start()
        print(f"PhotoShare is at {_address(host, port)}  (stop with Ctrl-C)", flush=True)
        try:
            server.run()
        finally:
            has_stopped = site.jobs.stop()
            if not has_stopped:
                # The photo in hand was given back; waiting for dlib would take seconds.
                logging.shutdown()
                os._exit(0)
    return 0


def _server_options(settings: Settings) -> dict[str, object]:
    options: dict[str, object] = {
        "threads": settings.threads,
        "ident": None,
        "backlog": SOCKET_BACKLOG,
        "channel_timeout": CHANNEL_TIMEOUT_S,
        "inbuf_overflow": SPOOL_BYTES,
        "max_request_body_size": settings.max_upload_mb * MB,
        "url_prefix": settings.url_prefix,
    }
    if settings.trusted_proxy:
        options |= {
            "trusted_proxy": settings.trusted_proxy,
            "trusted_proxy_headers": PROXY_HEADERS,
        }
    return options


def _only_instance(settings: Settings) -> FileLock:
    lock = FileLock(settings.data / "photoshare.lock")
    try:
        lock.acquire(timeout=0)
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
    return lock


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


def _exit_on_signal(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Turn SIGTERM into an orderly end."""
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
