"""When an index serves: only very large rooms, and only where its package is installed."""

from __future__ import annotations

import pytest

from photoshare.faces.grouping.scratch import indexed
from photoshare.faces.grouping.scratch.indexed import INDEXED_FROM, is_indexed


@pytest.mark.parametrize(
    ("count", "package", "expected"),
    [
        (INDEXED_FROM, object(), True),
        (INDEXED_FROM - 1, object(), False),
        (INDEXED_FROM, None, False),
    ],
)
def test_an_index_serves_very_large_rooms_if_it_is_installed(
    monkeypatch: pytest.MonkeyPatch, count: int, package: object, expected: bool
) -> None:
    monkeypatch.setattr(indexed, "find_spec", lambda name: package if name == "usearch" else None)

    assert is_indexed(count) == expected
