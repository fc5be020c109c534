"""A running server says where it is, and so do the commands beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from photoshare.services.addresses import Listening, find_listening
from tests.conftest import ROOT
from tests.servers import free_port, server, wait_until_it_serves

pytestmark = pytest.mark.slow


def create_room(data: Path) -> dict[str, str]:
    """Create a room on the command line; return what it prints."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "rooms", "create", "--title", "Party"],
        env={**os.environ, "PHOTOSHARE_DATA": str(data)},
        capture_output=True,
        text=True,
        check=True,
    )
    links: dict[str, str] = json.loads(done.stdout)
    return links


def test_links_of_the_command_line_have_the_port_of_the_running_server(tmp_path: Path) -> None:
    port = free_port()
    with server(tmp_path, port) as process:
        wait_until_it_serves(process, port)
        assert process.stdout is not None
        second_line = process.stdout.readline()
        listening = find_listening(tmp_path)
        links = create_room(tmp_path)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)

    assert listening == Listening("127.0.0.1", port)
    assert links["guest_url"].startswith(f"http://127.0.0.1:{port}/rooms/")
    assert links["host_url"].startswith(f"http://127.0.0.1:{port}/rooms/")
    assert second_line.startswith("Phones can't reach it yet: ./run.sh --host 0.0.0.0")
    assert find_listening(tmp_path) is None
