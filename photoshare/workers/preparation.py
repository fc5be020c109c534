"""Prepare Dask for PhotoShare: encryption by files, and a quiet log; the one place of both."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import Any

from photoshare.config import IS_INSTALLED, PROGRAM, Settings
from photoshare.errors import SettingError

_OWN = {
    # A photo is part of its task, so that the scheduler can hand it to another worker. Dask would
    # warn of every task from 10 MB on.
    "distributed.admin.large-graph-warning-threshold": "1 GB",
    # Dask looks after itself up to 50 times a second, for tasks of milliseconds: 2.5 % of a core in
    # each of its processes, even without work. Ours take a second.
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.limit": "30s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.memory.monitor-interval": "500ms",
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.active-memory-manager.start": False,
}
INSTALL = (
    "pip install distributed"
    if IS_INSTALLED
    else f"{PROGRAM} python -m pip install --no-deps --require-hashes -r requirements-scale.txt"
)


def check_installed() -> None:
    """Refuse to go on without the package.

    Raises
    ------
    SettingError
    """
    if find_spec("distributed") is None:
        raise SettingError(
            f"Face work on other machines needs the package distributed. Install it: {INSTALL}"
        )


def prepare(**values: object) -> None:
    """Set Dask's own settings in this process, and let us speak for it in the log.

    Parameters
    ----------
    **values : object
        More of them; ``__`` stands for the point in a name.
    """
    import dask
    import distributed  # noqa: F401 - it adds its defaults to Dask's settings: before ours

    own = {name.replace("__", "."): value for name, value in values.items()}
    dask.config.set({**_OWN, **own})
    for name in ("distributed", "distributed.client", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # we say in our words what matters


def security_of(settings: Settings) -> Any:
    """Make Dask's security of the settings: TLS for everything, or None without certificates."""
    if not settings.workers_ca:
        return None
    from distributed import Security

    own = {
        f"tls_{role}_{part}": getattr(settings, f"workers_{part}")
        for role in ("client", "scheduler", "worker")
        for part in ("cert", "key")
    }
    return Security(tls_ca_file=settings.workers_ca, require_encryption=True, **own)
