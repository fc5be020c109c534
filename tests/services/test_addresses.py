"""Where the server is, and by which address phones reach it."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from photoshare.services import addresses
from photoshare.services.addresses import Listening


@pytest.fixture
def two_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_outgoing", lambda: iter(["192.168.1.20"]))
    monkeypatch.setattr(
        addresses, "_of_interfaces", lambda: iter(["127.0.0.1", "10.0.0.8", "192.168.1.20"])
    )


def test_the_machine_is_asked_for_its_addresses() -> None:
    found = addresses.network_addresses()

    assert not any(IPv4Address(address).is_loopback for address in found)
    assert len(set(found)) == len(found)


@pytest.mark.usefixtures("two_networks")
def test_the_address_used_most_comes_first() -> None:
    assert addresses.network_addresses() == ["192.168.1.20", "10.0.0.8"]


@pytest.mark.usefixtures("two_networks")
def test_the_choice_is_remembered_while_the_machine_has_the_address(tmp_path: Path) -> None:
    assert addresses.guest_address(tmp_path) == "192.168.1.20"
    addresses.choose_address(tmp_path, "10.0.0.8")
    assert addresses.guest_address(tmp_path) == "10.0.0.8"
    addresses.choose_address(tmp_path, "172.16.0.1")

    assert addresses.guest_address(tmp_path) == "192.168.1.20"


@pytest.mark.usefixtures("two_networks")
@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://192.168.1.20:8123"),
        ("::", "http://192.168.1.20:8123"),
        ("10.0.0.8", "http://10.0.0.8:8123"),
        ("party.local", "http://party.local:8123"),
        ("127.0.0.1", None),
        ("localhost", None),
        ("::1", None),
    ],
)
def test_phones_get_an_address_only_where_the_server_answers_them(
    tmp_path: Path, host: str, url: str | None
) -> None:
    addresses.remember_listening(tmp_path, Listening(host, 8123))

    assert addresses.guest_url(tmp_path) == url


def test_a_note_that_cannot_be_written_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_path: Path, _text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(addresses, "_replace", fail)

    addresses.remember_listening(tmp_path, Listening("0.0.0.0", 8123))

    assert "No space left on device" in caplog.text


def test_without_a_server_there_is_no_address(tmp_path: Path) -> None:
    addresses.remember_listening(tmp_path, Listening("0.0.0.0", 8123))
    addresses.forget_listening(tmp_path)
    addresses.forget_listening(tmp_path)

    assert addresses.find_listening(tmp_path) is None
    assert addresses.guest_url(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"host": "x"}'])
def test_a_damaged_note_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / addresses.LISTENING_FILE).write_text(text)

    assert addresses.find_listening(tmp_path) is None


def test_the_machine_reaches_its_server_by_a_whole_address() -> None:
    assert Listening("0.0.0.0", 8123).url == "http://127.0.0.1:8123"
    assert Listening("::1", 8123).url == "http://[::1]:8123"
