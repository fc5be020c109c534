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

    with pytest.raises(AssetError, match=r"isn't the file of htmx 2\.0\.3"):
        assets.htmx_folder()


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "find_spec", lambda name: None)

    with pytest.raises(AssetError, match=r"isn't installed.*\./run\.sh"):
        assets.htmx_folder()


def test_a_file_of_ours_is_asked_for_once(app: Flask) -> None:
    client = app.test_client()
    found = re.search(r'href="/static/(\w{12})/app\.css"', client.get("/").text)

    assert found is not None
    for name in ("app.css", "app.js", "styles/tokens.css", "icon.svg"):
        with (
            client.get(f"/static/{found[1]}/{name}") as ours,
            client.get(f"/static/older/{name}") as other,
        ):
            assert ours.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert other.headers["Cache-Control"] == "no-cache"
            assert other.data == ours.data
            tag = {"If-None-Match": other.headers["ETag"]}
        with client.get(f"/static/older/{name}", headers=tag) as unchanged:
            assert unchanged.status_code == 304


def test_a_file_that_is_none_is_not_kept(app: Flask) -> None:
    page = app.test_client().get("/").text
    folder = re.search(r"/static/\w{12}/", page)

    assert folder is not None
    answer = app.test_client().get(f"{folder[0]}nothing.js")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_every_change_of_a_file_changes_the_address_of_all(tmp_path: Path) -> None:
    (tmp_path / "styles").mkdir()
    (tmp_path / "app.js").write_text("1")
    before = assets.digest_of(tmp_path)
    (tmp_path / "styles" / "a.css").write_text("2")
    added = assets.digest_of(tmp_path)
    (tmp_path / "styles" / "a.css").write_text("3")

    assert len({before, added, assets.digest_of(tmp_path)}) == 3


def test_a_style_is_sent_with_its_imports_in_layers(tmp_path: Path) -> None:
    (tmp_path / "part.css").write_text("p { margin: 0 }\n")
    style = tmp_path / "all.css"
    style.write_text('@layer base, pages;\n@import "part.css" layer(base);\n')

    assert assets.join_style(style) == ("@layer base, pages;\n@layer base {\np { margin: 0 }\n}\n")


def test_pages_and_styles_come_compressed(app: Flask) -> None:
    client = app.test_client()
    for path in ("/", "/static/any/app.css"):
        with (
            client.get(path) as plain,
            client.get(path, headers={"Accept-Encoding": "gzip, br"}) as small,
        ):
            assert small.headers["Content-Encoding"] in ("gzip", "br")
            assert len(small.data) < len(plain.data) / 2
