"""What a start leaves out until something needs it: half a second on a small computer."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.servers import run_script

pytestmark = pytest.mark.slow
START = """
import sys
from photoshare import server
from photoshare.factory import create_app
from photoshare.maintenance.database_checks import prepare_database
from photoshare.web.site import site_of

app = create_app()
with app.app_context():
    prepare_database(site_of(app).settings, is_thorough=True)
late = {"alembic", "flask_migrate", "scipy", "onnx", "dlib", "distributed", "obstore", "psycopg"}
print(sorted(late & sys.modules.keys()))
"""


def test_a_start_loads_what_it_needs_only(tmp_path: Path, empty_database: Path) -> None:
    """No migrations without anything to migrate, no networks and matrices before a face."""
    shutil.copy(empty_database, tmp_path)
    done = run_script(tmp_path, START)

    assert (done.stdout.strip(), done.stderr) == ("[]", "")
