"""Show messages about what was done on the next page, with a button to undo it."""

from __future__ import annotations

from typing import Any

from flask import Flask, flash, g, get_flashed_messages


def toast(sentence: str, *, undo_url: str | None = None) -> None:
    """Show a sentence on the next page as a toast.

    Parameters
    ----------
    sentence : str
        In the guest's language.
    undo_url : str, optional
        Address that a form without fields posts to, to undo what was done. The button is beside
        the sentence without JavaScript, too.
    """
    flash({"sentence": sentence, "undo_url": undo_url})  # type: ignore[arg-type]  # JSON as well


def take_toasts() -> list[Any]:
    """Return the pending messages for the page that shows them, and remove them."""
    g.taken_toasts = get_flashed_messages()
    return list(g.taken_toasts)


def keep_toasts() -> None:
    """Give messages back to the next page, because the page that took them was discarded."""
    for message in g.pop("taken_toasts", []):
        flash(message)


def init_app(app: Flask) -> None:
    """Let the templates take the pending messages."""
    app.jinja_env.globals["take_toasts"] = take_toasts
