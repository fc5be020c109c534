"""POST /language, and what the browser's languages change."""

from __future__ import annotations

from io import BytesIO

import pytest
from flask import Flask, request
from flask_babel import force_locale

from photoshare.web.pages.languages import LANGUAGES, page_direction
from tests.conftest import Cast
from tests.helpers import tags_of

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}

HEADINGS = {
    "ar": "إنشاء غرفة",
    "de": "Raum eröffnen",
    "en": "Create a room",
    "es": "Crear una sala",
    "fr": "Créer un salon",
    "hi": "कमरा बनाएँ",
    "pt": "Criar uma sala",
    "zh": "新建房间",
}


def language_of(page: str) -> tuple[str, str]:
    (html,) = tags_of(page, "html")
    return html["lang"], html["dir"]


@pytest.mark.parametrize(
    ("wish", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,en;q=0.5", "de-AT"),
        ("xx,de;q=0.5,en;q=0.9", "en"),
        ("en-GB,de;q=0.9", "en-GB"),
        ("tlh-Klingon, ;;;, " + "x" * 500, "en"),
        ("*", "en"),
        ("de;q=0,en;q=0.5", "en"),  # zero: not this one
        ("de;q=nonsense,fr;q=0.1", "fr"),
        ("de-US,en;q=0.9", "de"),  # a region without a catalogue
        ("ar-EG-u-nu-arab,en;q=0.5", "ar-EG"),
        ("de-CH-1901,en;q=0.5", "de-CH"),
        ("es-419,es;q=0.9", "es-419"),
        ("fr-CA,en-CA;q=0.9", "fr-CA"),
        ("hi-IN,en;q=0.9", "hi-IN"),
        ("pt-BR,en;q=0.9", "pt-BR"),
        ("pt-PT,en;q=0.9", "pt-PT"),  # closer than English, although Brazilian
        ("ja,ko;q=0.9", "en"),
    ],
)
def test_the_browser_chooses_the_language(app: Flask, wish: str, language: str) -> None:
    page = app.test_client().get("/", headers={"Accept-Language": wish}).text

    assert language_of(page) == (language, "rtl" if language.startswith("ar") else "ltr")
    assert f">{HEADINGS[language.partition('-')[0]]}</a>" in page


@pytest.mark.parametrize(
    ("wish", "language"),
    [
        ("zh", "zh"),
        ("zh-CN,en;q=0.9", "zh-Hans-CN"),
        ("zh-SG", "zh-Hans-SG"),
        ("zh-Hans-HK,en;q=0.9", "zh-Hans-HK"),
        ("zh-TW,en;q=0.9", "en"),
        ("zh-HK,de;q=0.9,en;q=0.8", "de"),
        ("zh-Hant,ja;q=0.9", "zh-Hans"),  # we have no other Chinese
        ("zh-TW,zh-Hant;q=0.9", "zh-Hans"),
        ("zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7", "zh"),  # any Chinese before English
        ("hi-Latn,en;q=0.9", "en"),
    ],
)
def test_simplified_chinese_is_for_who_reads_it(app: Flask, wish: str, language: str) -> None:
    page = app.test_client().get("/", headers={"Accept-Language": wish}).text

    assert language_of(page) == (language, "ltr")
    assert f">{HEADINGS[language.partition('-')[0]]}</a>" in page


def test_who_chose_chinese_gets_it_whatever_the_script_of_the_browser(app: Flask) -> None:
    client = app.test_client()
    client.set_cookie("photoshare_language", "zh")

    page = client.get("/", headers={"Accept-Language": "zh-TW,en;q=0.9"}).text

    assert language_of(page) == ("zh", "ltr")


def test_a_choice_counts_more_than_the_browser(app: Flask) -> None:
    client = app.test_client()

    answer = client.post("/language", data={"language": "de", "next": "/rooms/x?page=2"})

    assert (answer.status_code, answer.location) == (303, "/rooms/x?page=2")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert language_of(client.get("/", headers={"Accept-Language": "en-GB"}).text)[0] == "de"
    assert language_of(client.get("/", headers={"Accept-Language": "en,de-CH;q=0.1"}).text)[0] == (
        "de-CH"
    )


@pytest.mark.parametrize("address", ["", "/photos", "/me", "/share", "/jobs/current"])
def test_arabic_pages_read_from_right_to_left(cast: Cast, address: str) -> None:
    page = cast.host.get(cast.url + address, headers={"Accept-Language": "ar"}).text

    assert language_of(page) == ("ar", "rtl")
    assert "الغرفة" in page


def test_names_on_arabic_pages_keep_their_own_direction(cast: Cast) -> None:
    """Between isolation marks, a full stop stays after the name."""
    arabic = {"Accept-Language": "ar"}
    cast.guest.post(f"{cast.url}/me/name", data={"name": "Tom O'Neill Jr."})

    name = "Tom O&#39;Neill Jr."
    assert f">\u2068{name}\u2069</h1>" in cast.guest.get(f"{cast.url}/me", headers=arabic).text
    english = cast.guest.get(f"{cast.url}/me", headers={"Accept-Language": "en"}).text
    assert f">{name}</h1>" in english
    assert "\u2068" not in english


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Names can be up to 60 characters long."),
        ("de", "Namen dürfen bis zu 60 Zeichen lang sein."),
        ("zh-CN", "名字最多 60 个字符。"),
    ],
)
def test_an_error_of_a_service_speaks_the_guests_language(
    cast: Cast, language: str, sentence: str
) -> None:
    answer = cast.guest.post(
        f"{cast.url}/me/name", data={"name": "x" * 61}, headers={"Accept-Language": language}
    )

    assert answer.status_code == 422
    assert sentence in answer.text


def test_a_file_that_is_no_photo_is_refused_in_the_guests_language(cast: Cast) -> None:
    answer = cast.guest.post(
        f"{cast.url}/photos",
        data={"photos": (BytesIO(b"no photo"), "x.jpg")},
        headers={"Accept-Language": "de"},
    )

    assert answer.status_code == 422
    assert "lesbar. Du kannst" in answer.text


@pytest.mark.parametrize(("method", "address"), [("get", "/nowhere"), ("post", "/")])
def test_an_error_page_speaks_the_guests_language(app: Flask, method: str, address: str) -> None:
    answer = getattr(app.test_client(), method)(address, headers={"Accept-Language": "de"})

    assert answer.status_code in (404, 405)
    assert "Diese" in answer.text
    assert "This" not in answer.text


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/x\r\nSet-Cookie: a=b",
        "evil",
        "",
    ],
)
def test_it_leads_to_no_other_site(app: Flask, address: str) -> None:
    answer = app.test_client().post("/language", data={"language": "de", "next": address})

    assert (answer.status_code, answer.location) == (303, "/")


@pytest.mark.parametrize("language", ["", "xx", "../de", "de-AT"])
def test_an_unknown_language_is_refused(app: Flask, language: str) -> None:
    answer = app.test_client().post("/language", data={"language": language})

    assert answer.status_code == 422
    assert "Set-Cookie" not in answer.headers


def test_a_cookie_of_nonsense_does_no_harm(app: Flask) -> None:
    client = app.test_client()
    client.set_cookie("photoshare_language", "../../etc")

    assert language_of(client.get("/", headers=GERMAN).text)[0] == "de-AT"


def test_the_form_offers_every_language_by_its_own_name(cast: Cast) -> None:
    page = cast.guest.get(f"{cast.url}/me?page=1", headers=GERMAN).text

    options = tags_of(page, "option")
    assert [tag["value"] for tag in options] == list(LANGUAGES)
    assert [tag["value"] for tag in options if "selected" in tag.attributes] == ["de"]
    assert LANGUAGES["de"] == "Deutsch"
    assert LANGUAGES["pt"] == "português (Brasil)"
    assert LANGUAGES["zh"] == "中文 (简体)"
    (back,) = tags_of(page, "input", name="next")
    assert back["value"] == f"{cast.url}/me?page=1"


def test_its_way_back_knows_the_url_prefix(app: Flask) -> None:
    page = app.test_client().get("/", environ_overrides={"SCRIPT_NAME": "/photos"}).text

    (back,) = tags_of(page, "input", name="next")
    assert back["value"] == "/photos/"


def test_arabic_is_written_from_right_to_left(app: Flask) -> None:
    with app.test_request_context():
        assert request
        with force_locale("ar"):
            assert page_direction() == "rtl"
        with force_locale("de"):
            assert page_direction() == "ltr"


def test_the_address_takes_only_post_from_its_own_pages(app: Flask) -> None:
    client = app.test_client()

    assert client.get("/language").status_code == 405
    foreign = {"Sec-Fetch-Site": "cross-site"}
    answer = client.post("/language", data={"language": "de"}, headers=foreign)
    assert answer.status_code == 403
