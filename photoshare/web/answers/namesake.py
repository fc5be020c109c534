"""Ask whether two people of one name are one person, before the second gets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template, request

from photoshare.errors import SameNameError
from photoshare.services.people import people
from photoshare.services.photos import count_photos, open_album
from photoshare.web.answers.htmx import wants_partial
from photoshare.web.pages.words import translate_error
from photoshare.web.requests import current_access


def ask_if_namesake(
    person_id: int,
    question: SameNameError,
    merge_url: str,
    name_url: str,
    fields: Mapping[str, Any],
    cancel_url: str,
) -> str:
    """Render the question with both faces, and a form for each answer.

    Parameters
    ----------
    person_id : int
        Who is to get the name.
    question : SameNameError
    merge_url, name_url : str
        Where the form goes that makes them one (``into``), or two (``is_another``).
    fields : mapping of str to value
        Further fields of both forms. With any, htmx puts the answer in the question's place.
    cancel_url : str
    """
    access = current_access()
    template = "corrections/_same_name.html" if wants_partial() else "corrections/same_name.html"
    both = open_album(access, people=(person_id, question.namesake_id), is_together=True)
    return render_template(
        template,
        access=access,
        person=people.get_card(access, person_id),
        namesake=people.get_card(access, question.namesake_id),
        name=request.form["name"],
        question=translate_error(question),
        are_together=count_photos(both) > 0,
        merge_url=merge_url,
        name_url=name_url,
        fields=fields,
        cancel_url=cancel_url,
    )
