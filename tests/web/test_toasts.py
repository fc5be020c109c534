"""Sentences that tell what was done, with a way to take it back, on the page that comes next."""

from __future__ import annotations

import pytest
from flask import Flask, flash, render_template

from photoshare.web.toasts import say
from tests.helpers import tags_of


@pytest.fixture
def page(app: Flask) -> str:
    with app.test_request_context():
        say("Two people are one now.", undo_url="/rooms/x/undo/7")
        say("<b>Saved</b>")
        flash("A plain one.")
        return render_template("_flash.html")


def test_every_sentence_is_a_toast_and_never_a_tag(page: str) -> None:
    toasts = [tag for tag in tags_of(page, "div") if "toast" in tag["class"].split()]

    assert len(toasts) == 3
    for sentence in ("Two people are one now.", "&lt;b&gt;Saved&lt;/b&gt;", "A plain one."):
        assert f"<p>{sentence}</p>" in page
    assert tags_of(page, "b") == []


def test_what_can_be_taken_back_has_a_form_that_needs_no_script(page: str) -> None:
    (form,) = tags_of(page, "form")

    assert (form["method"], form["action"]) == ("post", "/rooms/x/undo/7")
    assert ">Undo</button>" in page


def test_the_region_tells_screen_readers(page: str) -> None:
    (region,) = tags_of(page, "div", id="toasts")

    assert region["role"] == "status"


def test_htmx_adds_one_to_the_region(app: Flask) -> None:
    with app.test_request_context():
        say("Hidden.", undo_url="/undo")
        part = render_template("_toasts_added.html")

    assert tags_of(part, "div")[0]["hx-swap-oob"] == "beforeend:#toasts"
    assert tags_of(part, "form", action="/undo")
