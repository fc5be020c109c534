"""htmx: the right file, served locally, and any other refused."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from flask import Flask

from photoshare.errors import AssetError
from photoshare.web.pages import assets


def test_the_page_loads_the_file_whose_hash_it_names(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/").text

    with client.get("/vendor/htmx-2.0.3/htmx.min.js") as script:
        digest = base64.b64encode(hashlib.sha384(script.data).digest()).decode()

        assert f'integrity="sha384-{digest}"' in page
        assert script.mimetype == "text/javascript"
        assert "max-age=31536000" in script.headers["Cache-Control"]


def test_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "js_lib_htmx"
    (package / "static" / "htmx").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "static" / "htmx" / "htmx.min.js").write_text("alert(1)")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(AssetError, match=r"is not the file of htmx 2\.0\.3"):
        assets.htmx_folder()


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "find_spec", lambda name: None)

    with pytest.raises(AssetError, match=r"is not installed.*\./run\.sh"):
        assets.htmx_folder()


def test_a_file_of_ours_is_asked_for_once(app: Flask) -> None:
    client = app.test_client()
    found = re.search(r'href="(/static/app\.css\?v=(\w+))"', client.get("/").text)

    assert found is not None
    with client.get(found[1]) as style, client.get("/static/app.css?v=older") as other:
        assert hashlib.sha256(style.data).hexdigest().startswith(found[2])
        assert style.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert other.headers["Cache-Control"] == "no-cache"


def test_pages_and_styles_come_compressed(app: Flask) -> None:
    client = app.test_client()
    for path in ("/", "/static/app.css"):
        with (
            client.get(path) as plain,
            client.get(path, headers={"Accept-Encoding": "gzip, br"}) as small,
        ):
            assert small.headers["Content-Encoding"] in ("gzip", "br")
            assert len(small.data) < len(plain.data) / 2
