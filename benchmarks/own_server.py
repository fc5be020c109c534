"""Start a separate server for a measurement: on loopback, a free port and its own data folder."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent


class OwnServer:
    """The server in its own process; in a ``with`` block it runs from `start` to the end.

    Parameters
    ----------
    data : Path
        Its data folder, empty.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.environ = {**os.environ, "PHOTOSHARE_DATA": str(data), "PYTHONPATH": str(ROOT)}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    def make_room(self) -> dict[str, str]:
        """Create a room by command line; return its ``code``, ``guest_url`` and ``host_url``."""
        command = "-m flask --app app rooms create --title Measured"
        done = subprocess.run(
            [sys.executable, *command.split()],
            env=self.environ,
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        links = json.loads(done.stdout)
        return {name: link.replace(":8000", f":{self.port}") for name, link in links.items()}

    def start(self) -> None:
        """Start the server, and wait until it serves."""
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), str(self.port)],
            env=self.environ,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def stop(self) -> None:
        """Stop the server in order."""
        self.process.terminate()
        self.process.wait()

    def __enter__(self) -> OwnServer:
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.stop()


def memory_mb(process_id: int, field: str) -> float:
    """Read VmRSS (now) or VmHWM (peak) of a process in MB; 0 if it has ended, or not on Linux."""
    try:
        status = Path(f"/proc/{process_id}/status").read_text()
    except OSError:
        return 0
    found = re.search(rf"{field}:\s+(\d+)", status)
    return int(found[1]) * 1024 / 1e6 if found else 0
