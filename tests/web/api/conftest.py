"""Fixtures: a host's tokens, made on their page."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Cast
from tests.helpers import tags_of

MakeToken = Callable[..., str]


@pytest.fixture
def make_token(cast: Cast) -> MakeToken:
    """Make a token as a host does; by default one that may do all."""

    def make(
        *rights: str, client: FlaskClient = cast.host, name: str = "Booth", url: str = cast.url
    ) -> str:
        form = {"name": name} | dict.fromkeys(rights or ("read", "add"), "1")
        page = client.post(f"{url}/tokens", data=form)
        assert page.status_code == 200
        (field,) = tags_of(page.text, "input", id="token")
        return field["value"]

    return make


def told(answer: TestResponse) -> Any:
    """Read the JSON of an answer, whatever its media type."""
    return json.loads(answer.text)


@dataclass(frozen=True)
class Script:
    """A program with a token, and without cookies."""

    app: Flask
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, path: str, **headers: str) -> TestResponse:
        """Ask for something below ``/api/v1``."""
        headers = self.headers | headers
        return self.app.test_client().get(f"/api/v1{path}", headers=headers, buffered=True)

    def post(self, path: str, form: dict[str, Any], **environ: str) -> TestResponse:
        """Send a form with files there."""
        return self.app.test_client().post(
            f"/api/v1{path}",
            data=form,
            content_type="multipart/form-data",
            headers=self.headers,
            environ_overrides=environ,
        )


@pytest.fixture
def script(app: Flask, make_token: MakeToken) -> Script:
    return Script(app, make_token())
