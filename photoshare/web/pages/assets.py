"""Serve the static files of pages: ours, below one hash of them all, and htmx.

A style sheet that imports others is sent with them in it, so a page asks for one or two files,
however many the styles are written in. Scripts import each other by relative names, which stay
below the hash.

The wheel ``django-js-lib-htmx`` only supplies one JavaScript file; it is never imported
(docs/adr/0001-htmx-by-pip.md).
"""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, g, request
from werkzeug.wrappers import Response as BaseResponse

from photoshare.errors import AssetError

HTMX_VERSION = "2.0.3"
# Published by the htmx project for htmx.org@2.0.3/dist/htmx.min.js.
HTMX_INTEGRITY = "sha384-0895/pl2MU10Hqc6jd4RvrthNlDiE9U1tWmX7WRESftEDRosgxNsQG/Ze9YMRzHq"
YEAR_S = 365 * 24 * 3600
STATIC_PATH = "/static/<digest>"  # a page of before an update still gets files, though newer ones
HASH_LENGTH = 12  # hexadecimal digits of the SHA-256 in the address of our files
_IMPORT = re.compile(r'@import "([\w/.-]+)" layer\((\w+)\);\n')
_REPAIR = "Fix it with: rm -rf .venv && ./run.sh"


class _VendorBlueprint(Blueprint):
    def get_send_file_max_age(self, filename: str | None) -> int:
        """Let browsers cache the file: another version has another address."""
        return YEAR_S


def htmx_folder() -> Path:
    """Find the folder with ``htmx.min.js``, and check the file against `HTMX_INTEGRITY`.

    Raises
    ------
    AssetError
        If the package or the file is missing, or the file is not the expected one.
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
    """Serve htmx and our own files so that a browser requests each of them once.

    On a slow connection, asking whether a style sheet has changed takes half a second. Instead, the
    address contains the version of htmx or the hash of our files.
    """
    vendor = _VendorBlueprint(
        "vendor",
        __name__,
        static_folder=htmx_folder(),
        static_url_path=f"/vendor/htmx-{HTMX_VERSION}",
    )
    app.register_blueprint(vendor)
    app.jinja_env.globals["HTMX_INTEGRITY"] = HTMX_INTEGRITY
    folder = Path(app.static_folder or "")
    current = digest_of(folder)
    styles = {path.name: join_style(path).encode() for path in folder.glob("*.css")}

    @app.url_defaults
    def add_digest(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values.setdefault("digest", current)

    @app.url_value_preprocessor
    def take_digest(endpoint: str | None, values: dict[str, Any] | None) -> None:
        if endpoint == "static" and values is not None:
            g.static_digest = values.pop("digest")

    def send(filename: str) -> BaseResponse:
        if filename not in styles:
            return app.send_static_file(filename)
        response = Response(styles[filename], mimetype="text/css")
        response.headers["Cache-Control"] = "no-cache"
        response.add_etag()
        return response.make_conditional(request)

    app.view_functions["static"] = send

    @app.after_request
    def keep_for_ever(response: Response) -> Response:
        if (
            request.endpoint == "static"
            and g.get("static_digest") == current
            and response.status_code < 400
        ):
            response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
        if request.endpoint in ("static", "vendor.static"):
            response.direct_passthrough = False
            response.make_sequence()  # Flask-Compress needs it in one piece; the largest has 50 KB
        return response


def join_style(path: Path) -> str:
    """Read a style sheet with every ``@import "name" layer(name);`` in its place, as a layer."""

    def layer(found: re.Match[str]) -> str:
        text = (path.parent / found[1]).read_text(encoding="utf-8")
        return f"@layer {found[2]} {{\n{text}}}\n"

    return _IMPORT.sub(layer, path.read_text(encoding="utf-8"))


def digest_of(folder: Path) -> str:
    """Hash the names and contents of all files below a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:HASH_LENGTH]
