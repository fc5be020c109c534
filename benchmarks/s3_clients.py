"""Compare obstore with s3fs against moto on loopback: time, and processor time of this process.

``python benchmarks/s3_clients.py obstore`` or ``... s3fs``, in an environment of its own with
obstore, s3fs and moto[server]; ADR 21 has the results.
"""

from __future__ import annotations

import io
import os
import resource
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

MB = 10**6
SMALL, PHOTO, LARGE = (os.urandom(size) for size in (60_000, 4 * MB, 40 * MB))
PART_BYTES = 8 << 20
LISTED = 1300


class Obstore:
    """Calls of obstore."""

    def __init__(self, endpoint: str) -> None:
        import obstore
        from obstore.store import S3Store

        self.library: Any = obstore
        self.store = S3Store(
            "bench",
            config={
                "endpoint": endpoint,
                "region": "us-east-1",
                "access_key_id": "x",
                "secret_access_key": "y",
            },
            client_options={"allow_http": True},
        )

    def put(self, key: str, content: bytes) -> None:
        """Write an object in one request."""
        self.library.put(self.store, key, content, use_multipart=False)

    def get(self, key: str) -> bytes:
        """Read an object."""
        return bytes(self.library.get(self.store, key).bytes())

    def get_range(self, key: str, start: int, stop: int) -> bytes:
        """Read a part of an object."""
        return bytes(self.library.get_range(self.store, key, start=start, end=stop))

    def count(self, prefix: str) -> int:
        """Count the objects below a prefix."""
        return sum(len(page) for page in self.library.list(self.store, prefix))

    def put_in_parts(self, key: str, content: bytes) -> None:
        """Write an object in parts, two at once."""
        file = io.BytesIO(content)
        how = {"use_multipart": True, "chunk_size": PART_BYTES, "max_concurrency": 2}
        self.library.put(self.store, key, file, **how)


class S3fs:
    """The same calls of s3fs."""

    def __init__(self, endpoint: str) -> None:
        import s3fs

        self.files = s3fs.S3FileSystem(
            key="x",
            secret="y",
            endpoint_url=endpoint,
            skip_instance_cache=True,
            use_listings_cache=False,
        )

    def put(self, key: str, content: bytes) -> None:
        """Write an object in one request."""
        self.files.pipe_file(f"bench/{key}", content, chunksize=1 << 30)

    def get(self, key: str) -> bytes:
        """Read an object."""
        return bytes(self.files.cat_file(f"bench/{key}"))

    def get_range(self, key: str, start: int, stop: int) -> bytes:
        """Read a part of an object."""
        return bytes(self.files.cat_file(f"bench/{key}", start=start, end=stop))

    def count(self, prefix: str) -> int:
        """Count the objects below a prefix."""
        return len(self.files.find(f"bench/{prefix}"))

    def put_in_parts(self, key: str, content: bytes) -> None:
        """Write an object in parts, two at once."""
        how = {"chunksize": PART_BYTES, "max_concurrency": 2}
        self.files.pipe_file(f"bench/{key}", content, **how)


def run(name: str, count: int, call: Callable[[int], object], threads: int = 1) -> None:
    """Call something often, in some threads, and print what each call took."""
    used, began = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(call, range(count)))
    wall_ms = (time.perf_counter() - began) / count * 1000
    used_ms = (time.process_time() - used) / count * 1000
    print(f"{name:28} {wall_ms:8.2f} ms each {used_ms:8.2f} ms of the processor")


def main() -> None:
    """Start moto, measure one library, and stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    moto = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        make_bucket(endpoint)
        used = time.process_time()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        client = S3fs(endpoint) if sys.argv[1] == "s3fs" else Obstore(endpoint)
        client.put("first", b"x")
        grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
        print(f"import and first call: {time.process_time() - used:.2f} s, {grown_mb} MB")
        measure(client)
    finally:
        moto.kill()
        moto.wait()


def make_bucket(endpoint: str) -> None:
    """Make the bucket as soon as moto answers."""
    request = urllib.request.Request(f"{endpoint}/bench", method="PUT")
    while True:
        try:
            urllib.request.urlopen(request).close()
        except OSError:
            time.sleep(0.1)
        else:
            return


def measure(client: Obstore | S3fs) -> None:
    """Put, get and list objects of three sizes."""
    run("put 60 kB", 200, lambda n: client.put(f"s/{n}", SMALL))
    run("put 4 MB", 20, lambda n: client.put(f"p/{n}", PHOTO))
    run("get 60 kB", 200, lambda n: client.get(f"s/{n}"))
    run("get 4 MB", 20, lambda n: client.get(f"p/{n}"))
    run("get 4 MB in 8 threads", 40, lambda n: client.get(f"p/{n % 20}"), 8)
    run("range of 1 MB", 50, lambda n: client.get_range(f"p/{n % 20}", MB, 2 * MB))
    for number in range(LISTED):
        client.put(f"l/{number}", b"x")
    run(f"list {LISTED}", 5, lambda _: client.count("l"))
    run("40 MB in parts", 3, lambda n: client.put_in_parts(f"m/{n}", LARGE))


if __name__ == "__main__":
    main()
