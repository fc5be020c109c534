"""Messages about what was done, with Undo, on the next page."""

from __future__ import annotations

import pytest
from flask import Flask, flash, render_template

from photoshare.errors import NotFoundError
from photoshare.services.people import room_people
from photoshare.web.answers.toasts import toast
from tests.conftest import Cast
from tests.helpers import HX, tags_of


@pytest.fixture
def page(app: Flask) -> str:
    with app.test_request_context():
        toast("Two people are one now.", undo_url="/rooms/x/undo/7")
        toast("<b>Saved</b>")
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
        toast("Hidden.", undo_url="/undo")
        part = render_template("_toasts_added.html")

    assert tags_of(part, "div")[0]["hx-swap-oob"] == "beforeend:#toasts"
    assert tags_of(part, "form", action="/undo")


SAID = "Your name is saved."


@pytest.mark.parametrize("headers", [None, HX, {"Sec-Fetch-Dest": "image"}])
@pytest.mark.parametrize(
    "path", ["/faces/999.jpg", "/people/999", "/nowhere", "/delete", "/me/name"]
)
def test_an_error_on_the_way_swallows_nothing(
    cast: Cast, path: str, headers: dict[str, str] | None
) -> None:
    """A page that is being left still requests pictures and partials."""
    cast.guest.post(f"{cast.url}/me/name", data={"name": "Gusti"})

    answer = cast.guest.get(cast.url + path, headers=headers)

    assert answer.status_code in (403, 404, 405)
    assert "Set-Cookie" not in answer.headers  # it might arrive after that of the next page
    assert SAID in cast.guest.get(f"{cast.url}/me").text
    assert SAID not in cast.guest.get(f"{cast.url}/me").text


def test_a_stranger_to_the_page_hears_of_it_on_the_next(cast: Cast) -> None:
    cast.guest.post(f"{cast.url}/leave")
    assert cast.guest.get(f"{cast.url}/share").status_code == 404

    assert "You&#39;ve left “Party” on this device." in cast.guest.get("/").text


@pytest.mark.parametrize(("path", "headers"), [("/people", None), ("/me", HX)])
def test_a_page_that_fails_midway_says_nothing_but_the_next_one_does(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, path: str, headers: dict[str, str] | None
) -> None:
    cast.guest.post(f"{cast.url}/me/name", data={"name": "Gusti"})

    def fail(*_: object, **__: object) -> str:
        assert SAID in render_template("_flash.html")  # taken, and then
        raise NotFoundError("This person no longer exists.")

    with monkeypatch.context() as patch:
        patch.setattr(room_people, "list_people", fail)
        answer = cast.guest.get(cast.url + path, headers=headers)

    assert answer.status_code == 404
    assert SAID not in answer.text
    assert SAID in cast.guest.get(f"{cast.url}/me").text
