"""What every app of the tests would work out anew, kept from the first one of a process.

Each test has an app and a database file of its own. Most of its time went into compiling the same
templates, addresses and queries as the app before it, and into reading the same styles.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Dialect, Engine
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from photoshare.config import RESOURCES
from photoshare.web.pages import assets

_compiled: dict[object, tuple[dict[str, object], frozenset[str], tuple[Any, Any]]] = {}
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
    """An address that is compiled once: it depends on nothing but what the key holds."""

    def compile(self) -> None:
        """Take what the same address of an earlier app came to."""
        defaults = tuple(sorted((self.defaults or {}).items()))
        converters = tuple(self.map.converters.items())
        key = (self.rule, self.subdomain, self.host, self.merge_slashes, defaults, converters)
        if key not in _compiled:
            super().compile()
            made = {name: getattr(self, name) for name in ("_parts", "_trace", "_converters")}
            builders = self._build.__func__, self._build_unknown.__func__  # type: ignore[attr-defined]
            _compiled[key] = made, frozenset(self.arguments), builders
            return
        made, arguments, (build, build_unknown) = _compiled[key]
        vars(self).update(made)
        self.arguments = set(arguments)
        self._build = build.__get__(self, None)
        self._build_unknown = build_unknown.__get__(self, None)


def _once_for_ours(read: Callable[[Path], str]) -> Callable[[Path], str]:
    """Let a function read each of our own static files once; it reads a test's own every time."""
    once = cache(read)
    ours = RESOURCES / "static"
    return lambda path: once(path) if path.is_relative_to(ours) else read(path)


def share_work() -> None:
    """Let all apps made from now on share their compiled templates and addresses."""
    Flask.jinja_options = {"bytecode_cache": CompiledTemplates()}
    Flask.url_rule_class = SharedRule
    for name in ("digest_of", "join_style"):
        setattr(assets, name, _once_for_ours(getattr(assets, name)))


def share_queries(engine: Engine) -> None:
    """Let an engine that is not yet in use share the compiled queries of those before it."""
    if not _dialects:
        engine.connect().close()  # SQLAlchemy sets a dialect up at the first connection
        _dialects.append(engine.dialect)
    engine.dialect = _dialects[0]
    engine.update_execution_options(compiled_cache=_compiled_queries)
