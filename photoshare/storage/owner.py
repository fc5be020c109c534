"""Whose a bucket is: two installations in one would each sweep what the other has stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photoshare.errors import StartError
from photoshare.storage.keys import OWNER_KEY

if TYPE_CHECKING:  # a package that the default install lacks
    from photoshare.storage.bucket import Bucket


def claim(bucket: Bucket, owner: str) -> None:
    """Make a bucket ours, or see that it is.

    Parameters
    ----------
    bucket : Bucket
    owner : str
        Tells installations apart.

    Raises
    ------
    StartError
        If it is another's.
    StorageError
        If it can't be reached.
    """
    if bucket.size_of(OWNER_KEY) is None:
        bucket.put_new(OWNER_KEY, owner.encode(), len(owner))
    if bucket.read(OWNER_KEY).decode(errors="replace") != owner:
        raise StartError(
            f"The bucket {bucket.name} belongs to another PhotoShare, or the key that signs the "
            "cookies has changed. Give each its own prefix in PHOTOSHARE_STORAGE; if this one is "
            f"yours, delete the object {OWNER_KEY} in it."
        )
