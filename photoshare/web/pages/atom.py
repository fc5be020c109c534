"""Write an Atom feed of photos (RFC 4287).

With the XML writer of Python: feeds of feedgen are the same dozen elements, and it brings lxml, a
library in C of 5 MB, to write them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree

from markupsafe import Markup

ATOM = "http://www.w3.org/2005/Atom"
# What XML 1.0 has no way to write, not even escaped (section 2.2).
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class FeedPhoto:
    """A photo in a feed.

    Attributes
    ----------
    key : str
        What distinguishes it from all others of the feed, for ever.
    title : str
    page_url, picture_url : str
        Absolute.
    added_at : datetime
        By UTC.
    """

    key: str
    title: str
    page_url: str
    picture_url: str
    added_at: datetime


def write_feed(
    *,
    key: str,
    title: str,
    page_url: str,
    feed_url: str,
    made_at: datetime,
    photos: Iterable[FeedPhoto],
) -> bytes:
    """Write a feed.

    Parameters
    ----------
    key : str
        What distinguishes it from all others, for ever.
    title : str
    page_url, feed_url : str
        Absolute: the page whose feed it is, and its own.
    made_at : datetime
        By UTC; when it was last changed, if it has no photo.
    photos : iterable of FeedPhoto
        The newest first.
    """
    photos = list(photos)
    feed = ElementTree.Element("feed", xmlns=ATOM)
    _add(feed, "id", _urn(key))
    _add(feed, "title", title)
    _add(feed, "updated", _time(max((photo.added_at for photo in photos), default=made_at)))
    _add(_add(feed, "author"), "name", "PhotoShare")
    _add(feed, "link", rel="alternate", type="text/html", href=page_url)
    _add(feed, "link", rel="self", type="application/atom+xml", href=feed_url)
    for photo in photos:
        entry = _add(feed, "entry")
        _add(entry, "id", _urn(f"{key} {photo.key}"))
        _add(entry, "title", photo.title)
        _add(entry, "updated", _time(photo.added_at))
        _add(entry, "link", rel="alternate", type="text/html", href=photo.page_url)
        picture = Markup('<a href="{}"><img src="{}" alt="{}"></a>')
        html = picture.format(photo.page_url, photo.picture_url, photo.title)
        _add(entry, "content", str(html), type="html")
    content: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return content


def _add(
    parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str
) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, name, attributes)
    element.text = None if text is None else _NOT_IN_XML.sub("", text)
    return element


def _urn(key: str) -> str:
    return uuid5(NAMESPACE_URL, f"photoshare {key}").urn


def _time(time: datetime) -> str:
    return time.replace(tzinfo=UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
