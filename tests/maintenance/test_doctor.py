"""`flask doctor` on what stands around PhotoShare: proxies, secrets, logs."""

from __future__ import annotations

from pathlib import Path

from photoshare import create_app
from tests.test_cli import run


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
