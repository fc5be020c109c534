"""What follows a correction: a toast that can take it back, and another look at unsorted faces."""

from __future__ import annotations

from flask import url_for

from photoshare.services.rooms.entering import Author, author_of
from photoshare.web.answers.toasts import say
from photoshare.web.requests import current_access, current_site


def current_author() -> Author:
    """Return who is correcting."""
    return author_of(current_access())


def flash_with_undo(sentence: str, correction_id: int) -> None:
    """Show a message on the next page, with a button that undoes the correction."""
    say(sentence, undo_url=url_for("corrections.undo", correction_id=correction_id))


def look_again() -> None:
    """Let the unsorted faces be looked at again with what was said."""
    current_site().jobs.group_again(current_access().room.id)
