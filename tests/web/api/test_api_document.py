"""The OpenAPI document says what the API does: every address, every answer, every error."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from werkzeug.test import TestResponse

from photoshare import create_app
from photoshare.config import MB
from photoshare.web.api.problems import PROBLEM_TYPE
from tests.conftest import DECODERS, Cast
from tests.fakes import GREEN, draw_photo
from tests.helpers import insert_photos
from tests.web.api.conftest import MakeToken, Script, told
from tests.web.conftest import Party

Document = dict[str, Any]


@pytest.fixture
def document(app: Flask) -> Document:
    answer = app.test_client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    found: Document = told(answer)
    return found


def photo_form(content: bytes = b"", name: str = "new.jpg") -> dict[str, Any]:
    return {"photo": (io.BytesIO(content or draw_photo(GREEN, seed=9)), name)}


def check(document: Document, answer: TestResponse) -> None:
    """Compare an answer with what the document says about its address and status."""
    path, method = answer.request.path, answer.request.method
    patterns = {re.sub(r"\{\w+\}", r"\\d+", known): known for known in document["paths"]}
    (known,) = [known for pattern, known in patterns.items() if re.fullmatch(pattern, path)]
    described = document["paths"][known][method.lower()]["responses"]
    assert str(answer.status_code) in described, (method, path, answer.status_code)
    content = described[str(answer.status_code)].get("content", {})
    if not content:
        assert answer.data == b""
        return
    ((media_type, body),) = content.items()
    assert re.fullmatch(
        media_type.replace("*", ".+").replace("+json", r"\+json"), str(answer.mimetype)
    )
    if "schema" in body:
        schema = body["schema"] | {"components": document["components"]}
        Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(
            told(answer)
        )


def test_the_document_is_openapi(document: Document) -> None:
    validator = pytest.importorskip(
        "openapi_spec_validator", reason="it comes with requirements-scale-dev.txt"
    )

    validator.OpenAPIV31SpecValidator(document).validate()


def test_every_shape_is_json_schema(document: Document) -> None:
    for schema in document["components"]["schemas"].values():
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
        assert schema["required"] == sorted(schema["properties"])
        assert schema["additionalProperties"] is False


def test_the_document_has_every_address_and_no_other(app: Flask, document: Document) -> None:
    described = {(path, verb) for path, verbs in document["paths"].items() for verb in verbs}

    assert described == {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert len(described) >= 10


def test_every_address_names_its_right(document: Document) -> None:
    operations = {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for operation in methods.values()
    }

    rights = {name: operation.get("description") for name, operation in operations.items()}
    assert rights.pop("openapi") is None
    assert rights.pop("room") == "For tokens that may read or add."
    assert rights.pop("add_photo") == "For tokens that may add."
    assert set(rights.values()) == {"For tokens that may read."}


def right_answers(script: Script, party: Party) -> Iterator[TestResponse]:
    """Ask for everything that exists, each in the ways that the document mentions."""
    photo, person = f"/photos/{party.photos['a.jpg']}", f"/people/{party.red}"
    yield from map(script.get, ("/room", "/photos", "/people", photo, f"{person}/photos"))
    yield script.get("/photos?limit=2")
    yield script.post("/photos", photo_form())
    yield script.post("/photos", photo_form())
    for file in (f"{photo}/original", "/zip", f"{person}/zip"):
        whole = script.get(file)
        yield whole
        yield script.get(file, Range="bytes=5-9")
        yield script.get(file, Range="bytes=999999999-")
        yield script.get(file, **{"If-None-Match": whole.headers["ETag"]})


def test_every_answer_is_as_the_document_says(
    document: Document, script: Script, party: Party
) -> None:
    answers = list(right_answers(script, party))

    for answer in answers:
        check(document, answer)
    statuses = {answer.status_code for answer in answers}
    assert statuses == {200, 201, 206, 304, 416}
    asked = {answer.request.path for answer in answers}
    assert len(asked) == len(document["paths"]) - 1  # without that of the document


def wrong_answers(app: Flask, script: Script, reader: Script) -> Iterator[tuple[int, TestResponse]]:
    """Ask in every way that has an error of its own."""
    yield 401, app.test_client().get("/api/v1/room")
    yield 401, Script(app, "photoshare_wrong").get("/photos")
    yield 403, reader.post("/photos", photo_form())
    for path in ("/photos/999", "/photos/999/original", "/people/999/photos", "/people/999/zip"):
        yield 404, script.get(path)
    for query in ("limit=0", "limit=201", "limit=x", "cursor=x", "page=2"):
        yield 422, script.get(f"/photos?{query}")
    yield 422, script.post("/photos", {})
    yield 422, script.post("/photos", {"photo": "no file"})
    yield 422, script.post("/photos", photo_form(b"no picture"))


def test_every_error_is_as_the_document_says(
    app: Flask, document: Document, party: Party, make_token: MakeToken
) -> None:
    script, reader = Script(app, make_token()), Script(app, make_token("read"))

    for status, answer in wrong_answers(app, script, reader):
        assert (answer.status_code, str(answer.mimetype)) == (status, PROBLEM_TYPE)
        check(document, answer)
        assert told(answer)["status"] == status
        assert told(answer)["detail"].endswith((".", "…”."))


@pytest.mark.parametrize(
    ("setting", "status"),
    [("max_room_photos", 507), ("max_uploads_per_hour", 429), ("max_upload_mb", 413)],
)
def test_errors_of_limits_are_as_the_document_says(
    app: Flask, document: Document, script: Script, party: Party, setting: str, status: int
) -> None:
    config = {"data": app.instance_path, "min_free_mb": 0, setting: 1}
    strict = Script(create_app(config, decoders=DECODERS), script.token)
    if status == 429:
        assert strict.post("/photos", photo_form()).status_code == 201
    declared = {"CONTENT_LENGTH": str(2 * MB)} if status == 413 else {}

    answer = strict.post("/photos", photo_form(), **declared)

    assert answer.status_code == status
    check(document, answer)
    assert ("Retry-After" in answer.headers) == (status == 429)


def test_a_script_waits_while_a_zip_is_made_ready_and_finds_no_lost_file(
    app: Flask, cast: Cast, document: Document, script: Script
) -> None:
    (photo_id,) = insert_photos(app, cast.room_id, 1)  # a row that was never measured, and no file

    waiting, lost = script.get("/zip"), script.get(f"/photos/{photo_id}/original")

    assert (waiting.status_code, lost.status_code) == (503, 404)
    assert int(waiting.headers["Retry-After"]) > 0
    check(document, waiting)
    check(document, lost)


def test_what_has_no_address_below_the_api_answers_as_the_api(script: Script) -> None:
    for answer, status in (
        (script.get("/nothing"), 404),
        (script.get("/room?entered=1"), 200),
        (script.post("/room", {}), 405),
        (script.get(f"/photos/{10**30}"), 404),
    ):
        assert answer.status_code == status
        assert str(answer.mimetype).endswith("json")


@pytest.mark.parametrize(
    ("languages", "sentence"),
    [
        ("", "This photo doesn't exist or was deleted."),
        ("zh-CN, en;q=0.5", "这张照片不存在或已被删除。"),
        ("tlh", "This photo doesn't exist or was deleted."),
    ],
)
def test_errors_are_said_in_the_language_that_the_script_asks_for(
    script: Script, languages: str, sentence: str
) -> None:
    answer = script.get("/photos/999", **{"Accept-Language": languages})

    assert told(answer) == {"title": "Not Found", "status": 404, "detail": sentence}


def test_an_error_of_the_server_itself_is_one_sentence(
    app: Flask, document: Document, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = app.testing = False
    monkeypatch.setattr("photoshare.web.views.api.v1.load_room_people", lambda _access: 1 / 0)

    answer = script.get("/people")

    assert answer.status_code == 500
    check(document, answer)
