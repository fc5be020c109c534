"""Receive corrections, one address each; undo them from the toast or the history."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from photoshare.errors import InvalidInputError, SameNameError
from photoshare.services.corrections import history, verbs
from photoshare.services.people import people, shown_faces
from photoshare.web.answers import (
    SEE_OTHER,
    ask_if_namesake,
    current_author,
    faces_of,
    flash_with_undo,
    is_sure,
    look_again,
    page_after,
    page_before,
    redirect_or,
    toast,
    translate_error,
    wants_partial,
)
from photoshare.web.requests import (
    current_access,
    host_only,
    numbers_of_form,
    page_argument,
)

blueprint = Blueprint("corrections", __name__, url_prefix="/rooms/<room_code>")

SOMEONE_NEW = "new"  # instead of a person's id


@blueprint.get("/corrections")
def index(room_code: str) -> str:
    """Show the corrections, newest first: all of them to the host, their own to guests."""
    author = current_author()
    page = history.list_corrections(author, page_argument())
    return render_template("corrections/index.html", access=current_access(), page=page)


@blueprint.post("/corrections/<int:correction_id>/undo")
def undo(room_code: str, correction_id: int) -> BaseResponse:
    """Undo one correction; leads to where it began, or back to the page with the button."""
    verbs.undo(current_author(), correction_id)
    look_again()
    toast(gettext("Change undone."))
    return redirect(page_after(page_before(url_for("corrections.index"))), SEE_OTHER)


@blueprint.post("/people/<int:person_id>/name")
def rename(room_code: str, person_id: int) -> Response | BaseResponse | tuple[str, int]:
    """Give a person a name; ask first if someone else has it already."""
    access, form = current_access(), request.form
    people.get_person(access, person_id)
    try:
        correction_id = verbs.name_person(
            current_author(), person_id, form.get("name", ""), is_another="is_another" in form
        )
    except SameNameError as question:
        url = url_for("people.show", person_id=person_id)
        merge_url = url_for("corrections.merge", person_id=person_id)
        return ask_if_namesake(person_id, question, merge_url, request.path, {}, url), 422
    except InvalidInputError as error:
        return _name_form(person_id, translate_error(error)), 422
    if correction_id is None:
        toast(gettext("Name deleted."))
    else:
        flash_with_undo(gettext("Name saved."), correction_id)
    return redirect_or(
        "corrections/_renamed.html",
        url_for("people.show", person_id=person_id),
        access=access,
        person=people.get_card(access, person_id),
        error=None,
    )


def _name_form(person_id: int, error: str) -> str:
    access = current_access()
    person = people.get_card(access, person_id)
    template = "corrections/_name_form.html" if wants_partial() else "corrections/name.html"
    return render_template(template, access=access, person=person, error=error)


@blueprint.post("/people/<int:person_id>/merge")
def merge(room_code: str, person_id: int) -> BaseResponse:
    """Merge two people into one, and show the album that both are now in."""
    into_id = _chosen_person()
    correction_id = verbs.merge_people(current_author(), person_id, into_id, is_sure=is_sure())
    began_at = url_for("people.show", person_id=person_id)
    return _done(gettext("Merged into one person."), correction_id, _album(into_id), began_at)


@blueprint.post("/people/<int:person_id>/reject")
def reject(room_code: str, person_id: int) -> BaseResponse:
    """Take chosen faces out of an album: they are not this person."""
    correction_id = verbs.reject_faces(current_author(), person_id, numbers_of_form("faces"))
    began_at = url_for("people.show", person_id=person_id)
    url = _album(person_id)
    return _done(gettext("Faces removed from the album."), correction_id, url, began_at)


@blueprint.post("/people/<int:person_id>/hide")
def hide(room_code: str, person_id: int) -> BaseResponse:
    """Hide a bystander's album from everyone except the host."""
    correction_id = verbs.hide_person(current_author(), person_id)
    return _done(gettext("Guests no longer see this person."), correction_id, _album(person_id))


@blueprint.post("/people/<int:person_id>/show")
@host_only
def show(room_code: str, person_id: int) -> BaseResponse:
    """Show a hidden person's album to everyone again."""
    correction_id = verbs.show_person(current_author(), person_id)
    return _done(gettext("Everyone can see this person again."), correction_id, _album(person_id))


@blueprint.post("/faces/move")
def move(room_code: str) -> BaseResponse:
    """Move chosen faces to an existing person or to a new one."""
    faces = numbers_of_form("faces")
    into_id = None if request.form.get("into") == SOMEONE_NEW else _chosen_person()
    before = _person_of(faces)
    began_at = faces_of(before)
    correction_id = verbs.move_faces(current_author(), faces, into_id, is_sure=is_sure())
    person_id = into_id or shown_faces.get_face(current_access(), faces[0]).person_id
    return _done(gettext("Faces moved."), correction_id, _album(person_id), began_at)


@blueprint.post("/faces/remove")
def remove(room_code: str) -> BaseResponse:
    """Mark chosen faces as not faces."""
    faces = numbers_of_form("faces")
    person_id = _person_of(faces)
    correction_id = verbs.mark_not_faces(current_author(), faces)
    url = page_before(_album(person_id))  # unless that was the page of the face
    return _done(gettext("Marked as not a face."), correction_id, url)


@blueprint.post("/faces/<int:face_id>/cover")
def cover(room_code: str, face_id: int) -> BaseResponse:
    """Make a face the cover of its person."""
    face = shown_faces.get_face(current_access(), face_id)
    correction_id = verbs.choose_cover(current_author(), face_id)
    return _done(gettext("Cover changed."), correction_id, _album(face.person_id))


def _done(sentence: str, correction_id: int, url: str, began_at: str | None = None) -> BaseResponse:
    """Go on with a page, which has the message; undoing leads to where the correction began.

    From a photo whose faces are being fixed, both lead back to that photo: the form names it.
    """
    look_again()
    named = page_after("")
    flash_with_undo(sentence, correction_id, None if named else began_at)
    return redirect(named or url, SEE_OTHER)


def _chosen_person() -> int:
    """Read the person given in a form: one of this room that this browser may see."""
    person_id = (numbers_of_form("into") or [0])[0]
    return people.get_person(current_access(), person_id).id


def _person_of(face_ids: list[int]) -> int | None:
    """Return whose the first of these faces is; None if it is unsorted, or there is none."""
    faces = shown_faces.get_faces(current_access(), face_ids[:1])
    return faces[0].person_id if faces else None


def _album(person_id: int | None) -> str:
    """Return the address of an album, or of all people if it lost its last face."""
    access = current_access()
    if person_id is None or not people.has_person(access, person_id):
        return url_for("people.index")
    return url_for("people.show", person_id=person_id)
