"""Browsers inside messengers are told to open the invitation in a real browser."""

from __future__ import annotations

import pytest

from tests.conftest import Cast
from tests.helpers import tags_of

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile "
HINT = "phone's own browser"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (IPHONE + "Mobile/15E148 [FBAN/FBIOS;FBAV/470.0]", "Facebook"),
        (IPHONE + "Mobile/15E148 [FBAN/MessengerForiOS;FBAV/470.0]", "Messenger"),
        (IPHONE + "Mobile/15E148 Instagram 339.0 (iPhone15,2)", "Instagram"),
        (IPHONE + "Mobile/15E148 Safari Line/14.9.0", "LINE"),
        (ANDROID + "Safari/537.36 WhatsApp/2.24", "WhatsApp"),
        (ANDROID + "MicroMessenger/8.0.49", "WeChat"),
        (ANDROID.replace("Pixel 8)", "Pixel 8; wv)") + "Safari/537.36", "inside another app"),
    ],
)
def test_the_browser_of_a_messenger_gets_the_hint(cast: Cast, agent: str, name: str) -> None:
    page = cast.stranger.get(f"{cast.url}?next=people", headers={"User-Agent": agent}).text

    assert HINT in page
    assert name in page
    (link,) = tags_of(page, "input", id="page-link")
    assert link["value"] == f"http://localhost{cast.url}?next=people"
    intents = [tag["href"] for tag in tags_of(page, "a") if tag["href"].startswith("intent:")]
    is_android = "Android" in agent
    assert len(intents) == is_android
    assert all(f"localhost{cast.url}?next=people#Intent;scheme=http;" in one for one in intents)


@pytest.mark.parametrize(
    "agent", ["", IPHONE + "Version/17.5 Mobile/15E148 Safari/604.1", ANDROID + "Safari/537.36"]
)
def test_a_real_browser_gets_none(cast: Cast, agent: str) -> None:
    assert HINT not in cast.stranger.get(cast.url, headers={"User-Agent": agent}).text
