"""Job workers in separate processes, killed with -9 again and again."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests import postgresql
from tests.conftest import ROOT
from tests.warm_start import WARM_POPEN

# A worker as app.py makes it, with a slow engine of tests.fakes that logs every photo it gets by
# its height and width.
WORKER = """
import sys, time
from pathlib import Path
from photoshare import create_app
from photoshare.web.site import site_of
from tests import fakes

data, log, engine = Path(sys.argv[1]), Path(sys.argv[2]), getattr(fakes, sys.argv[3])

class SlowEngine(engine):
    def locate(self, image):
        found = super().locate(image)
        time.sleep(0.05)
        with self.log.open("a") as log:
            log.write(f"{image.shape[:2]}\\n")
        return found

app = create_app({"data": data, "min_free_mb": 0}, make_engine=lambda settings: SlowEngine(log))
site_of(app).jobs.start()
while True:
    time.sleep(1)
"""


def kill_until(
    is_over: Callable[[], bool],
    folder: Path,
    engine: type,
    *,
    searches: int,
    seconds: float,
    after_each: Callable[[], None] = lambda: None,
) -> tuple[int, list[str]]:
    """Start workers and kill each after this many searches, until all work is done.

    Parameters
    ----------
    is_over : callable
    folder : Path
        Contains the app's folder ``data``.
    engine : class of tests.fakes
    searches : int
        After this many a worker is killed.
    seconds : float
        Upper bound for all together; then it gives up.
    after_each : callable
        Called after every kill.

    Returns
    -------
    kills : int
    searched : list of str
        A line for each search.
    """
    log = folder / "searches"
    log.touch()
    command = [sys.executable, "-c", WORKER, str(folder / "data"), str(log), engine.__name__]
    kills = 0
    deadline = time.monotonic() + seconds
    while not is_over() and time.monotonic() < deadline:
        before = len(log.read_text().splitlines())
        database = postgresql.environ(folder / "data")
        environ = {**os.environ, "PYTHONPATH": str(ROOT), **database}
        worker = WARM_POPEN(command, cwd=ROOT, env=environ, text=True)
        try:
            while time.monotonic() < deadline and not is_over():
                if len(log.read_text().splitlines()) - before >= searches:
                    break
                time.sleep(0.02)
        finally:
            worker.kill()
            worker.wait()
        kills += 1
        after_each()
    return kills, log.read_text().splitlines()
