"""Sentences that tell what was done, on the page that comes next; with a way to take it back."""

from __future__ import annotations

from flask import flash


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
