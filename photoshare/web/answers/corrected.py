"""Follow up a correction: show a toast with undo, and group the unsorted faces again."""

from __future__ import annotations

from flask import url_for

from photoshare.services.rooms.entering import Author
from photoshare.services.visibility.sight import author_of
from photoshare.web.answers.toasts import toast
from photoshare.web.requests import current_access, current_site


def current_author() -> Author:
    """Return the author of corrections made by this request."""
    return author_of(current_access())


def flash_with_undo(sentence: str, correction_id: int, began_at: str | None = None) -> None:
    """Show a message on the next page, with a button that undoes the correction.

    Parameters
    ----------
    sentence : str
    correction_id : int
    began_at : str, optional
        The page to lead to after the undo; by default back to the one with the button.
    """
    undo_url = url_for("corrections.undo", correction_id=correction_id, next=began_at)
    toast(sentence, undo_url=undo_url)


def look_again() -> None:
    """Queue the unsorted faces to be grouped again with the new correction."""
    current_site().jobs.group_again(current_access().room.id)
