"""Start PhotoShare; ``flask --app app`` finds `create_app` here."""

import os
import signal
import sys

if __name__ == "__main__":
    # The import below takes a second; stopping it with Ctrl-C should not print a traceback.
    for _number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(_number, lambda *_: os._exit(0))

from photoshare.server import create_app, main

__all__ = ["create_app"]

if __name__ == "__main__":
    sys.exit(main())
