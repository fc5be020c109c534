"""`flask doctor` on what stands around PhotoShare: proxies, secrets, logs, workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from photoshare import create_app
from photoshare.maintenance import doctor
from photoshare.workers import preparation
from photoshare.workers.report import CrewReport, WorkerState
from tests.cli.commands import run
from tests.tools import flask


def doctor_says(data: Path, **settings: str) -> list[str]:
    return run(create_app({"data": data, **settings}), "doctor").output.splitlines()


def test_the_names_of_trusted_proxies_are_looked_up(tmp_path: Path) -> None:
    said = doctor_says(tmp_path, trusted_proxy="127.0.0.1, localhost, caddy.invalid")

    (found,) = [line for line in said if "proxy localhost" in line]
    assert found.startswith("ok   Trusted proxy localhost: ")
    assert "127.0.0.1" in found
    (index,) = [number for number, line in enumerate(said) if "caddy.invalid" in line]
    assert said[index].startswith("BAD  Trusted proxy caddy.invalid: it can't be found (")
    assert said[index + 1].strip().startswith("Start the proxy, or correct PHOTOSHARE_TRUSTED_")


def test_it_tells_how_the_server_is_watched_but_no_secret(tmp_path: Path) -> None:
    token = "0123456789abcdef" * 2
    said = doctor_says(tmp_path, metrics_token=token, log_format="json", access_log="on")

    assert "ok   Metrics: on, with a token of 32 characters" in said
    assert "ok   Log: level info, as json, accesses on" in said
    assert token not in "".join(said)


def test_a_token_that_is_too_short_is_one_sentence_without_it(tmp_path: Path) -> None:
    done = flask(tmp_path, "doctor", PHOTOSHARE_METRICS_TOKEN="short-token")

    assert done.returncode != 0
    assert "PHOTOSHARE_METRICS_TOKEN is not shown here, but must be at least 32" in done.stderr
    assert "short-token" not in done.stderr


SCHEDULER = "tcp://127.0.0.1:8786"
ANNA = WorkerState("anna", threads=2, busy=1, photos=1200, processor_s=900.4)
OTTO = WorkerState("otto", threads=4, busy=0, photos=0, processor_s=0.0, refusal="other weights")


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (
            CrewReport(is_reachable=False),
            [f"BAD  Workers: the scheduler {SCHEDULER} doesn't answer"],
        ),
        (
            CrewReport(True, (ANNA, OTTO)),
            [
                "ok   Workers: 1 of 2 can work for this server",
                "ok   Worker anna: 2 threads, 1,200 photos searched, 1 in hand, 900 seconds of "
                "processor",
                "BAD  Worker otto: other weights",
            ],
        ),
    ],
)
def test_it_tells_what_each_worker_has_done_or_why_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: CrewReport, expected: list[str]
) -> None:
    monkeypatch.setattr(preparation, "find_spec", lambda _name: object())
    monkeypatch.setattr(doctor, "look_once", lambda _settings: report)

    said = doctor_says(tmp_path, workers=SCHEDULER)

    assert [line for line in said if "Worker" in line and not line.startswith("  ")] == expected


def test_without_workers_it_tells_nothing_of_them(tmp_path: Path) -> None:
    assert not [line for line in doctor_says(tmp_path) if "Worker" in line]
