"""Ask questions answered with one tap: whether two are one person, or a face is someone's."""

from __future__ import annotations

import re

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response as BaseResponse

from photoshare.errors import InvalidInputError, NotAllowedError
from photoshare.services.corrections import verbs
from photoshare.services.corrections.verbs import may_correct_person
from photoshare.services.people import people, suggestions
from photoshare.web.answers import (
    SEE_OTHER,
    current_author,
    flash_with_undo,
    is_sure,
    look_again,
    wants_partial,
    with_address,
    with_event,
)
from photoshare.web.requests import current_access, current_site, numbers_of_form

blueprint = Blueprint("suggestions", __name__, url_prefix="/rooms/<room_code>")

MAX_LATER = 100  # postponed pairs that one form carries along
PAIR_KEY = re.compile(r"[fp][0-9]{1,18}-[fp][0-9]{1,18}")
ANSWERS = {
    "yes": lazy_gettext("Merged into one person."),
    "no": lazy_gettext("Marked as different people."),
    "later": "",
}


@blueprint.get("/people/same")
def ask(room_code: str) -> str:
    """Ask whether two sides are the same person: the pair whose answer tells most."""
    _check_may_answer()
    return _question("suggestions/ask.html", _put_off(request.args.getlist("later")))


@blueprint.post("/people/same")
def answer(room_code: str) -> Response | BaseResponse:
    """Record the answer to a pair, and ask about the next one."""
    _check_may_answer()
    later = request.form.getlist("later")
    first, second = _field("first"), _field("second")
    reply = _reply(*ANSWERS)
    correction_id = None
    if reply == "later":
        later.append(request.form.get("key", ""))
    elif reply == "yes":
        author = current_author()
        correction_id = verbs.mark_same(author, [first], [second], is_sure=is_sure())
    else:
        correction_id = verbs.mark_different(current_author(), [first], [second])
    if correction_id is not None:
        look_again()
        flash_with_undo(str(ANSWERS[reply]), correction_id)
    later = _put_off(later)
    if wants_partial():
        # The address keeps the postponed pairs, for a reload and for the return from an undo.
        url = url_for("suggestions.ask", later=later)
        return with_address(make_response(_question("suggestions/_answered.html", later)), url)
    return redirect(url_for("suggestions.ask", later=later), SEE_OTHER)


@blueprint.post("/people/<int:person_id>/maybe")
def answer_maybe(room_code: str, person_id: int) -> Response | BaseResponse:
    """Record whether a doubtful face is a person's."""
    access, author = current_access(), current_author()
    card = people.get_card(access, person_id)
    face_id = _field("face")
    if _reply("yes", "no") == "yes":
        correction_id = verbs.move_faces(author, [face_id], person_id, is_sure=is_sure())
        sentence = gettext("Photo added to the album.")
    else:
        correction_id = verbs.mark_different(author, [card.cover_face_id], [face_id])
        sentence = gettext("Face kept out of the album.")
    look_again()
    flash_with_undo(sentence, correction_id)
    if not wants_partial():
        return redirect(url_for("people.show", person_id=person_id), SEE_OTHER)
    partial = render_template(
        "suggestions/_maybe_answered.html",
        access=access,
        person=people.get_card(access, person_id),
        may_correct=may_correct_person(author, person_id),
        maybe_faces=suggestions.list_maybe_faces(access, person_id, current_site().rule),
    )
    return with_event(make_response(partial), "photos-changed")


def _question(template: str, later: list[str]) -> str:
    access = current_access()
    pair, count = suggestions.next_pair(access, current_site().rule, later)
    return render_template(template, access=access, pair=pair, count=count, later=later)


def _put_off(keys: list[str]) -> list[str]:
    """Return the keys of postponed pairs in a form; of very many, only the last ones."""
    return [key for key in dict.fromkeys(keys) if PAIR_KEY.fullmatch(key)][-MAX_LATER:]


def _check_may_answer() -> None:
    author = current_author()
    if not (author.is_host or author.may_correct_all):
        raise NotAllowedError("Only the room's host can do this.")


def _field(name: str) -> int:
    return (numbers_of_form(name) or [0])[0]


def _reply(*answers: str) -> str:
    reply = request.form.get("answer", "")
    if reply not in answers:
        raise InvalidInputError("Please choose an answer.")
    return reply
