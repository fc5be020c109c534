"""Sentences that tell what was done, on the page that comes next; with a way to take it back."""

from __future__ import annotations

from typing import Any

from flask import Flask, flash, g, get_flashed_messages


def say(sentence: str, *, undo_url: str | None = None) -> None:
    """Show a sentence on the next page, as a toast.

    Parameters
    ----------
    sentence : str
        In the guest's language.
    undo_url : str, optional
        Address that a form posts to, without fields, to take back what was done. Without JavaScript
        the button stands beside the sentence as well.
    """
    flash({"sentence": sentence, "undo_url": undo_url})  # type: ignore[arg-type]  # JSON as well


def take_toasts() -> list[Any]:
    """Return what is to be said, for the page that says it."""
    g.taken_toasts = get_flashed_messages()
    return list(g.taken_toasts)


def keep_toasts() -> None:
    """Let the next page say what a page has taken that came to nothing."""
    for message in g.pop("taken_toasts", []):
        flash(message)


def init_app(app: Flask) -> None:
    """Let the templates take what is to be said."""
    app.jinja_env.globals["take_toasts"] = take_toasts
