"""Notice the browsers inside messengers, which forget cookies and cannot save photos or zips."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request

from photoshare.web.pages.links import absolute_url

# What each app adds to the User-Agent of its own browser. An Android app that adds nothing is known
# by "wv", as Android's documentation of WebView says.
APPS = {
    "Messenger": r"FBAN/Messenger|MessengerForiOS|Orca-Android",
    "Instagram": r"Instagram",
    "Facebook": r"FBAN|FBAV|FB_IAB",
    "WhatsApp": r"WhatsApp",
    "LINE": r"\bLine/",
    "WeChat": r"MicroMessenger",
    "Snapchat": r"Snapchat",
    "TikTok": r"BytedanceWebview|musical_ly|TikTok",
    "Telegram": r"Telegram",
    "KakaoTalk": r"KAKAOTALK",
    "LinkedIn": r"LinkedInApp",
    "X": r"Twitter for",
    "": r"; wv\)",
}


@dataclass(frozen=True, slots=True)
class InAppBrowser:
    """The browser inside an app.

    Attributes
    ----------
    name : str
        The app's; empty if it does not say.
    address : str
        Of this page, to open it elsewhere.
    intent : str or None
        An address with which Android opens the page in the phone's own browser.
    """

    name: str
    address: str
    intent: str | None


def in_app_browser() -> InAppBrowser | None:
    """Return the browser inside an app that asks for this page; None for a real one."""
    agent = request.headers.get("User-Agent", "")
    name = next((name for name, sign in APPS.items() if re.search(sign, agent)), None)
    if name is None:
        return None
    query = f"?{request.query_string.decode('ascii', 'replace')}" if request.query_string else ""
    address = absolute_url("rooms.index").rstrip("/") + request.path + query
    scheme, _, rest = address.partition("://")
    is_android = "Android" in agent and urlsplit(address).hostname is not None
    action = f"scheme={scheme};action=android.intent.action.VIEW"
    return InAppBrowser(
        name, address, f"intent://{rest}#Intent;{action};end" if is_android else None
    )
