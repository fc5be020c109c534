"""Read and write the objects of one bucket through obstore; the only module that imports it.

obstore retries what S3 asks to retry. What still fails is one sentence: a `StorageError`, whose
`reason` is for whoever runs the server.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import obstore
from obstore import exceptions
from obstore.store import S3Store

from photoshare.config.s3 import S3Settings
from photoshare.disk import sync
from photoshare.errors import storage_error

log = logging.getLogger(__name__)

# An object up to this size is one request, which can say "unless it exists". Memory for one upload.
SINGLE_PUT_BYTES = 16 << 20
PART_BYTES = 8 << 20  # of larger ones; S3 allows 10,000 parts of at least 5 MiB
PARTS_AT_ONCE = 2  # 16 MB in memory, like a single request
READ_BYTES = 1 << 20
CONNECT_S, READ_S = "3s", "20s"  # without a sign of life
TOTAL_S = "15m"  # for the largest photo over a slow line
RETRIES, RETRY_S = 3, 10  # busy (503) and broken connections
# After a failure nobody else waits for the same: every call fails at once for this long.
PAUSE_S = 3.0
NO_BUCKET = "NoSuchBucket"
NO_KEY = "no key"  # in the settings; obstore asks the machine then, at this path
_KEY_OF_MACHINE = "/latest/api/token"
REFUSED = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_CAUSE = re.compile(r" - (?:HTTP error: )?([^\n<]+)")


@dataclass(frozen=True, slots=True)
class Entry:
    """An object as a listing shows it."""

    key: str
    size_bytes: int
    modified: float  # seconds since the epoch, by S3's clock


class Bucket:
    """A bucket, or the part of it under a prefix.

    Parameters
    ----------
    settings : S3Settings
        With `storage`; what they leave open comes from the usual ``AWS_*`` variables, or from the
        role of the machine.
    """

    def __init__(self, settings: S3Settings) -> None:
        name, _, prefix = settings.storage.removeprefix("s3://").partition("/")
        self.name, self.where = name, settings.s3_endpoint or "Amazon S3"
        config: dict[str, Any] = {
            "endpoint": settings.s3_endpoint,
            "region": settings.s3_region,
            "access_key_id": settings.s3_access_key_id,
            "secret_access_key": settings.s3_secret_access_key,
        }
        self._store = S3Store(
            name,
            prefix=prefix or None,
            config={key: value for key, value in config.items() if value},
            client_options={
                "allow_http": settings.s3_is_plain,
                "connect_timeout": CONNECT_S,
                "read_timeout": READ_S,
                "timeout": TOTAL_S,
            },
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_S)},
        )
        self._failing_until = 0.0  # by the monotonic clock
        self._reason = ""
        self.is_unreachable = False  # when it failed last: else it answered, and refused us
        self._has_conditions = True  # else it is S3-like, and can't put "unless it exists"

    @property
    def is_pausing(self) -> bool:
        """Whether it has just failed, so that nobody asks it now."""
        return time.monotonic() < self._failing_until

    def put(self, key: str, content: bytes) -> str | None:
        """Write an object; return its version if the bucket keeps old ones."""
        with self._calling(key):
            result = obstore.put(self._store, key, content, use_multipart=False)
            version = result.get("version")
            return None if version == "null" else version
        raise AssertionError

    def put_new(
        self,
        key: str,
        source: Path | bytes,
        size_bytes: int,
        attributes: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Write an object unless it is there with this size already.

        Keys of originals are the hashes of their bytes, so one of the same size is the same.

        Parameters
        ----------
        attributes : mapping
            Headers with which S3 answers who reads it by a signed address.
        """
        if size_bytes <= SINGLE_PUT_BYTES and self._has_conditions:
            content = source if isinstance(source, bytes) else source.read_bytes()
            with contextlib.suppress(exceptions.AlreadyExistsError), self._calling(key):
                if self._create(key, content, attributes):
                    return
        if (there := self.size_of(key)) == size_bytes:
            return
        if there is not None:
            log.warning("Object %s has %d bytes, not %d; writing it again", key, there, size_bytes)
        with self._calling(key):
            if size_bytes <= SINGLE_PUT_BYTES:
                obstore.put(
                    *(self._store, key, source), attributes=dict(attributes), use_multipart=False
                )
            else:
                obstore.put(
                    *(self._store, key, source),
                    attributes=dict(attributes),
                    use_multipart=True,
                    chunk_size=PART_BYTES,
                    max_concurrency=PARTS_AT_ONCE,
                )

    def _create(self, key: str, content: bytes, attributes: Mapping[str, str]) -> bool:
        """Put "unless it exists" (`If-None-Match: *`); return False if this S3 can't."""
        try:
            obstore.put(
                *(self._store, key, content),
                attributes=dict(attributes),
                mode="create",
                use_multipart=False,
            )
        except exceptions.BaseError as error:
            if "NotImplemented" not in str(error):
                raise
            self._has_conditions = False
            return False
        return True

    def read(self, key: str) -> bytes:
        """Return a small object.

        Raises
        ------
        FileNotFoundError
            If there is none.
        """
        with self._calling(key):
            return bytes(obstore.get(self._store, key).bytes())
        raise AssertionError

    def size_of(self, key: str) -> int | None:
        """Return the size of an object in bytes; None if there is none."""
        try:
            with self._calling(key):
                return int(obstore.head(self._store, key)["size"])
        except FileNotFoundError:
            return None

    def download(self, key: str, target: Path) -> str:
        """Write an object to a new file, synced to the disk; return its SHA-256.

        Raises
        ------
        FileNotFoundError
            If there is none.
        """
        digest = hashlib.sha256()
        with self._calling(key):
            blocks = obstore.get(self._store, key).stream(min_chunk_size=READ_BYTES)
            with target.open("xb") as file:
                for block in blocks:
                    digest.update(block)
                    file.write(block)
                file.flush()
                sync(file.fileno())
        return digest.hexdigest()

    def list(self, prefix: str) -> Iterator[Entry]:
        """List the objects below a prefix, which ends where a part of the key does."""
        with self._calling(prefix):
            for page in obstore.list(self._store, prefix):
                for one in page:
                    yield Entry(one["path"], one["size"], one["last_modified"].timestamp())

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects, a thousand in a request; those that are not there are no error."""
        if keys:
            with self._calling(keys[0]):
                obstore.delete(self._store, keys)

    def delete_below(self, prefix: str, *, having: str = "") -> None:
        """Delete the objects below a prefix, or of these such with a text in their key."""
        some: list[str] = []
        for entry in self.list(prefix):
            if having not in entry.key:
                continue
            some.append(entry.key)
            if len(some) == 1000:
                self.delete(some)
                some = []
        self.delete(some)

    def signed_address(self, key: str, *, seconds: int) -> str:
        """Return an address from which anyone can read an object for a while."""
        return str(obstore.sign(self._store, "GET", key, timedelta(seconds=seconds)))

    @contextlib.contextmanager
    def _calling(self, key: str) -> Iterator[None]:
        """Turn whatever obstore raises into our errors; don't even try while it is failing."""
        if self.is_pausing:
            raise storage_error(self._reason)
        try:
            yield
        except exceptions.AlreadyExistsError:
            raise
        except (FileNotFoundError, exceptions.BaseError, TimeoutError, ConnectionError) as error:
            cause = _cause(error)
            if isinstance(error, FileNotFoundError) and cause != NO_BUCKET:
                raise FileNotFoundError(errno.ENOENT, "there is no such object", key) from None
            reason = self._sentence(cause)
            if not self.is_pausing:
                log.error("%s", reason)
            self.is_unreachable = cause not in (NO_BUCKET, NO_KEY, *REFUSED)
            self._reason, self._failing_until = reason, time.monotonic() + PAUSE_S
            raise storage_error(reason) from None

    def _sentence(self, cause: str) -> str:
        if cause == NO_BUCKET:
            return (
                f"There's no bucket {self.name} at {self.where}. Create it, or correct "
                "PHOTOSHARE_STORAGE and PHOTOSHARE_S3_ENDPOINT."
            )
        if cause == NO_KEY:
            return (
                f"There's no key to the bucket {self.name}. Set PHOTOSHARE_S3_ACCESS_KEY_ID and "
                "PHOTOSHARE_S3_SECRET_ACCESS_KEY."
            )
        if cause in REFUSED:
            return (
                f"{self.where} refuses the key to the bucket {self.name} ({cause}). Correct "
                "PHOTOSHARE_S3_ACCESS_KEY_ID and PHOTOSHARE_S3_SECRET_ACCESS_KEY, or let the key "
                "list, read, write and delete in it."
            )
        return (
            f"The bucket {self.name} at {self.where} can't be reached ({cause}). Check the network "
            "and PHOTOSHARE_S3_ENDPOINT."
        )


def _cause(error: BaseException) -> str:
    """Find out in a few words why a request failed: S3's code, or what the network said."""
    text = str(error)
    if _KEY_OF_MACHINE in text:
        return NO_KEY
    if isinstance(error, exceptions.PermissionDeniedError | exceptions.UnauthenticatedError):
        found = _CODE.search(text)
        return found[1] if found and found[1] in REFUSED else REFUSED[0]
    if (found := _CODE.search(text)) or (found := _CAUSE.search(text)):
        return found[1].strip()
    return type(error).__name__
