"""The real server with its photos in a bucket, behind a line that is cut, and killed with -9."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import io
import json
import re
import signal
import subprocess
import threading
import time
import urllib.error
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import pytest

pytest.importorskip("obstore", reason="obstore is in requirements-scale.txt")

from photoshare.storage.bucket import Bucket
from tests.conftest import ROOT
from tests.fakes import BLUE, GREEN, RED, draw_photo
from tests.helpers import tags_of
from tests.jobs.test_upload_survives_kill import Browser, make_room
from tests.scale.s3_server import KEY, S3, checked, environ_of
from tests.servers import free_port, server, wait_until_it_serves
from tests.tools import flask
from tests.web.downloads.test_download import photo_with_place

pytestmark = pytest.mark.scale

PROGRAM = (str(ROOT / "tests/scale/serve_with_squares.py"),)
FORM = "application/x-www-form-urlencoded"
DEADLINE_S = 30
SECONDS = 10  # of a request: what waits for the bucket would take longer


class Host(Browser):
    """The host of a room, whose answers may be errors."""

    def ask(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        request = urllib.request.Request(self._root + path, headers=headers)
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                return answer.status, lowered(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, lowered(error.headers), error.read()

    def files(self, room: str) -> list[tuple[str, int]]:
        return [tuple(one) for one in json.loads(self.send(f"{room}/photos/files"))]

    def post(self, path: str, form: bytes = b"") -> bytes:
        with self._opener.open(
            urllib.request.Request(self._root + path, form, {"Content-Type": FORM}), timeout=60
        ) as answer:
            return bytes(answer.read())


def lowered(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@dataclass
class Party:
    """A server whose photos are in a bucket, and what a test needs of it."""

    s3: S3
    settings: dict[str, object]
    data: Path
    port: int
    host: Host
    room: str = ""

    @property
    def environ(self) -> dict[str, str]:
        return environ_of(self.settings)

    @contextlib.contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        with server(self.data, self.port, PROGRAM, **self.environ) as process:
            wait_until_it_serves(process, self.port)
            self.room = self.room or make_room(self.host)
            yield process

    def objects(self) -> list[str]:
        """List the bucket by another way than the server's line."""
        straight = self.settings | {"s3_endpoint": f"http://127.0.0.1:{self.s3.direct_port}"}
        return sorted(entry.key for entry in Bucket(checked(straight)).list("rooms"))

    def originals(self) -> set[str]:
        return {key.rpartition("/")[2] for key in self.objects() if "/originals/" in key}

    def forget_cache(self) -> None:
        for kind in ("originals/*", "derived/[!.]*"):
            for path in (self.data / "cache").glob(f"*/{kind}"):
                path.unlink(missing_ok=True)

    def note_of(self, content: bytes) -> Path:
        """Name the file that says that a photo of the first room has to go."""
        return self.data / "to-delete" / f"1-{sha256_of(content)}"

    def files_with(self, sha256: str) -> list[Path]:
        return [path for path in self.data.rglob("*") if sha256 in path.name]


@pytest.fixture
def party(s3: S3, tmp_path: Path) -> Party:
    port = free_port()
    settings = s3.settings(tmp_path, piece_mb=1)
    return Party(s3, settings, tmp_path, port, Host(port))


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def send_in_pieces(party: Party, content: bytes, name: str) -> None:
    form = f"file_name={name}&modified=1&size={len(content)}".encode()
    headers = party.host.headers_of(f"{party.room}/uploads", form, FORM)
    place, offset = headers["Location"], int(headers["Upload-Offset"])
    while offset < len(content):
        body = content[offset : offset + 1_000_000]
        answer = party.host.headers_of(f"{place}?offset={offset}", body, "application/octet-stream")
        offset = int(answer.get("Upload-Offset", len(content)))


def zip_of(party: Party, path: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(party.host.send(party.room + path))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_party_is_held_in_a_bucket(party: Party) -> None:
    photos = {f"{n}.jpg": draw_photo(RED, BLUE, seed=n, width=300 + n) for n in range(4)}
    large = draw_photo(RED, GREEN, width=4000, height=300, image_format="BMP")
    with party.running() as process:
        for name, content in photos.items():
            party.host.upload(party.room, content, name)
        send_in_pieces(party, large, "large.bmp")
        everything = {*map(sha256_of, photos.values()), sha256_of(large)}
        assert party.originals() == everything

        until(lambda: len(people_of(party)) == 2)
        pictures = picture_addresses(party)
        assert len(pictures) >= 5
        warm = {url: party.host.send(url) for url in [*pictures, *face_addresses(party)]}
        party.forget_cache()
        assert {url: party.host.send(url) for url in warm} == warm

        person = people_of(party)[0]
        party.forget_cache()
        album = zip_of(party, f"/people/{person}/album.zip")
        assert set(album.values()) <= {*photos.values(), large}
        party.forget_cache()
        assert set(zip_of(party, "/photos.zip?exact").values()) == {*photos.values(), large}

        party.forget_cache()
        address = next(url for url, size in party.host.files(party.room) if size == len(large))
        status, headers, part = party.host.ask(address, Range="bytes=1000-1999")
        assert (status, part) == (206, large[1000:2000])
        assert headers["content-range"] == f"bytes 1000-1999/{len(large)}"

        photo = address.rpartition("/")[0]
        tile = party.host.ask(f"{photo}/tiles/1/0-0.webp")
        assert (tile[0], tile[2][8:12]) == (200, b"WEBP")
        assert "storage: ok" in party.host.send("/healthz").decode()
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)
    assert KEY not in log
    assert "Traceback" not in log


def people_of(party: Party) -> list[str]:
    page = party.host.send(f"{party.room}/people").decode()
    return sorted(set(re.findall(r"/people/(\d+)\b", page)))


def picture_addresses(party: Party) -> list[str]:
    page = party.host.send(f"{party.room}/photos").decode()
    sources = [tag.attributes.get("src", "") for tag in tags_of(page, "img")]
    return [source for source in sources if ".webp" in source or ".jpg" in source]


def face_addresses(party: Party) -> list[str]:
    page = party.host.send(f"{party.room}/people").decode()
    return sorted(set(re.findall(r"/rooms/[\w-]+/faces/\d+\.jpg", page)))


def test_what_was_deleted_is_gone_from_bucket_and_disk(party: Party) -> None:
    first, second = (draw_photo(RED, seed=n, width=300) for n in range(2))
    with party.running():
        for number, content in enumerate((first, second)):
            party.host.upload(party.room, content, f"{number}.jpg")
        address = party.host.files(party.room)[0][0]
        for url in picture_addresses(party):
            party.host.send(url)
        until(lambda: len(people_of(party)) == 1)

        photo_id = re.search(r"/photos/(\d+)/", address)
        assert photo_id is not None
        party.host.post(f"{party.room}/photos/{photo_id[1]}/delete")
        party.host.post(f"{party.room}/bin/empty")
        until(lambda: len(party.originals()) == 1)
        gone = ({sha256_of(first), sha256_of(second)} - party.originals()).pop()
        until(lambda: not [key for key in party.objects() if gone in key])
        until(lambda: not party.files_with(gone))

        party.host.post(f"{party.room}/delete", b"title=Party")
        party.host.post(f"{party.room}/deleted/now")
        until(lambda: party.objects() == [])
        until(lambda: not party.files_with(sha256_of(second)))


def test_acknowledged_uploads_are_in_the_bucket_after_kill_9(party: Party) -> None:
    photos = {f"{n}.jpg": draw_photo(RED, seed=n, width=300 + n) for n in range(30)}
    acknowledged: list[str] = []
    was_enough = threading.Event()

    def upload_all() -> None:
        for name, content in photos.items():
            try:
                party.host.upload(party.room, content, name)
            except (OSError, http.client.HTTPException):
                return  # the server is dead
            acknowledged.append(name)
            if len(acknowledged) == 8:
                was_enough.set()

    with party.running() as process:
        guest = threading.Thread(target=upload_all)
        guest.start()
        assert was_enough.wait(timeout=60)
        process.send_signal(signal.SIGKILL)
        guest.join(timeout=60)
    party.forget_cache()
    assert {sha256_of(photos[name]) for name in acknowledged} <= party.originals()

    with party.running():
        kept = zip_of(party, "/photos.zip?exact")
        party.host.upload(party.room, photos["29.jpg"], "29.jpg")

    assert set(acknowledged) <= set(kept)
    assert all(photos[name] == content for name, content in kept.items())


def test_a_deletion_that_was_killed_is_finished_at_the_next_start(party: Party) -> None:
    with party.running() as process:
        for number in range(3):
            party.host.upload(party.room, draw_photo(RED, seed=number), f"{number}.jpg")
        before = party.objects()
        party.s3.line.cut()
        party.host.post(f"{party.room}/delete", b"title=Party")
        party.host.post(f"{party.room}/deleted/now")
        assert party.host.ask(party.room)[0] == 404, "for everyone it is gone"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert set(before) <= set(party.objects())  # and what the search has added since
    party.s3.line.is_cut = False

    with party.running():
        until(lambda: party.objects() == [])


def test_a_photo_whose_deletion_was_killed_goes_at_the_next_start(party: Party) -> None:
    photo = draw_photo(RED, seed=1)
    with party.running() as process:
        party.host.upload(party.room, photo, "a.jpg")
        found = re.search(r"/photos/(\d+)/", party.host.files(party.room)[0][0])
        assert found is not None
        party.s3.line.cut()
        party.host.post(f"{party.room}/photos/{found[1]}/delete")
        party.host.post(f"{party.room}/bin/empty")
        until(lambda: party.files_with(sha256_of(photo)) == [party.note_of(photo)])
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert party.originals() == {sha256_of(photo)}
    party.s3.line.is_cut = False

    with party.running():
        until(lambda: party.objects() == [])
        until(lambda: party.files_with(sha256_of(photo)) == [])


def test_a_bucket_out_of_reach_stops_neither_pages_nor_what_is_cached(party: Party) -> None:
    photo, later = draw_photo(RED, seed=1), draw_photo(RED, seed=2)
    with party.running():
        party.host.upload(party.room, photo, "a.jpg")
        (picture,) = picture_addresses(party)
        party.host.send(picture)
        party.s3.line.cut()

        with pytest.raises(urllib.error.HTTPError) as refusal:
            party.host.upload(party.room, later, "b.jpg")
        refusal.value.close()
        assert refusal.value.code == 503
        assert refusal.value.headers["Retry-After"]
        assert party.host.ask(picture)[0] == 200
        assert party.host.ask(party.host.files(party.room)[0][0])[2] == photo
        assert party.host.ask(f"{party.room}/photos")[0] == 200
        until(lambda: "storage: failing" in party.host.ask("/healthz")[2].decode())
        assert party.host.ask("/healthz")[0] == 200
        assert party.originals() == {sha256_of(photo)}

        party.s3.line.is_cut = False
        until(lambda: "storage: ok" in party.host.ask("/healthz")[2].decode())
        party.host.upload(party.room, later, "b.jpg")
        assert party.originals() == {sha256_of(photo), sha256_of(later)}
        until(lambda: len(people_of(party)) == 1)


def test_an_exact_original_is_read_from_the_bucket_if_the_settings_say_so(party: Party) -> None:
    """By the host, who alone gets it: a guest's copy is cleaned on the way, by the server."""
    photo = photo_with_place()
    party.settings["s3_downloads"] = "redirect"
    with party.running():
        party.host.upload(party.room, photo, "Müller.jpg")
        address = party.host.files(party.room)[0][0]
        clean = party.host.ask(address)
        exact = party.host.ask(address.replace("/download", "/original"))
        connection = http.client.HTTPConnection("127.0.0.1", party.port, timeout=SECONDS)
        with contextlib.closing(connection):
            connection.request("GET", address.replace("/download", "/original"))
            stranger = connection.getresponse().status

    assert (clean[0], exact[0], stranger) == (200, 200, 404)
    assert exact[2] == photo
    assert exact[1]["content-type"] == "image/jpeg"
    assert exact[1]["content-disposition"] == "attachment; filename*=UTF-8''M%C3%BCller.jpg"
    assert clean[2] != photo
    assert "server" in exact[1], "moto says who it is, PhotoShare doesn't"
    assert "server" not in clean[1]


def test_a_zip_that_waits_for_the_bucket_keeps_nobody_waiting(party: Party) -> None:
    photos = [draw_photo(RED, seed=n, width=300 + n) for n in range(6)]
    with party.running():
        for number, content in enumerate(photos):
            party.host.upload(party.room, content, f"{number}.jpg")
        zip_of(party, "/photos.zip?exact")  # the server knows what is in it
        picture = picture_addresses(party)[0]
        party.forget_cache()
        result: list[dict[str, bytes]] = []
        guest = threading.Thread(target=lambda: result.append(zip_of(party, "/photos.zip?exact")))
        pictures = [
            threading.Thread(target=party.host.ask, args=(picture,)) for _ in range(9)
        ]  # one more than there are threads for pages

        with party.s3.line.held():
            for thread in (guest, *pictures):
                thread.start()
            until(lambda: party.s3.line.waiting >= 2)  # a picture, and a photo of the zip
            assert party.host.ask(f"{party.room}/photos")[0] == 200
            assert result == []
        for thread in (guest, *pictures):
            thread.join(timeout=60)

    assert set(result[0].values()) == set(photos)


def test_the_server_stops_at_once_while_it_waits_for_the_bucket(party: Party) -> None:
    with party.running() as process:
        for number in range(2):
            party.host.upload(party.room, draw_photo(RED, seed=number), f"{number}.jpg")
        until(lambda: len(people_of(party)) == 1)  # nothing else is being done
        with party.s3.line.held():
            party.host.post(f"{party.room}/delete", b"title=Party")
            party.host.post(f"{party.room}/deleted/now")
            until(lambda: party.s3.line.waiting >= 1)  # the objects are being deleted
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=SECONDS) == 0

    with party.running():
        until(lambda: party.objects() == [])


def test_a_backup_has_what_the_bucket_has(
    party: Party, tmp_path_factory: pytest.TempPathFactory
) -> None:
    photos = {f"{n}.jpg": draw_photo(RED, seed=n) for n in range(3)}
    target = tmp_path_factory.mktemp("backups") / "backup"
    with party.running():
        for name, content in photos.items():
            party.host.upload(party.room, content, name)
        done = flask(party.data, "backup", str(target), **party.environ)
        assert done.returncode == 0, done.stderr
        doctor = flask(party.data, "doctor", **party.environ)
        assert "ok   Bucket: s3://" in doctor.stdout
        assert "ok   Originals: 3, all there" in doctor.stdout

    with server(target, party.port, PROGRAM, PHOTOSHARE_MIN_FREE_MB="0") as process:
        wait_until_it_serves(process, party.port)
        assert zip_of(party, "/photos.zip?exact") == photos


def test_files_of_the_data_folder_are_moved_into_the_bucket(party: Party) -> None:
    photos = {f"{n}.jpg": draw_photo(RED, seed=n, width=300 + n) for n in range(3)}
    with server(party.data, party.port, PROGRAM, PHOTOSHARE_MIN_FREE_MB="0") as process:
        wait_until_it_serves(process, party.port)
        party.room = make_room(party.host)
        for name, content in photos.items():
            party.host.upload(party.room, content, name)
    stopped = flask(party.data, "move-files", **party.environ)
    assert stopped.returncode == 0, stopped.stderr
    again = flask(party.data, "move-files", **party.environ)
    assert again.returncode == 0, again.stderr

    assert party.originals() == {sha256_of(content) for content in photos.values()}
    assert not list(party.data.glob("rooms/*/originals/*"))
    with party.running():
        assert zip_of(party, "/photos.zip?exact") == photos
        refused = flask(party.data, "move-files", **party.environ)
        assert refused.returncode == 1
        assert "Stop the server" in refused.stderr
