"""Fixtures: a server that speaks S3."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scale.s3_server import S3, running_s3


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with running_s3() as running:
        yield running


@pytest.fixture(autouse=True)
def _whole_line(request: pytest.FixtureRequest) -> Iterator[None]:
    """Mend what a test has cut."""
    yield
    if "s3" in request.fixturenames:
        line = request.getfixturevalue("s3").line
        line.is_cut, line.answers = False, []
