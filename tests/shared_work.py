"""What every app of the tests would work out anew, kept from the first one of a process.

Each test has an app and a database file of its own. Nearly half of its time went into compiling
the same templates, addresses and queries as the app before it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Dialect, Engine
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

UrlBuilder = Callable[..., tuple[str, str]]

_builders: dict[object, UrlBuilder] = {}
_compiled_queries: LRUCache[Any, Any] = LRUCache(2000)  # an engine's own holds 500
_dialects: list[Dialect] = []  # that of the first app: SQLAlchemy keeps what it compiles by it


class CompiledTemplates(BytecodeCache):
    """The code of templates by their name and content."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the code of this template to the environment, where it is known."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of this template."""
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


class SharedRule(Rule):
    """An address whose builder is compiled once: it depends on nothing but what the key holds."""

    def _compile_builder(self, append_unknown: bool = True) -> UrlBuilder:
        defaults = tuple(sorted((self.defaults or {}).items()))
        key = (self.rule, tuple(self._trace), defaults, append_unknown)
        if key not in _builders:
            _builders[key] = super()._compile_builder(append_unknown)
        return _builders[key]


def share_work() -> None:
    """Let all apps made from now on share their compiled templates and addresses."""
    Flask.jinja_options = {"bytecode_cache": CompiledTemplates()}
    Flask.url_rule_class = SharedRule


def share_queries(engine: Engine) -> None:
    """Let an engine that is not yet in use share the compiled queries of those before it."""
    if not _dialects:
        engine.connect().close()  # SQLAlchemy sets a dialect up at the first connection
        _dialects.append(engine.dialect)
    engine.dialect = _dialects[0]
    engine.update_execution_options(compiled_cache=_compiled_queries)
