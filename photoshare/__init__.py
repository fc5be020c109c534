"""PhotoShare: share the photos of an event; everyone gets an album of themselves.

Nothing heavy is imported here, because the process that decodes pictures imports this package too.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photoshare.factory import create_app

__all__ = ["__version__", "create_app"]

__version__ = "1.3.0.dev0"  # CHANGELOG.md

# Set before numpy is imported. Comparing the few faces of a photo takes a millisecond; the other
# threads of numpy's library would only spin on a core that pages need (docs/evaluation.md).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def __getattr__(name: str) -> Any:
    """Import the app factory on first use."""
    if name != "create_app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from photoshare.factory import create_app

    return create_app
