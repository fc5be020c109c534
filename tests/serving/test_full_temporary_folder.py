"""A full disk under the temporary folder, where uploads are stored while they arrive."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import RED, draw_photo
from tests.maintenance.test_full_disk import FULL, PROGRAM, Browser, fill, make_room, small_disk
from tests.servers import free_port, server, wait_until_it_serves

pytestmark = pytest.mark.slow

__all__ = ["small_disk"]
MB = 1_000_000


@pytest.mark.parametrize("free_mb", [0, 4, 7])  # nothing, half of a form, one copy
def test_an_upload_that_finds_no_room_there_is_told_so(
    tmp_path: Path, small_disk: Path, free_mb: int
) -> None:
    large = draw_photo(RED) + bytes(6 * MB)
    port = free_port()
    with server(tmp_path / "data", port, ("-c", PROGRAM), TMPDIR=str(small_disk)) as process:
        wait_until_it_serves(process, port)
        host = Browser(port)
        room = make_room(host)
        assert host.upload(room, large, "large.jpg")[0] == 201
        reserve = small_disk / "reserve"
        reserve.write_bytes(bytes(free_mb * MB))
        fill(small_disk)
        reserve.unlink()

        status, answer = host.upload(room, large + b"more", "larger.jpg")

        assert (status, FULL in answer.decode()) == (507, True)
        (small_disk / "someone-elses").unlink()
        assert host.upload(room, large + b"more", "larger.jpg")[0] == 201
        process.kill()
        _, errors = process.communicate()
    assert "Traceback" not in errors
