"""Ask one question after another: who someone is, and whether two are one person."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response as BaseResponse

from photoshare.errors import InvalidInputError, NotAllowedError, SameNameError, SamePhotoError
from photoshare.services.corrections import verbs
from photoshare.services.corrections.rights import may_correct_person
from photoshare.services.people import covers, people, suggestions
from photoshare.services.people.finding import list_nameless_after, unused_names
from photoshare.services.people.room_people import load_room_people
from photoshare.services.rooms import guests
from photoshare.web.answers import (
    SEE_OTHER,
    ask_if_namesake,
    current_author,
    flash_with_undo,
    is_sure,
    look_again,
    render,
    wants_partial,
    with_address,
    with_event,
)
from photoshare.web.pages.words import translate_error
from photoshare.web.requests import (
    current_access,
    current_site,
    number_argument,
    number_list_argument,
    numbers_of_form,
)

blueprint = Blueprint("suggestions", __name__, url_prefix="/rooms/<room_code>")

MAX_LATER = 100  # postponed pairs, or people seen, that one form carries along
CLEAREST_FACES = 5  # of someone who is asked about: a row on a phone
PAIR_KEY = re.compile(r"[fp][0-9]{1,18}-[fp][0-9]{1,18}")
ANSWERS = {
    "yes": lazy_gettext("Merged into one person."),
    "no": lazy_gettext("Marked as different people."),
    "later": "",
}
Answer = Response | BaseResponse | tuple[Response | str, int]


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


@blueprint.get("/people/names")
def ask_name(room_code: str) -> Response:
    """Ask who someone without a name is: those with most photos first, each once."""
    _check_may_answer()
    return _who_is_this(number_list_argument("seen"), number_argument("person"))


@blueprint.post("/people/names")
def answer_name(room_code: str) -> Answer:
    """Name someone, or merge them with a namesake, and ask about the next one.

    A field left empty is no answer, and the next one is asked about as well.
    """
    _check_may_answer()
    person_id, seen = _field("person"), number_list_argument("seen", request.form)
    name = " ".join(request.form.get("name", "").split())
    url = url_for("suggestions.answer_name")
    try:
        _name_or_merge(person_id, name)
    except SameNameError as question:
        fields = {"person": person_id, "seen": _joined(seen)}
        back_url = url_for("suggestions.ask_name", person=person_id, seen=_joined(seen))
        return ask_if_namesake(person_id, question, url, url, fields, back_url), 422
    except SamePhotoError:
        raise  # a question as well, which has its own page
    except InvalidInputError as error:
        return _who_is_this(seen, person_id, error=translate_error(error)), 422
    seen = (*(one for one in seen if one != person_id), person_id)
    if wants_partial():
        return _who_is_this(seen, saved=name)
    return redirect(url_for("suggestions.ask_name", seen=_joined(seen)), SEE_OTHER)


def _name_or_merge(person_id: int, name: str) -> None:
    access, author = current_access(), current_author()
    card = people.find_card(access, person_id)
    if card is None:
        return  # merged by someone else meanwhile: there is nobody to name
    if "into" in request.form:
        into_id = people.get_person(access, _field("into")).id
        correction_id = verbs.merge_people(author, person_id, into_id, is_sure=is_sure())
        look_again()
        flash_with_undo(gettext("Merged into one person."), correction_id)
    elif name != (card.name or ""):
        verbs.name_person(author, person_id, name, is_another="is_another" in request.form)


def _who_is_this(
    seen: Sequence[int], person_id: int | None = None, *, error: str = "", saved: str = ""
) -> Response:
    """Ask about this person, else about the next one without a name after those seen last."""
    access = current_access()
    cards = load_room_people(access).people
    nameless = list_nameless_after(cards, seen)
    first = nameless[0] if nameless else None
    asked = next((card for card in cards if card.id == person_id), first)
    page = render(
        "suggestions/names.html",
        "suggestions/_named.html",
        access=access,
        person=asked,
        faces=covers.list_clearest(asked.id, CLEAREST_FACES) if asked else (),
        names=unused_names(guests.list_names(access), cards),
        left_count=len(nameless),
        skipped_count=sum(not card.name for card in cards) - len(nameless),
        seen=seen,
        error=error,
        saved=saved,
    )
    # The address keeps who was seen, for a reload and for the return from an undo.
    return with_address(make_response(page), url_for("suggestions.ask_name", seen=_joined(seen)))


def _joined(numbers: Sequence[int]) -> str | None:
    return ",".join(map(str, numbers[-MAX_LATER:])) or None


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
