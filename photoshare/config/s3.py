"""The settings of a bucket that keeps the photos; `photoshare.config.Settings` includes them."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from photoshare.config.values import HIDDEN, new_setting, one_of

# Of names of buckets, by Amazon's rules; of keys, what needs no encoding anywhere.
_ADDRESS = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*")
_LEAST_CACHE_MB = 200  # three of the largest photos, and as much for their pictures
_MOST_CACHE_MB = 10_000_000
_MB = 10**6


def _storage(text: str) -> str:
    text = text.rstrip("/")
    if text and not _ADDRESS.fullmatch(text):
        raise ValueError("s3://bucket or s3://bucket/prefix, or empty for the data folder")
    return text


def _endpoint(text: str) -> str:
    parts = urlsplit(text)
    if text and not (
        parts.scheme in ("http", "https")
        and parts.hostname
        and parts.path in ("", "/")
        and not (parts.query or parts.username)
    ):
        raise ValueError("an address such as https://s3.example.org, or empty for Amazon's")
    return text.rstrip("/")


def _region(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]*", text):
        raise ValueError("a word such as eu-central-1, or empty")
    return text


def _key(text: str) -> str:
    if re.search(r"\s", text):  # of a file with both keys, or a cut line
        raise ValueError("one word, or empty")
    return text


def _cache_mb(text: str) -> int:
    if not (text.isascii() and text.isdigit() and _LEAST_CACHE_MB <= int(text) <= _MOST_CACHE_MB):
        raise ValueError(f"a whole number from {_LEAST_CACHE_MB} to {_MOST_CACHE_MB}")
    return int(text)


@dataclass(frozen=True, kw_only=True)  # without slots, which two bases of a class cannot have
class S3Settings:
    """Where photos are kept, if not in the data folder (docs/scale.md)."""

    storage: str = new_setting(
        "",
        _storage,
        "address",
        "the bucket that keeps the photos: s3://bucket/prefix (docs/scale.md); if not set, the "
        "data folder does",
    )
    s3_endpoint: str = new_setting(
        "",
        _endpoint,
        "address",
        "where S3 is, if it isn't Amazon's: https://s3.example.org",
    )
    s3_region: str = new_setting(
        "", _region, "word", "the region of the bucket; if not set, AWS_REGION or us-east-1"
    )
    s3_access_key_id: str = new_setting(
        "",
        _key,
        HIDDEN,
        "the name of the key to the bucket; if not set, AWS_ACCESS_KEY_ID or the role of the "
        "machine",
    )
    s3_secret_access_key: str = new_setting("", _key, HIDDEN, "the key to the bucket")
    s3_allow_http: str = new_setting(
        "off",
        one_of("off", "on"),
        "word",
        "whether an S3 on another machine may be spoken to without https: anyone between the two "
        "can read the photos then",
    )
    s3_downloads: str = new_setting(
        "server",
        one_of("server", "redirect"),
        "word",
        "who sends exact originals: the server, which checks every byte, or (redirect) the bucket, "
        "by an address that anyone can use for a minute",
    )
    s3_cache_mb: int = new_setting(
        4000,
        _cache_mb,
        "MB",
        "how much of the bucket is kept in the data folder for the next request: half of it "
        "originals, half of it pictures",
    )

    @property
    def s3_cache_bytes(self) -> int:
        """`s3_cache_mb` in bytes."""
        return self.s3_cache_mb * _MB

    @property
    def s3_is_plain(self) -> bool:
        """Whether S3 is spoken to without https."""
        return self.s3_endpoint.startswith("http:")

    @property
    def s3_is_refused(self) -> bool:
        """Whether S3 would have to be spoken to without https, which is not allowed."""
        return self.s3_is_plain and self.s3_allow_http == "off" and not self._is_loopback()

    def _is_loopback(self) -> bool:
        host = urlsplit(self.s3_endpoint).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"
