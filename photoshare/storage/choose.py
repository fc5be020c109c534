"""Choose by the settings where files are kept."""

from __future__ import annotations

from importlib.util import find_spec

from photoshare.config import Settings
from photoshare.errors import SettingError
from photoshare.storage.local import Storage


def open_storage(settings: Settings) -> Storage:
    """Return the storage that the settings name; asks nobody whether it can be reached.

    Raises
    ------
    SettingError
        If they name a bucket, and what it needs is missing or not allowed.
    """
    if not settings.storage:
        return Storage(settings.data, min_free_mb=settings.min_free_mb)
    if find_spec("obstore") is None:
        raise SettingError(
            "PHOTOSHARE_STORAGE names a bucket, which needs the packages of "
            "requirements-scale.txt (docs/scale.md says how to install them)."
        )
    if settings.s3_is_refused:
        raise SettingError(
            f"PHOTOSHARE_S3_ENDPOINT is {settings.s3_endpoint!r}: without https, anyone between "
            "here and there could read the photos. Use https, or set PHOTOSHARE_S3_ALLOW_HTTP=on."
        )
    if bool(settings.s3_access_key_id) != bool(settings.s3_secret_access_key):
        raise SettingError(
            "PHOTOSHARE_S3_ACCESS_KEY_ID and PHOTOSHARE_S3_SECRET_ACCESS_KEY go together; set both "
            "or neither."
        )
    from photoshare.storage.bucket import Bucket  # these import obstore
    from photoshare.storage.s3 import ObjectStorage

    return ObjectStorage(
        settings.data,
        Bucket(settings),
        min_free_mb=settings.min_free_mb,
        cache_bytes=settings.s3_cache_bytes,
        redirects=settings.s3_downloads == "redirect",
    )
