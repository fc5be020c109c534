"""The time of a file, as the guest's phone shows it, comes with the file."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.fakes import RED, draw_photo

pytestmark = pytest.mark.browser


def test_the_time_of_a_file_is_that_of_its_device(
    open_page: Callable[..., Page], address: str, tmp_path: Path
) -> None:
    path = tmp_path / "saved.jpg"
    path.write_bytes(draw_photo(RED))
    changed = datetime(2026, 8, 15, 5, 50, tzinfo=UTC).timestamp()
    os.utime(path, (changed, changed))
    page = open_page(timezone_id="Asia/Tokyo")
    page.goto(f"{address}/rooms")
    page.get_by_label("Title").fill("When")
    page.get_by_role("button", name="Create the room").click()
    url = page.get_by_label("Guest link").input_value()

    page.goto(f"{url}/settings")
    expect(page.get_by_label("Time zone of the event")).to_have_value("Asia/Tokyo")
    page.goto(url)
    page.locator("input[type=file]").set_input_files(path)
    expect(page.locator(".upload-summary")).to_have_text("1 photo added")
    page.goto(f"{url}/photos/1")
    expect(page.locator("time[datetime='2026-08-15T14:50:00']")).to_be_visible()
