"""Start PhotoShare; ``flask --app app`` finds `create_app` here."""

import gc
import os
import signal
import sys

if __name__ == "__main__":
    # The import below takes a second; stopping it with Ctrl-C should not print a traceback.
    for _number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(_number, lambda *_: os._exit(0))
    gc.disable()  # what is imported stays: looking for garbage would take a sixth of that second

from photoshare.server import create_app, main

__all__ = ["create_app"]

if __name__ == "__main__":
    gc.enable()
    sys.exit(main())
