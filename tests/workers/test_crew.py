"""The server's side, without Dask: what is known of workers, and the bounds."""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from photoshare import create_app
from photoshare.config import Settings, load_settings
from photoshare.errors import SettingError
from photoshare.workers import __main__ as command
from photoshare.workers import crew as crew_module
from photoshare.workers import preparation
from photoshare.workers.crew import Crew
from photoshare.workers.identity import Identity
from photoshare.workers.report import CrewReport, WorkerState, workers_of
from tests.web.test_metrics import TOKEN, numbers_of

WANTED = Identity("1.4.0", "fused-2", "weights", "code")
ADDRESS = "tcp://127.0.0.1:8786"


@pytest.fixture(autouse=True)
def _is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "find_spec", lambda _name: object())


@pytest.fixture
def crew() -> Crew:
    return Crew(Settings(workers=ADDRESS))


def told(**state: object) -> dict[str, object]:
    """What a scheduler tells of a worker."""
    metrics = {"cpu": 1.0}
    if state:
        metrics["photoshare"] = {"busy": 1, "photos": 7, "processor_s": 3.5, **state}  # type: ignore[assignment]
    return {"name": "anna", "nthreads": 2, "metrics": metrics}


def test_a_worker_is_read_from_what_the_scheduler_tells() -> None:
    (worker,) = workers_of({"workers": {"tcp://…": told(identity=WANTED.as_dict())}}, WANTED)

    assert worker == WorkerState("anna", threads=2, busy=1, photos=7, processor_s=3.5)


def test_a_worker_that_computes_otherwise_is_refused_in_words() -> None:
    other = Identity("1.4.0", "fused-2", "other weights", "code")

    (worker,) = workers_of({"workers": {"tcp://…": told(identity=other.as_dict())}}, WANTED)

    assert worker.refusal == "the weights of its face engine aren't the server's"


def test_a_worker_of_something_else_is_refused_in_words() -> None:
    (worker,) = workers_of({"workers": {"tcp://…": told()}}, WANTED)

    assert worker.refusal == "it wasn't started as a worker of PhotoShare"


FIT, REFUSED = WorkerState("anna", 2, 0, 0, 0.0), WorkerState("otto", 4, 0, 0, 0.0, "other weights")


@pytest.mark.parametrize(
    ("report", "state", "threads"),
    [
        (CrewReport(is_reachable=False), "unreachable", 0),
        (CrewReport(True), "none", 0),
        (CrewReport(True, (REFUSED,)), "none, 1 refused", 0),
        (CrewReport(True, (FIT, REFUSED, FIT)), "ok, 1 refused", 4),
        (CrewReport(True, (FIT,)), "ok", 2),
    ],
)
def test_the_state_is_a_word_for_a_monitor(report: CrewReport, state: str, threads: int) -> None:
    assert (report.state, report.threads) == (state, threads)


def test_what_changes_is_logged_once(crew: Crew, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        for report in (
            *(CrewReport(is_reachable=False),) * 3,
            *(CrewReport(True, (FIT, REFUSED)),) * 3,
            *(CrewReport(is_reachable=False),) * 2,
        ):
            crew._learn(report, "" if report.is_reachable else "it has ended")

    assert caplog.messages == [
        "The scheduler of the workers can't be reached; photos are searched here (it has ended)",
        "Photos are searched by workers",
        "The worker otto is refused: other weights",
        "The scheduler of the workers can't be reached; photos are searched here (it has ended)",
    ]


def test_without_workers_a_photo_is_left_to_the_server(crew: Crew, tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(b"photo")

    assert crew.search(tmp_path / "photo") is None
    assert crew.search(tmp_path / "photo", is_suspicious=True) is None
    assert crew.threads() == 0


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The loop that the crew's thread would run."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize(
    ("answer", "is_taken"),
    [
        ({"digest": "mine", "faces": []}, True),
        ({"digest": "mine", "rejected": "This picture is damaged or incomplete."}, False),
        ({"digest": "another", "faces": []}, False),
        ({"digest": "another"}, False),
        (None, False),
    ],
)
def test_only_the_work_of_an_equal_is_taken(
    crew: Crew,
    loop: asyncio.AbstractEventLoop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    answer: dict[str, object] | None,
    is_taken: bool,
) -> None:
    async def ask(content: bytes, _patience_s: float) -> dict[str, object] | None:
        assert content == b"photo"
        return answer

    (tmp_path / "photo").write_bytes(b"photo")
    monkeypatch.setattr(crew, "_ask", ask)
    monkeypatch.setattr(crew, "_loop", loop)
    monkeypatch.setattr(crew, "_client", object())
    monkeypatch.setattr(crew, "_task", {"digest": "mine"})
    crew._learn(CrewReport(True, (FIT,)))

    found = [crew.search(tmp_path / "photo") for _ in range(2)]

    assert [one is not None for one in found] == [is_taken] * 2
    is_refused = answer is not None and answer["digest"] == "another"
    said = [text for text in caplog.messages if "it computes otherwise" in text]
    assert len(said) == int(is_refused), "said once"


def test_photos_that_are_out_are_bounded_by_their_bytes(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew_module, "MOST_BYTES", 100)
    is_out = threading.Event()

    def send(size_bytes: int) -> None:
        with crew._bytes_out(size_bytes):
            is_out.set()

    with crew._bytes_out(60):
        other = threading.Thread(target=send, args=[50])
        other.start()
        assert crew.report().bytes_in_flight == 60
        with crew._bytes_out(40):  # a smaller one fits beside the first
            assert crew.report().bytes_in_flight == 100
            assert not is_out.is_set()
    other.join()
    with crew._bytes_out(1000):  # larger than the bound: alone
        assert crew.report().bytes_in_flight == 1000

    assert is_out.is_set()
    assert crew.report().bytes_in_flight == 0


def test_no_more_photos_are_searched_here_at_once_than_suits_the_engine(crew: Crew) -> None:
    is_here = threading.Event()

    def search() -> None:
        with crew.turn_here(1):
            is_here.set()

    with crew.turn_here(1):
        other = threading.Thread(target=search)
        other.start()
        assert not is_here.is_set()
    other.join()

    assert is_here.is_set()
    assert crew.report().photos_here == 2


def test_a_missing_package_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(preparation, "find_spec", lambda _name: None)
    sentence = (
        "Face work on other machines needs the package distributed. Install it: "
        "./run.sh python -m pip install --no-deps --require-hashes -r requirements-scale.txt"
    )

    with pytest.raises(SettingError) as refusal:
        create_app({"data": tmp_path, "workers": ADDRESS})
    code = command.main(["worker", ADDRESS])

    assert str(refusal.value) == sentence
    assert code == 1
    assert capsys.readouterr().err == f"PhotoShare can't start. {sentence}\n"


def test_a_worker_for_another_machine_has_to_be_reachable(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # In a thread without an event loop; the tests of the browser leave one in the main thread.
    with ThreadPoolExecutor(1) as pool:
        code = pool.submit(command.main, ["worker", "tcp://192.0.2.1:8786"]).result()

    assert code == 1
    assert "Give it this machine's address there: --host" in capsys.readouterr().err


def test_certificates_and_address_belong_together(tmp_path: Path) -> None:
    file = tmp_path / "file.pem"
    file.touch()
    files = {f"workers_{part}": file for part in ("ca", "cert", "key")}

    assert load_settings({**files, "workers": "tls://10.0.0.1:8786"}, {}).workers_key == str(file)
    for wrong, words in (
        ({"workers_ca": file}, "set all three or none"),
        ({**files, "workers": ADDRESS}, "must begin with tls://"),
        ({"workers": "tls://10.0.0.1:8786"}, "must begin with tcp:// unless"),
    ):
        with pytest.raises(SettingError, match=words):
            load_settings(wrong, {})


def test_monitors_are_told_of_each_worker(
    tmp_path: Path, empty_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(empty_data, tmp_path / "data")
    busy = WorkerState("anna", threads=2, busy=1, photos=7, processor_s=3.5)
    report = CrewReport(True, (busy, REFUSED), bytes_in_flight=10, photos_here=3)
    monkeypatch.setattr(Crew, "report", lambda _self: report)
    monkeypatch.setattr(Crew, "state", lambda _self: report.state)
    app = create_app({"data": tmp_path / "data", "workers": ADDRESS, "metrics_token": TOKEN})
    client = app.test_client()

    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    numbers = numbers_of(answer.text)

    assert numbers['photoshare_workers{state="ok"}'] == 1
    assert numbers['photoshare_workers{state="refused"}'] == 1
    assert numbers["photoshare_workers_reachable"] == 1
    assert numbers["photoshare_workers_bytes"] == 10
    assert numbers["photoshare_photos_searched_here_total"] == 3
    assert numbers['photoshare_worker_threads{worker="anna"}'] == 2
    assert numbers['photoshare_worker_busy{worker="anna"}'] == 1
    assert numbers['photoshare_worker_photos_total{worker="anna"}'] == 7
    assert numbers['photoshare_worker_cpu_seconds_total{worker="anna"}'] == 3.5
    assert client.get("/healthz").text.splitlines()[-1] == "workers: ok, 1 refused"
