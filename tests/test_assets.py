"""htmx: the right file, served locally, refused when it is another."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from flask import Flask

from photoshare import assets
from photoshare.errors import AssetError


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
