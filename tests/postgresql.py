"""Start Debian's PostgreSQL for the tests: TEST_DATABASE=postgresql, or a fixture of tests/scale.

One cluster per process, in a temporary folder, on a Unix socket; each data folder gets a database
of its own. Nothing waits for the disk: no test cuts the power.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from photoshare.db import known_revisions

IS_CHOSEN = os.environ.get("TEST_DATABASE") == "postgresql"
PROGRAMS = "/usr/lib/postgresql/*/bin"  # Debian's; not in the path
UNPRIVILEGED = "postgres"  # the user whom Debian's package makes: PostgreSQL refuses root
NEW_CLUSTER = (
    *("--no-sync", "--auth=trust", "--username=photoshare"),
    *("--encoding=UTF8", "--locale=C.UTF-8"),
)
# As a new copy, which would take several times as long: every row belongs to a room.
EMPTY = (
    "DELETE FROM room; DELETE FROM attempts; DELETE FROM owner; DELETE FROM owner_session; "
    "SELECT setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences"
)
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",  # in the folder, where a stop at once leaves it
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class Cluster:
    """A running PostgreSQL with the databases of one process of tests."""

    def __init__(self, programs: Path) -> None:
        # Its path is short, as sockets need; in memory, where Linux has a place for that.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self._folder = Path(tempfile.mkdtemp(prefix="pg-", dir=memory))
        self._user = UNPRIVILEGED if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        shutil.chown(self._folder, self._user)
        data = self._folder / "data"
        self._run(programs / "initdb", *NEW_CLUSTER, "-D", data)
        options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", self._folder, *options],
                stdout=subprocess.DEVNULL,
                stderr=log,
                **self._as_user(),
            )
        while self._is_starting():
            time.sleep(0.02)
        self._count = 0
        self._of_folder: dict[Path, str] = {}
        self._kept: set[str] = set()  # which are copied
        self._empty: set[str] = set()  # copies, to be used again and again
        self._free: list[str] = []

    def _as_user(self) -> dict[str, Any]:
        """Return how a program is run as an unprivileged user."""
        if os.geteuid() != 0:
            return {"cwd": self._folder}
        group = pwd.getpwnam(self._user).pw_gid
        return {"user": self._user, "group": group, "extra_groups": [], "cwd": self._folder}

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, **self._as_user()
        )
        assert done.returncode == 0, done.stderr

    def _is_starting(self) -> bool:
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            self.execute("SELECT 1")
        except OSError:
            return True
        return False

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://photoshare@/{name}?host={self._folder}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Execute a statement outside of a transaction."""
        import psycopg

        try:
            connection = psycopg.connect(
                host=str(self._folder), user="photoshare", dbname=database, autocommit=True
            )
        except psycopg.OperationalError as error:
            raise ConnectionError(str(error)) from error
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def new_database(self, template: str = "template0") -> str:
        """Make a database, empty or as another, to which nothing is connected; return its name."""
        self._count += 1
        name = f"d{self._count}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def of_folder(self, data: Path) -> str:
        """Return the address of the database of a data folder; a new folder has an empty one."""
        data = data.absolute()
        if data not in self._of_folder:
            self._of_folder[data] = self.new_database()
        return self.url(self._of_folder[data])

    def copy(self, source: Path, target: Path) -> None:
        """Give a data folder a copy of the empty database of another, which stays as it is."""
        template = self._of_folder[source]
        self._kept.add(template)
        self._of_folder[target] = self._free.pop() if self._free else self.new_database(template)
        self._empty.add(self._of_folder[target])

    def take_back(self) -> None:
        """Empty the databases that are copies, for the next test, and drop all others."""
        for data, name in list(self._of_folder.items()):
            if name in self._kept:
                continue
            if name in self._empty and self._is_whole(name):
                self.execute(EMPTY, name)
                self._free.append(name)
            else:
                self.execute(f"DROP DATABASE {name} WITH (FORCE)")
            del self._of_folder[data]

    def _is_whole(self, name: str) -> bool:
        """Whether a database has the newest schema, which a test of migrations may have left."""
        return self.execute("SELECT version_num FROM alembic_version", name) == [
            (known_revisions()[0],)
        ]

    def stop(self) -> None:
        """Stop the server, without a last write to the disk, and remove its folder."""
        self._process.send_signal(3)  # SIGQUIT: at once
        self._process.wait()
        shutil.rmtree(self._folder)


def environ(data: Path) -> dict[str, str]:
    """Return what a process that uses a data folder has to be told about its database."""
    return {"PHOTOSHARE_DATABASE_URL": cluster().of_folder(data)} if IS_CHOSEN else {}


@cache
def cluster() -> Cluster:
    """Start the cluster of this process; skip the test where PostgreSQL is missing."""
    from tests.tools import find_tool  # not above: it imports tests.conftest, which imports this

    folders = sorted(Path("/").glob(PROGRAMS.removeprefix("/")))
    found = folders[-1] if folders else Path(find_tool("initdb", "postgresql")).parent
    pytest.importorskip("psycopg", reason="requirements-scale.txt is not installed")
    started = Cluster(found)
    atexit.register(started.stop)
    return started
