"""The headers of every answer, and what no page may contain."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.conftest import Cast
from tests.helpers import HX, tags_of
from tests.web.conftest import Party

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
ADDRESS_ATTRIBUTES = ("src", "href", "action", "hx-get", "hx-post", "srcset", "poster", "data")


@pytest.fixture
def answers(
    app: Flask, cast: Cast, party: Party, monkeypatch: pytest.MonkeyPatch
) -> dict[str, TestResponse]:
    """Every kind of answer: pages, partials, files, errors."""
    photo = f"{cast.url}/photos/{party.photos['d.jpg']}"
    person = f"{cast.url}/people/{party.red}"
    gets = [
        *("/", "/healthz", "/static/any/app.js", "/vendor/htmx-2.0.3/htmx.min.js"),
        *(cast.url, f"{cast.url}/share", f"{cast.url}/delete", f"{cast.url}/photos"),
        *(f"{cast.url}/photos/without-faces", photo, f"{photo}/delete", person),
        *(f"{cast.url}/people", f"{cast.url}/people/unsorted", f"{cast.url}/jobs/current"),
        *(f"{cast.url}/photos.zip", f"{cast.url}/host/{cast.host_secret}"),
        *(f"{cast.url}/me", f"{cast.url}/poster", f"{cast.url}/wall", f"{cast.url}/wall/photos"),
        *("/manifest.webmanifest", "/app-icon-any-192.png", "/service-worker.js"),
        *("/nowhere", f"{cast.url}/nowhere", f"{photo}9", "/rooms/x"),
        *(f"{photo}/{party.digests['d.jpg']}-320.webp", f"{person}/name"),
    ]
    found = {url: cast.host.get(url, buffered=True) for url in gets}
    found["invitation"] = cast.stranger.get(cast.url)
    found["choose room"] = cast.stranger.get("/share-target")
    found["guest 403"] = cast.guest.get(f"{cast.url}/delete")
    found["422"] = cast.host.post("/rooms", data={"title": ""})
    found["422 of a name"] = cast.host.post(f"{person}/name", data={"name": "x" * 99})
    found["422 of nothing"] = cast.host.post(f"{cast.url}/photos")
    found["413"] = cast.host.post(
        f"{cast.url}/photos", environ_overrides={"CONTENT_LENGTH": str(10**12)}, data={"a": "b"}
    )
    (status,) = tags_of(found[cast.url].text, "section", id="job-status")
    found["204"] = cast.host.get(status["hx-get"], headers=HX)
    found["303"] = cast.host.post(f"{cast.url}/jobs")
    found["partial"] = cast.host.get(f"{cast.url}/photos", headers=HX)
    found["alert"] = cast.host.get("/nowhere", headers=HX)
    app.testing = False

    def fail(*_arguments: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("photoshare.web.views.photos.photo_page", fail)
    found["500"] = cast.host.get(f"{cast.url}/photos")
    return found


def pages(answers: dict[str, TestResponse]) -> dict[str, str]:
    return {name: answer.text for name, answer in answers.items() if answer.mimetype == "text/html"}


def test_the_answers_are_of_every_kind(answers: dict[str, TestResponse]) -> None:
    statuses = {answer.status_code for answer in answers.values()}

    assert statuses == {200, 204, 303, 403, 404, 405, 413, 422, 500}
    assert len(pages(answers)) > 20


def test_every_answer_carries_the_security_headers(answers: dict[str, TestResponse]) -> None:
    for name, answer in answers.items():
        policy = dict(
            part.strip().split(" ", 1)
            for part in answer.headers["Content-Security-Policy"].split(";")
        )
        assert policy | POLICY == policy, name
        assert "unsafe" not in answer.headers["Content-Security-Policy"], name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name
        assert answer.headers["Referrer-Policy"] == "same-origin", name
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin", name
        assert "noindex" in answer.headers["X-Robots-Tag"], name


def test_no_page_is_kept_by_a_cache(answers: dict[str, TestResponse]) -> None:
    for name in pages(answers):
        assert answers[name].headers["Cache-Control"] == "private, no-store", name
        assert "HX-Request" in answers[name].vary, name


def test_no_page_holds_a_script_or_a_style(answers: dict[str, TestResponse]) -> None:
    for name, page in pages(answers).items():
        for tag in tags_of(page):
            assert tag.name != "style", name
            assert tag.name != "script" or tag.attributes.get("src"), name
            handlers = [key for key in tag.attributes if key == "style" or key.startswith("on")]
            assert handlers == [], name


def test_no_page_leads_to_another_site(answers: dict[str, TestResponse]) -> None:
    for name, page in pages(answers).items():
        for tag in tags_of(page):
            for attribute in ADDRESS_ATTRIBUTES:
                address = tag.attributes.get(attribute, "/")
                is_ours = address.startswith(("/", "#", "?")) and not address.startswith("//")
                is_in_it = tag.name == "img" and address.startswith("data:image/")
                assert is_ours or is_in_it, f"{name}: {address}"


def test_every_link_of_every_page_leads_somewhere(
    cast: Cast, answers: dict[str, TestResponse], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    addresses = {
        tag.attributes[attribute]
        for page in pages(answers).values()
        for tag in tags_of(page)
        for attribute in ("src", "href", "hx-get")
        if tag.attributes.get(attribute, "#").startswith("/")
    }

    broken = {
        address: status
        for address in addresses
        if (status := cast.host.get(address, buffered=True).status_code) >= 400
    }

    assert len(addresses) > 20
    assert {address for address in broken if not address.startswith("/rooms/x")} == set()


def test_an_unexpected_error_tells_nothing_of_the_inside(
    answers: dict[str, TestResponse],
) -> None:
    assert answers["500"].status_code == 500
    assert "Something went wrong on the server" in answers["500"].text
    assert "a bug" not in answers["500"].text
    assert "Traceback" not in answers["500"].text


def test_htmx_gets_an_error_as_an_alert(answers: dict[str, TestResponse]) -> None:
    assert answers["alert"].status_code == 404
    assert "<html" not in answers["alert"].text
    assert tags_of(answers["alert"].text)[0]["class"] == "message is-error"


def test_scripts_are_checked_where_they_come_from_a_package(
    answers: dict[str, TestResponse],
) -> None:
    scripts = tags_of(answers["/"].text, "script")

    vendored = [tag for tag in scripts if tag["src"].startswith("/vendor/")]
    assert len(vendored) == 1
    assert vendored[0]["integrity"].startswith("sha384-")
