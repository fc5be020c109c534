"""The names of all files sent by the real server: RFC 6266 and 8187."""

# ruff: noqa: RUF001 - letters of many scripts are what this is about

from __future__ import annotations

import hashlib
import io
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import unquote

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import update
from werkzeug.http import parse_options_header

from photoshare.db import db
from photoshare.models import Guest, Person, Photo
from photoshare.services.take_home.packing import pack_room
from photoshare.services.take_home.room_file import Choice
from photoshare.web.answers.downloads import MAX_NAME_BYTES, content_disposition
from photoshare.web.pages.languages import LANGUAGES
from photoshare.web.site import site_of
from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import make_own_link, set_title_and_end, tags_of
from tests.live import Answer, LiveServer, serving
from tests.web.conftest import Party

NAMES = [
    "Party",
    'plain "quoted" 100%.25',
    "Anna’s wedding",
    "Hochzeit Müller",
    "Wesele Łukasza i Żanety",
    "Свадьба Ольги",
    "حفل زفاف",
    "חתונה של דנה",
    "शादी की पार्टी क्\u200dष",
    "婚礼",
    "結婚式パーティー",
    "งานแต่งงาน",
    "Tom 💍👩‍👩‍👧🏳️‍🌈",
    "Screenshot 2026-05-01 at 9.41.07\u202fPM",
    "\u200fابن\u200e Lea \u2067x\u2069",
    "婚" * 120,
    "نادي" * 30,
]


@pytest.fixture
def live(app: Flask) -> Iterator[LiveServer]:
    with serving(app) as server:
        yield server


def name_of(answer: Answer) -> str:
    """Read the name under which a browser saves an answer, and check its characters."""
    header = answer.headers["Content-Disposition"]
    assert header.isascii()
    kind, options = parse_options_header(header)
    assert kind == "attachment"
    charset, _, encoded = header.partition("filename*=")[2].partition("''")
    name = unquote(encoded, errors="strict")
    assert (charset, options["filename"]) == ("UTF-8", name)  # Werkzeug reads the longer one
    fallback = header.partition('filename="')[2].partition('"')[0]
    if not fallback:
        fallback = header.partition("filename=")[2].partition(";")[0]
    for text in (name, fallback):
        assert 0 < len(text.encode()) <= MAX_NAME_BYTES == 255
        assert text.rpartition(".")[2] == name.rpartition(".")[2]
        assert text.rpartition(".")[0].strip()
    assert name == name.strip()
    assert not any(unicodedata.bidirectional(letter) in ("RLO", "LRO") for letter in name)
    return name


def call_everything(app: Flask, cast: Cast, party: Party, name: str) -> None:
    """Give the room, its guests, a person and a photo this name."""
    with app.app_context():
        set_title_and_end(cast.room_id, name, None)
        db.session.execute(update(Person).where(Person.id == party.red).values(name=name))
        db.session.execute(update(Guest).values(name=name))
        db.session.execute(
            update(Photo).where(Photo.id == party.photos["a.jpg"]).values(file_name=f"{name}.JPEG")
        )
        db.session.commit()


def test_every_route_that_sends_a_file_names_it_in_every_script(
    app: Flask, cast: Cast, party: Party, live: LiveServer
) -> None:
    photo_id = party.photos["a.jpg"]
    photo = f"{cast.url}/photos/{photo_id}/{party.digests['a.jpg']}"
    cast.guest.post(f"{cast.url}/me/person", data={"person": party.red})
    shared = make_own_link(cast.guest, cast.url, "album")
    endings = {
        f"{shared}/album.zip": ".zip",
        f"{shared}/photos/{photo_id}/{party.digests['a.jpg']}/download": ".JPEG",
        f"{photo}/download": ".JPEG",
        f"{photo}/original": ".JPEG",
        f"{cast.url}/photos.zip": ".zip",
        f"{cast.url}/photos.zip?exact=1": ".zip",
        f"{cast.url}/people/{party.red}/album.zip": ".zip",
        f"{cast.url}/people/{party.blue}/album.zip": ".zip",
        f"{cast.url}/photos.zip?people={party.red},{party.blue}&match=all": ".zip",
        f"{cast.url}/photos.zip?people={party.red}&match=any": ".zip",
        f"{cast.url}/photos.zip?photos={photo_id}": ".zip",
        f"{cast.url}/qr.png": ".png",
        f"{cast.url}/qr.svg": ".svg",
        f"/api/v1/photos/{photo_id}/original": ".JPEG",
        "/api/v1/zip": ".zip",
        f"/api/v1/people/{party.red}/zip": ".zip",
    }
    page = cast.host.post(f"{cast.url}/tokens", data={"name": "Backup", "read": "1"}).text
    (token,) = tags_of(page, "input", id="token")
    bearer = f"Bearer {token['value']}"
    for number, name in enumerate(NAMES):
        call_everything(app, cast, party, name)
        with app.app_context():
            pack = pack_room(cast.room_id, Choice(), site_of(app).storage)
        assert pack is not None
        language = sorted(LANGUAGES)[number % len(LANGUAGES)]
        taken_home = {f"{cast.url}/take-home/{pack.stamp}.zip": ".zip"}
        for url, ending in (endings | taken_home).items():
            for method in ("GET", "HEAD"):
                answer = live.ask(
                    cast.host, url, method=method, Accept_Language=language, Authorization=bearer
                )

                assert answer.status == 200, (url, language, name)
                assert name_of(answer).endswith(ending), (url, language, name)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_the_words_in_a_name_are_sent_in_every_language(
    cast: Cast, party: Party, live: LiveServer, language: str
) -> None:
    """In Hindi, Arabic and Chinese, even "album" and "selected" are not ASCII."""
    photo_id = party.photos["a.jpg"]
    paths = [f"/people/{party.blue}/album.zip", f"/photos.zip?photos={photo_id}"]
    paths.append(f"/photos.zip?people={party.red},{party.blue}&match=all")
    for path in paths:
        answer = live.ask(cast.guest, cast.url + path, Accept_Language=language)

        assert answer.status == 200
        assert name_of(answer).startswith("Party - ")


def test_every_route_that_sends_a_file_is_walked_above(app: Flask) -> None:
    """A new one has to be added there."""
    senders = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.endswith((".zip", "/zip", "/download", "/original")) or "/qr." in rule.rule
    }

    assert senders == {
        "albums.room_zip",
        "albums.person_zip",
        "shared_album.album_zip",
        "shared_album.download",
        "photos.download",
        "photos.original",
        "rooms.qr_code",
        "api.original",
        "api.room_zip",
        "api.person_zip",
        "take_home.download",
    }


def test_a_photo_that_guests_get_as_a_copy_is_named_in_every_script(
    cast: Cast, add_photo: Callable[..., int], live: LiveServer
) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), RED).save(buffer, "TIFF", big_tiff=True)
    photo_id = add_photo(cast.room_id, buffer.getvalue(), "फ़ोटो’.tif")
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()[:16]

    answer = live.ask(cast.guest, f"{cast.url}/photos/{photo_id}/{digest}/download")

    assert (answer.status, name_of(answer)) == (200, "फ़ोटो’.tif.jpg")


def test_a_photo_comes_back_under_the_name_it_was_sent_with(
    cast: Cast, live: LiveServer, add_photo: Callable[..., int]
) -> None:
    for seed, name in enumerate(NAMES):
        content = draw_photo(RED, seed=seed)
        photo_id = add_photo(cast.room_id, content, f"{name}.jpg")
        digest = hashlib.sha256(content).hexdigest()[:16]

        sent = name_of(live.ask(cast.guest, f"{cast.url}/photos/{photo_id}/{digest}/download"))

        assert letters_of(name).startswith(letters_of(sent.removesuffix(".jpg")))
        assert len(letters_of(sent)) > min(len(letters_of(name)), 50)


def letters_of(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    return "".join(letter for letter in composed if unicodedata.category(letter)[0] in "LN")


@pytest.mark.parametrize(
    ("name", "fallback"),
    [
        ("Party.zip", "Party.zip"),
        ("Anna’s wedding.zip", "Anna_s wedding.zip"),
        ("Hochzeit Müller.zip", "Hochzeit Muller.zip"),
        ("100%25.zip", "100_25.zip"),
        ("婚礼.zip", "download.zip"),
        ("Tom 💍.zip", "Tom _.zip"),
        ("é" * 200 + ".jpeg", "e" * 250 + ".jpeg"),
    ],
)
def test_old_programs_get_a_name_of_ascii(name: str, fallback: str) -> None:
    header = content_disposition(name)

    assert parse_options_header(header.partition("; filename*")[0])[1]["filename"] == (
        fallback if len(fallback) < 100 else "e" * 125 + ".jpeg"
    )


@settings(derandomize=True, deadline=None)
@given(stem=st.text(max_size=300), ending=st.sampled_from([".jpg", ".zip", ".jpeg", ""]))
def test_every_header_is_ascii_and_short_whatever_the_name(stem: str, ending: str) -> None:
    header = content_disposition(stem + ending)

    assert header.isascii()
    assert header.isprintable()
    name = unquote(header.partition("filename*=UTF-8''")[2], errors="strict")
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert name.endswith(ending)
