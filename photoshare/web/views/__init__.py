"""The pages: one module a blueprint, named as it; a view never imports a view."""

from __future__ import annotations

from importlib import import_module

NAMES = (
    *("rooms", "photos", "uploads", "people", "corrections", "suggestions", "albums", "jobs"),
    *("me", "wall", "phone_app", "languages"),
)
BLUEPRINTS = tuple(import_module(f"{__name__}.{name}").blueprint for name in NAMES)
