"""PhotoShare: share the photos of an event; everybody gets an album of their own.

Nothing heavy is imported here: the process that decodes pictures is a part of this package, too.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photoshare.factory import create_app

__all__ = ["__version__", "create_app"]

__version__ = "1.3.0.dev0"  # CHANGELOG.md

# Before numpy is imported. The few faces of a photo are compared in a millisecond; its library's
# other threads only wait for them, spinning, on a core that pages need (docs/evaluation.md).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def __getattr__(name: str) -> Any:
    """Import the factory of the app when somebody asks for it."""
    if name != "create_app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from photoshare.factory import create_app

    return create_app
