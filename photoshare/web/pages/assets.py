"""The files that pages are drawn with: ours, each under the hash of its content, and htmx.

The wheel ``django-js-lib-htmx`` is used as a carrier of one JavaScript file and never imported
(docs/adr/0001-htmx-by-pip.md).
"""

from __future__ import annotations

import base64
import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, request

from photoshare.errors import AssetError

HTMX_VERSION = "2.0.3"
# Published by the htmx project for htmx.org@2.0.3/dist/htmx.min.js.
HTMX_INTEGRITY = "sha384-0895/pl2MU10Hqc6jd4RvrthNlDiE9U1tWmX7WRESftEDRosgxNsQG/Ze9YMRzHq"
YEAR_S = 365 * 24 * 3600
HASH_LENGTH = 12  # hexadecimal digits of the SHA-256 in the address of a file of ours
_REPAIR = "Fix it with: rm -rf .venv && ./run.sh"


class _VendorBlueprint(Blueprint):
    def get_send_file_max_age(self, filename: str | None) -> int:
        """Let browsers keep the file: another version has another address."""
        return YEAR_S


def htmx_folder() -> Path:
    """Find the folder that holds ``htmx.min.js`` and check the file against `HTMX_INTEGRITY`.

    Raises
    ------
    AssetError
        If the package or the file is missing, or the file is another one.
    """
    spec = find_spec("js_lib_htmx")
    if spec is None or spec.origin is None:
        raise AssetError(f"The package django-js-lib-htmx isn't installed. {_REPAIR}")
    folder = Path(spec.origin).parent / "static" / "htmx"
    try:
        digest = hashlib.sha384((folder / "htmx.min.js").read_bytes()).digest()
    except OSError as error:
        raise AssetError(f"htmx.min.js can't be read ({error.strerror}). {_REPAIR}") from error
    if "sha384-" + base64.b64encode(digest).decode() != HTMX_INTEGRITY:
        raise AssetError(f"htmx.min.js isn't the file of htmx {HTMX_VERSION}. {_REPAIR}")
    return folder


def init_app(app: Flask) -> None:
    """Serve htmx and our own files so that a browser asks for each of them once.

    A slow connection waits half a second for every question whether a style sheet is still the
    same. The version of htmx and the hash of our file stand in the address instead.
    """
    vendor = _VendorBlueprint(
        "vendor",
        __name__,
        static_folder=htmx_folder(),
        static_url_path=f"/vendor/htmx-{HTMX_VERSION}",
    )
    app.register_blueprint(vendor)
    app.jinja_env.globals["HTMX_INTEGRITY"] = HTMX_INTEGRITY
    hashes = _hash_files(Path(app.static_folder or ""))

    @app.url_defaults
    def add_hash(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values.setdefault("v", hashes.get(values["filename"]))

    @app.after_request
    def keep_for_ever(response: Response) -> Response:
        name = (request.view_args or {}).get("filename", "")
        if request.endpoint == "static" and request.args.get("v", "") == hashes.get(name):
            response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
        if request.endpoint in ("static", "vendor.static"):
            response.direct_passthrough = False
            response.make_sequence()  # Flask-Compress takes what is whole; the largest has 50 KB
        return response


def _hash_files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()[:HASH_LENGTH]
        for path in folder.rglob("*")
        if path.is_file()
    }
