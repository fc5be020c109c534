"""Counts by key in time windows, and the networks used as keys."""

from __future__ import annotations

import time

import pytest

from photoshare.networks import MAX_NAME, network_of
from photoshare.rates import Limit, Rates


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which tests can set."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_so_many_fit_a_window_which_then_begins_anew(clock: list[float]) -> None:
    counts, limit = Rates(), Limit(2, 60)
    counts.add("a", limit)
    clock[0] += 45
    counts.add("a", limit)

    assert counts.wait_s("a", limit) == 15
    assert counts.wait_s("b", limit) == 0
    clock[0] += 15
    assert counts.wait_s("a", limit) == 0


def test_the_longest_of_several_limits_counts(clock: list[float]) -> None:
    counts, limits = Rates(), (Limit(1, 60), Limit(1, 3600))
    counts.add("a", *limits)
    clock[0] += 60

    assert counts.wait_s("a", *limits) == 3540


def test_what_costs_more_than_is_left_has_to_wait(clock: list[float]) -> None:
    counts, limit = Rates(), Limit(10, 60)
    counts.add("a", limit, cost=8)

    assert counts.wait_s("a", limit, cost=2) == 0
    assert counts.wait_s("a", limit, cost=3) == 60


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("photoshare.rates.MAX_KEYS", 100)
    counts, limit = Rates(), Limit(1, 60)
    for number in range(1000):
        counts.add(number, limit)

    assert len(counts._windows) == 100
    assert counts.wait_s(999, limit) > 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("unknown", "unknown"),
        ("x" * 1000, "x" * MAX_NAME),
        (None, ""),
    ],
)
def test_guests_are_told_apart_by_network(address: str | None, network: str) -> None:
    assert network_of(address) == network
