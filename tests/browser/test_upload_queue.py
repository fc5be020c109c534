"""The upload queue: whatever happens, every photo ends up safe or says why not."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import signal
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, Route, expect

from tests.browser.conftest import QUICK_ENVIRON, QUICK_SERVER
from tests.fakes import RED, draw_photo
from tests.servers import free_port, server, wait_until_it_serves

pytestmark = pytest.mark.browser

SAFE_MS = 30_000  # upper bound for a few photos on a slow machine, including waits for the server
IS_ASKED = """() => {
    const leaving = new Event("beforeunload", {cancelable: true});
    window.dispatchEvent(leaving);
    return leaving.defaultPrevented;
}"""


@pytest.fixture(scope="module")
def small_photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("small")
    for number in range(6):
        (folder / f"{number}.jpg").write_bytes(draw_photo(RED, seed=number))
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def large_photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo of seven pieces."""
    path = tmp_path_factory.mktemp("large") / "large.png"
    noise = np.random.default_rng(5).integers(0, 256, (1500, 1500, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path, compress_level=0)
    assert 6_000_000 < path.stat().st_size < 7_000_000
    return path


class OwnServer:
    """A server that a test may kill and restart, with its own room."""

    def __init__(self, data: Path, **environ: str) -> None:
        self.data = data
        self._environ = environ
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        self._running = server(self.data, self.port, QUICK_SERVER, **QUICK_ENVIRON, **self._environ)
        self.process = self._running.__enter__()
        wait_until_it_serves(self.process, self.port)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._running.__exit__(None, None, None)


@pytest.fixture
def own_server(tmp_path: Path, empty_data: Path) -> Iterator[OwnServer]:
    shutil.copytree(empty_data, tmp_path / "data")
    running = OwnServer(tmp_path / "data", PHOTOSHARE_PIECE_MB="1")
    yield running
    running.kill()


@pytest.fixture
def open_room(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a new room of a server, as its host; script errors fail the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_room(address: str, **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{address}/rooms")
        page.get_by_label("Title").fill("Queue party")
        page.get_by_role("button", name="Create the room").click()
        page.get_by_role("link", name="Room", exact=True).click()
        expect(page.locator(".upload.has-queue")).to_be_visible()
        return page

    yield open_room
    for context in contexts:
        context.close()
    assert problems == []


def choose(page: Page, *files: Path) -> None:
    page.locator("input[type=file]").set_input_files(files)


def summary(page: Page) -> Locator:
    return page.locator(".upload-summary")


def hashes_in_room(page: Page) -> set[str]:
    answer = page.request.get(f"{page.url}/photos.zip")
    with zipfile.ZipFile(io.BytesIO(answer.body())) as archive:
        return {hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


def hashes_of(*files: Path) -> set[str]:
    return {hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_each_photo_is_a_request_of_its_own_and_few_go_at_once(
    open_room: Callable[..., Page], address: str, small_photos: list[Path]
) -> None:
    page = open_room(address)
    under_way: set[Request] = set()
    most, count = 0, 0

    def began(request: Request) -> None:
        nonlocal most, count
        if request.method == "POST" and request.url.endswith("/photos"):
            under_way.add(request)
            most, count = max(most, len(under_way)), count + 1

    page.on("request", began)
    page.on("requestfinished", lambda request: under_way.discard(request))

    choose(page, *small_photos)

    expect(summary(page)).to_have_text("6 photos added", timeout=SAFE_MS)
    assert count == 6
    assert 2 <= most <= 3
    assert hashes_in_room(page) == hashes_of(*small_photos)


def test_a_choice_is_answered_at_once(
    open_room: Callable[..., Page], address: str, small_photos: list[Path]
) -> None:
    page = open_room(address)
    page.route("**/uploads/known", lambda route: None)  # hashing and asking take forever

    choose(page, *small_photos)

    expect(summary(page)).to_have_text("Preparing your photos…")
    assert page.evaluate(IS_ASKED)
    page.unroute("**/uploads/known")


def test_photos_that_the_room_has_are_not_sent_again(
    open_room: Callable[..., Page], address: str, small_photos: list[Path]
) -> None:
    page = open_room(address)
    choose(page, *small_photos[:4])
    expect(summary(page)).to_have_text("4 photos added", timeout=SAFE_MS)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))

    choose(page, *small_photos)

    expect(summary(page)).to_have_text("2 photos added · 4 were here already", timeout=SAFE_MS)
    assert len([url for url in sent if re.fullmatch("POST .*/photos", url)]) == 2
    assert not page.evaluate(IS_ASKED)


def test_a_lost_connection_pauses_and_goes_on_by_itself(
    open_room: Callable[..., Page], address: str, small_photos: list[Path]
) -> None:
    page = open_room(address)
    page.context.set_offline(True)

    choose(page, *small_photos)
    expect(summary(page)).to_contain_text(
        "0 of 6 photos uploaded · No connection. The upload resumes by itself"
    )
    assert page.evaluate(IS_ASKED)
    page.context.set_offline(False)

    expect(summary(page)).to_have_text("6 photos added", timeout=SAFE_MS)
    assert not page.evaluate(IS_ASKED)


@pytest.mark.parametrize("status", [200, 502])
def test_the_page_of_a_proxy_or_of_a_wifi_login_is_no_success(
    open_room: Callable[..., Page], address: str, small_photos: list[Path], status: int
) -> None:
    page = open_room(address)
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method == "POST" and len(lost) < 3:
            lost.append(route.request.url)
            route.fulfill(status=status, body="<h1>Please log in</h1>", content_type="text/html")
        else:
            route.continue_()

    page.route("**/photos", lose)

    choose(page, *small_photos[:3])

    expect(summary(page)).to_have_text("3 photos added", timeout=SAFE_MS)
    assert len(lost) == 3
    assert hashes_in_room(page) == hashes_of(*small_photos[:3])


def test_retry_failed_sends_only_those(
    open_room: Callable[..., Page], address: str, small_photos: list[Path], tmp_path: Path
) -> None:
    page = open_room(address)
    no_photo = tmp_path / "no.jpg"
    no_photo.write_bytes(b"\xff\xd8\xff no photo")
    sent: list[str] = []

    def refuse(route: Route) -> None:
        body = route.request.post_data_buffer or b""
        if route.request.method != "POST":
            route.continue_()
            return
        names = re.findall(rb'filename="([^"]+)"', body)
        sent.extend(name.decode() for name in names)
        if is_full and names[0] in (b"1.jpg", b"2.jpg"):
            route.fulfill(
                status=507,
                body='<p class="message is-error">This room is full.</p>',
                content_type="text/html",
            )
        else:
            route.continue_()

    is_full = True
    page.route("**/photos", refuse)
    choose(page, *small_photos, no_photo)
    expect(summary(page)).to_have_text(
        "4 photos added · 1 not accepted, see below · 2 failed, see below", timeout=SAFE_MS
    )
    expect(page.locator(".upload-list li")).to_have_count(3)
    expect(page.locator(".upload-list")).to_contain_text("This file can't be read as a photo")
    assert page.evaluate(IS_ASKED)
    is_full, first = False, sorted(sent)
    sent.clear()

    page.get_by_role("button", name="Retry failed photos").click()

    expect(summary(page)).to_have_text(
        "6 photos added · 1 not accepted, see below", timeout=SAFE_MS
    )
    assert first == ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg", "no.jpg"]
    assert sorted(sent) == ["1.jpg", "2.jpg"]
    expect(page.get_by_role("button", name="Retry failed photos")).to_be_hidden()
    assert not page.evaluate(IS_ASKED)


def test_a_large_file_goes_in_pieces_and_on_after_kill_9(
    open_room: Callable[..., Page],
    own_server: OwnServer,
    small_photos: list[Path],
    large_photo: Path,
) -> None:
    page = open_room(own_server.address)
    offsets: list[int] = []

    def watch(request: Request) -> None:
        found = re.search(r"/uploads/\d+\?offset=(\d+)", request.url)
        if found:
            offsets.append(int(found[1]))

    def is_far(_request: Request) -> bool:
        return len(offsets) >= 3

    page.on("request", watch)
    with page.expect_event("request", is_far, timeout=SAFE_MS):
        choose(page, large_photo)
    own_server.kill()
    before = len(offsets)
    expect(summary(page)).to_contain_text("No connection", timeout=SAFE_MS)
    choose(page, *small_photos[:2])  # more of them meanwhile
    own_server.start()

    expect(summary(page)).to_have_text("3 photos added", timeout=2 * SAFE_MS)
    assert max(offsets[:before]) >= 2_000_000
    assert min(offsets[before:]) >= 1_000_000  # not from the beginning
    assert hashes_in_room(page) == hashes_of(large_photo, *small_photos[:2])
    assert list(own_server.data.rglob("pieces/*")) == []


def test_pieces_become_smaller_until_they_fit(
    open_room: Callable[..., Page], tmp_path: Path, large_photo: Path
) -> None:
    """The server itself acts as a proxy that allows 1 MB per request, nginx's default."""
    narrow = OwnServer(tmp_path / "data", PHOTOSHARE_MAX_UPLOAD_MB="1")
    try:
        page = open_room(narrow.address)

        choose(page, large_photo)

        expect(summary(page)).to_have_text("1 photo added", timeout=2 * SAFE_MS)
        assert hashes_in_room(page) == hashes_of(large_photo)
    finally:
        narrow.kill()


def test_without_hashing_nothing_is_asked_and_pieces_go_on(
    open_room: Callable[..., Page], own_server: OwnServer, large_photo: Path
) -> None:
    """As on plain http in a home network, where crypto.subtle is missing."""
    page = open_room(own_server.address)
    page.add_init_script("Object.defineProperty(globalThis.crypto, 'subtle', {value: undefined})")
    page.reload()
    expect(page.locator(".upload.has-queue")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    with page.expect_event(
        "request", lambda request: "offset=2000000" in request.url, timeout=SAFE_MS
    ):
        choose(page, large_photo)
    own_server.kill()
    own_server.start()

    expect(summary(page)).to_have_text("1 photo added", timeout=2 * SAFE_MS)
    assert not [url for url in asked if url.endswith("/known")]
    assert hashes_in_room(page) == hashes_of(large_photo)


def test_a_file_that_the_device_still_fetches_is_waited_for(
    open_room: Callable[..., Page], address: str, small_photos: list[Path]
) -> None:
    page = open_room(address)
    page.evaluate(
        """() => {
            const slice = Blob.prototype.slice;
            let failures = 2;
            Blob.prototype.slice = function (...args) {
                if (this.name === "1.jpg" && failures > 0) {
                    failures -= 1;
                    throw new DOMException("not there yet", "NotReadableError");
                }
                return slice.apply(this, args);
            };
        }"""
    )

    choose(page, *small_photos[:3])

    expect(page.locator(".upload-list")).to_contain_text("still fetching this photo")
    expect(summary(page)).to_have_text("3 photos added", timeout=SAFE_MS)


def test_fifty_photos_of_a_phone_with_the_screen_kept_awake(
    open_room: Callable[..., Page], address: str, tmp_path: Path
) -> None:
    page = open_room(address, viewport={"width": 390, "height": 844}, has_touch=True)
    page.add_init_script(
        """(() => {
            globalThis.locks = [];
            const request = async (kind) => {
                const lock = new EventTarget();
                lock.release = async () => {
                    locks.push("released");
                    lock.dispatchEvent(new Event("release"));
                };
                locks.push(kind);
                return lock;
            };
            Object.defineProperty(navigator, "wakeLock", {value: {request}});
        })()"""
    )
    page.reload()
    expect(page.locator(".upload.has-queue")).to_be_visible()
    files = []
    for number in range(50):
        files.append(tmp_path / f"IMG_{number:04}.JPG")
        files[-1].write_bytes(draw_photo(RED, seed=1000 + number))

    choose(page, *files)

    expect(summary(page)).to_have_text("50 photos added", timeout=3 * SAFE_MS)
    assert page.evaluate("locks") == ["screen", "released"]
    field = page.locator("input[type=file]")
    assert field.evaluate("(input) => input.isConnected && input.files.length") == 50
    assert field.get_attribute("capture") is None
    assert field.get_attribute("multiple") is not None
    assert page.evaluate("document.documentElement.scrollWidth") == 390
