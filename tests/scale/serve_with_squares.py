"""Run PhotoShare with the face engine of the tests, which finds coloured squares.

Run by the tests: ``python serve_with_squares.py PORT``.
"""

from __future__ import annotations

import sys
from functools import partial

from photoshare import factory, server
from tests.fakes import FakeFaceEngine

if __name__ == "__main__":
    make_engine = FakeFaceEngine()
    factory.create_app = partial(factory.create_app, make_engine=lambda settings: make_engine)
    sys.exit(server.main(sys.argv[1:]))
