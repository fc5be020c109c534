"""What can't be taken is said by name before its bytes are sent; the rest goes on."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.fakes import RED, draw_photo, psd
from tests.raws import draw_dng, draw_raw

pytestmark = pytest.mark.browser

SAFE_MS = 30_000
LARGE_MB = 61
NO_PREVIEW = "This RAW file has no picture in it that is large enough to be shown."
OTHER_RAW = "This kind of RAW file can't be taken. Please add the JPEG of it, or a DNG."


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


MOVIE_HEAD = box(b"ftyp", b"qt  \0\0\0\0qt  ")
LIST_WITHOUT_TRACKS = box(b"moov", box(b"mvhd", bytes(100)))
LIST = box(b"moov", box(b"mvhd", bytes(100)) + box(b"trak", bytes(50)))
# By name: what is in it, and what is said about it.
BAD: dict[str, tuple[bytes, str]] = {
    "notes.pdf": (b"%PDF-1.7", "This isn't a photo or a video."),
    "letter.jpg": (b"Dear Lea,", "This isn't a photo or a video."),
    "poster.psd": (psd(), ".psd files can't be taken."),
    "old.mkv": (b"\x1aE\xdf\xa3" + bytes(99), ".mkv files can't be taken."),
    "empty.jpg": (b"", "This file is empty."),
    "SDIM0001.X3F": (b"FOVb" + bytes(99), OTHER_RAW),
    "small.dng": (draw_dng(size=(800, 600)), NO_PREVIEW),
    "small2.dng": (draw_dng(size=(800, 600), is_thumbnail_first=False), NO_PREVIEW),
    "IMG_0001.MOV": (
        MOVIE_HEAD + LIST_WITHOUT_TRACKS + box(b"mdat", bytes(999)),
        "This video is incom",
    ),
    "IMG_0002.mp4": (MOVIE_HEAD + box(b"mdat", bytes(999)), "This video is incom"),
    "IMG_0003.mp4": (MOVIE_HEAD + LIST + box(b"mdat", bytes(999))[:500], "This video is incom"),
}
GOOD = {
    "a.jpg": draw_photo(RED, seed=1),
    "no ending": draw_photo(RED, seed=2),
    "wrong.pdf": draw_photo(RED, seed=3),  # in fact a photo
    "first.dng": draw_dng(is_thumbnail_first=True),
    "last.dng": draw_dng(is_thumbnail_first=False),
    "DSC_0815.NEF": draw_raw("NEF"),
}


@pytest.fixture
def open_room(open_page: Callable[..., Page], address: str) -> Callable[..., Page]:
    def open_room(**options: object) -> Page:
        page = open_page(**options)
        page.goto(f"{address}/rooms")
        page.get_by_label("Title").fill("Bad files")
        page.get_by_role("button", name="Create the room").click()
        page.get_by_role("link", name="Room", exact=True).click()
        expect(page.locator(".upload.has-queue")).to_be_visible()
        return page

    return open_room


def written(folder: Path, files: dict[str, bytes]) -> list[Path]:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


def sent_names(page: Page) -> list[str]:
    """Return a list to which the name of every file that is sent is added."""
    names: list[str] = []

    def note(route: Route) -> None:
        body = route.request.post_data_buffer or b""
        names.extend(name.decode() for name in re.findall(rb'filename="([^"]+)"', body))
        names.extend(name.decode() for name in re.findall(rb"file_name=([^&]+)", body))
        route.continue_()

    page.route("**/photos", note)
    page.route("**/uploads", note)
    return names


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_cannot_be_taken_is_named_and_never_sent(
    open_room: Callable[..., Page],
    tmp_path: Path,
    take_screenshot: Callable[[Page, str], None],
    scheme: str,
) -> None:
    width = 390 if scheme == "dark" else 1280
    page = open_room(viewport={"width": width, "height": 844}, color_scheme=scheme)
    sent = sent_names(page)
    bad = written(tmp_path, {name: content for name, (content, _) in BAD.items()})
    with (tmp_path / "large.jpg").open("wb") as large:
        large.write(b"\xff\xd8\xff")
        large.truncate(LARGE_MB * 1_000_000)
    good = written(tmp_path, GOOD)

    page.locator("input[type=file]").set_input_files([*bad, tmp_path / "large.jpg", *good])

    of_all = f"{len(GOOD)} photos added · {len(BAD) + 1} not accepted, see below"
    expect(page.locator(".upload-summary")).to_have_text(of_all, timeout=SAFE_MS)
    expect(page.locator(".upload-spoken")).to_have_text(of_all)
    said = {
        row.locator(".file-name").inner_text(): row.locator(".upload-note").inner_text()
        for row in page.locator(".upload-list li").all()
    }
    take_screenshot(page, f"acceptable-{scheme}")
    assert said.pop("large.jpg") == "This file is larger than 60 MB."
    assert said.keys() == BAD.keys()
    assert {name for name in said if not said[name].startswith(BAD[name][1])} == set()
    assert sorted(sent) == sorted(GOOD)
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_dropped_and_pasted_files_are_judged_as_well(
    open_room: Callable[..., Page], way: str
) -> None:
    page = open_room()
    sent = sent_names(page)

    page.evaluate(
        """([way, photo]) => {
            const files = new DataTransfer();
            files.items.add(new File(["%PDF-1.7"], "notes.pdf", {type: "application/pdf"}));
            files.items.add(new File([new Uint8Array(photo)], "a.jpg", {type: "image/jpeg"}));
            const event = way === "drop"
                ? new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true})
                : new ClipboardEvent("paste", {clipboardData: files, bubbles: true});
            document.body.dispatchEvent(event);
        }""",
        [way, list(draw_photo(RED, seed=5))],
    )

    expect(page.locator(".upload-summary")).to_have_text(
        "1 photo added · 1 not accepted, see below", timeout=SAFE_MS
    )
    expect(page.locator(".upload-list li")).to_have_text("notes.pdfThis isn't a photo or a video.")
    assert sent == ["a.jpg"]


def test_a_mouse_gets_endings_and_a_phone_its_picker(
    open_room: Callable[..., Page], address: str
) -> None:
    """One ending that Android doesn't know would replace its picker of photos by one of files."""
    with_mouse = open_room().locator("input[type=file]").get_attribute("accept") or ""
    phone = open_room(has_touch=True, is_mobile=True)
    with_finger = phone.locator("input[type=file]").get_attribute("accept") or ""

    assert {".cr3", ".jpeg", ".mov", ".heic", ".rw2"} <= set(with_mouse.split(","))
    assert {one for one in with_finger.split(",") if one.startswith(".")} == {
        *(".heic", ".heif", ".avif")
    }
    assert {"image/*", "video/*", "image/heic"} <= set(with_finger.split(","))
