"""Programs beside Python that some tests ask; where one is missing they skip, or fail in CI."""

from __future__ import annotations

import os
import shutil

import pytest


def find_tool(name: str, package: str) -> str:
    """Find a program; skip the test where it is missing, unless TEST_TOOLS=required."""
    found = shutil.which(name)
    if found:
        return found
    reason = f"{name} is not installed (Debian: apt install {package})"
    if os.environ.get("TEST_TOOLS") == "required":
        pytest.fail(reason)
    pytest.skip(reason)
