"""What a worker does with a photo, without Dask."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from photoshare.config import Settings
from photoshare.faces.analysis import analyse_photo
from photoshare.faces.engines.choose import ChosenEngine
from photoshare.pictures import decoding
from photoshare.workers import bench as bench_module
from photoshare.workers.bench import Bench
from photoshare.workers.identity import Identity
from photoshare.workers.messages import Plain, faces_of, task_of
from tests.conftest import DECODERS
from tests.fakes import BLUE, RED, FakeFaceEngine, draw_photo
from tests.servers import run_script

SAME = Identity("1", "fake", "weights", "code")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    chosen = ChosenEngine(FakeFaceEngine(), "a test")
    monkeypatch.setattr(bench_module, "engine_of", lambda _settings: chosen)
    monkeypatch.setattr(bench_module, "identity_of", lambda _settings: SAME)
    monkeypatch.setattr(bench_module, "DecoderPool", lambda _size: DECODERS)
    return Bench(Settings(), threads=1)


def task(max_photo_megapixels: int = 100) -> Plain:
    return task_of(Settings(max_photo_megapixels=max_photo_megapixels), SAME.digest)


def test_it_finds_what_the_server_would(bench: Bench, tmp_path: Path) -> None:
    content = draw_photo(RED, BLUE)
    (tmp_path / "photo").write_bytes(content)
    here = analyse_photo(tmp_path / "photo", FakeFaceEngine())

    answer = bench.analyse(task(), content)

    there = faces_of(answer["faces"])
    assert len(there) == len(here.faces) == 2
    for (face, cover), expected in zip(there, here.faces, strict=True):
        assert face.location == expected.location
        assert np.array_equal(face.encoding, expected.encoding)
        assert cover == here.cover_of(expected)


def test_a_photo_is_decoded_in_another_process_only(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_values: object) -> None:
        raise AssertionError("decoded in the process that searches")

    monkeypatch.setattr(decoding, "_load", refuse)

    assert len(bench.analyse(task(), draw_photo(RED))["faces"]) == 1


def test_what_cannot_be_decoded_is_rejected_by_a_sentence(bench: Bench) -> None:
    answer = bench.analyse(task(), b"no photo")

    assert "can't be read as a photo" in answer["rejected"]
    assert "faces" not in answer


def test_the_servers_limits_hold(bench: Bench) -> None:
    large = draw_photo(RED, width=1200, height=1000)

    assert "faces" in bench.analyse(task(max_photo_megapixels=2), large)
    assert "rejected" in bench.analyse(task(max_photo_megapixels=1), large)


def test_a_task_of_another_server_is_not_computed(bench: Bench) -> None:
    answer = bench.analyse({**task(), "digest": "another"}, draw_photo(RED))

    assert answer == {"digest": SAME.digest}
    assert bench.state()["photos"] == 0


def test_it_tells_what_it_is_and_has_done(bench: Bench) -> None:
    bench.analyse(task(), draw_photo(RED))
    bench.analyse(task(), b"no photo")

    state = bench.state()

    assert state["identity"] == SAME.as_dict()
    assert (state["busy"], state["photos"]) == (0, 2)
    assert state["processor_s"] >= 0


@pytest.mark.slow
def test_a_worker_loads_neither_web_nor_database(tmp_path: Path) -> None:
    script = (
        "import sys, photoshare.workers.__main__, photoshare.workers.bench\n"
        "print(sorted({'flask', 'sqlalchemy', 'waitress', 'distributed'} & sys.modules.keys()))"
    )

    done = run_script(tmp_path, script)

    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities of threads")
def test_a_search_steps_back() -> None:
    import os
    import threading

    from photoshare.faces.threads import FACE_THREAD_NICENESS, step_back

    found: list[int] = []

    def run() -> None:
        step_back()
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

    assert found == [FACE_THREAD_NICENESS]
