"""What a form cannot accept is said beside its field, which has the focus: in all forms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from photoshare.services.rooms.hashing import hash_secret
from tests.conftest import Cast
from tests.helpers import HX, Tag, guest_of, tags_of
from tests.web.conftest import Party

# Kinds of fields that a person writes into.
TYPED = ("text", "password", "date", "datetime-local", "search")


@dataclass
class Form:
    """One form of a page, with the fields that a person writes into."""

    action: str
    by_htmx: bool
    fields: list[Tag] = field(default_factory=list)
    hidden: dict[str, str] = field(default_factory=dict)


def forms_of(page: str) -> list[Form]:
    """List the forms of a page that are sent by POST and have a field to write into."""
    forms: list[Form] = []
    for tag in tags_of(page):
        if tag.name == "form":
            is_sent = tag.attributes.get("method") == "post"
            forms.append(Form(tag["action"] if is_sent else "", "hx-post" in tag.attributes))
        is_typed = tag.name == "input" and tag.attributes.get("type", "text") in TYPED
        if forms and tag.attributes.get("type") == "hidden":
            forms[-1].hidden[tag["name"]] = tag.attributes.get("value", "")
        if is_typed and forms and "name" in tag.attributes:
            forms[-1].fields.append(tag)
    return [form for form in forms if form.action and form.fields]


def pages(app: Flask, cast: Cast, party: Party) -> Iterator[str]:
    """List every address that takes no more than a room, a person, a photo or the host's secret."""
    values: dict[str, Any] = {
        "room_code": cast.code,
        "person_id": party.red,
        "photo_id": party.photos["a.jpg"],
        "secret": cast.host_secret,
        "guest_id": guest_of(app, cast.guest, cast.room_id),
        "link_id": 1,
    }
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            is_known = set(rule.arguments) <= set(values)
            if "GET" in (rule.methods or ()) and is_known and "." not in rule.rule:
                yield url_for(rule.endpoint, **{name: values[name] for name in rule.arguments})


def unacceptable(tag: Tag) -> str:
    """Make a text that the field may not hold."""
    if tag.attributes.get("type") in ("date", "datetime-local"):
        return "tomorrow"
    return "x" * (int(tag["maxlength"]) + 1)


def problem(page: str, form: Form, name: str) -> str:
    """Say what is wrong with how a page shows the problem of a field; nothing if it is right."""
    again = [shown for shown in forms_of(page) if shown.action == form.action]
    if not again:
        return "the form is gone"
    (shown,) = again
    (tag,) = [tag for tag in shown.fields if tag["name"] == name]
    described_by = tag.attributes.get("aria-describedby", "nowhere")
    if tag.attributes.get("aria-invalid") != "true":
        return "the field is not marked"
    if len(tags_of(page, id=described_by)) != 1:
        return "no sentence belongs to the field"
    if [tag for tag in tags_of(page) if "autofocus" in tag.attributes] != [tag]:
        return "the field has not the focus"
    if page.count('aria-invalid="true"') != 1:
        return "another field is marked as well"
    return ""


@pytest.fixture
def locked(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password, so that its forms are there."""
    monkeypatch.setattr("photoshare.services.rooms.rooms.hash_password", hash_secret)  # fast
    answer = cast.host.post(
        f"{cast.url}/settings", data={"title": "Party", "password": "open sesame"}
    )
    assert answer.status_code == 303


def all_forms(app: Flask, cast: Cast, party: Party) -> Iterator[tuple[FlaskClient, Form]]:
    """Find every form on every page, each once, with the browser that it is shown to."""
    found = set()
    for client in (cast.stranger, cast.guest, cast.host):
        for address in pages(app, cast, party):
            with client.get(address) as answer:
                page = answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""
            for form in forms_of(page):
                if form.action not in found:
                    found.add(form.action)
                    yield client, form


@pytest.mark.usefixtures("locked")
def test_every_form_says_its_problem_beside_the_field_with_the_focus(
    app: Flask, cast: Cast, party: Party
) -> None:
    wrong, asked = {}, 0
    for client, form in list(all_forms(app, cast, party)):
        filled = {tag["name"]: tag.attributes.get("value") or "" for tag in form.fields}
        filled |= {"title": "Party"} if "title" in filled else {}
        for tag in form.fields:
            sent = form.hidden | filled | {tag["name"]: unacceptable(tag)}
            for headers in ({}, HX) if form.by_htmx else ({},):
                answer = client.post(form.action, data=sent, headers=headers)
                asked += 1
                if answer.status_code != 422:
                    wrong[form.action, tag["name"]] = f"answered {answer.status_code}"
                elif found := problem(answer.text, form, tag["name"]):
                    wrong[form.action, tag["name"]] = found

    assert asked > 10
    assert wrong == {}
