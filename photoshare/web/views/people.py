"""Show the grid of people, one person's album, and faces to choose from."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from photoshare.services.corrections import history
from photoshare.services.corrections.verbs import may_correct_person
from photoshare.services.paging import page_of
from photoshare.services.people import people, shown_faces, suggestions
from photoshare.services.people.room_people import load_room_people
from photoshare.services.people.shown_faces import FacePage
from photoshare.services.photos.albums import open_album
from photoshare.services.photos.pictures import find_face_picture
from photoshare.web.answers import current_author, render, send_picture, wants_partial
from photoshare.web.pages.people_grid import draw_people
from photoshare.web.pages.photo_grid import photo_page
from photoshare.web.requests import (
    current_access,
    current_site,
    host_only,
    number_list_argument,
    page_argument,
)

blueprint = Blueprint("people", __name__, url_prefix="/rooms/<room_code>")


@blueprint.get("/people")
def index(room_code: str) -> str:
    """Show everyone in the room, most photos first, page by page."""
    access, number = current_access(), page_argument()
    found = load_room_people(access.room.id)
    if wants_partial() and "choose" in request.args:
        return draw_people(access, "people/_choose_page.html", found, number)
    if wants_partial():
        part = "people/_grid.html" if number <= 1 else "people/_grid_page.html"
        return draw_people(access, part, found, number)
    return render_template(
        "people/index.html",
        access=access,
        author=current_author(),
        found=found,
        grid=draw_people(access, "people/_grid.html", found, number),
        choices=draw_people(access, "people/_choose_page.html", found, number),
    )


@blueprint.get("/people/hidden")
@host_only
def hidden(room_code: str) -> str:
    """Show the host the people that guests do not see."""
    access = current_access()
    page = page_of(load_room_people(access.room.id).hidden, page_argument())
    return render("people/hidden.html", "people/_hidden_page.html", access=access, page=page)


@blueprint.get("/people/unsorted")
def unsorted(room_code: str) -> str:
    """Show the faces that belong to no person yet, to choose from."""
    access = current_access()
    page = shown_faces.list_faces(access, None, page_argument())
    return _face_choice("people/unsorted.html", page)


@blueprint.get("/people/<int:person_id>")
def show(room_code: str, person_id: int) -> str | BaseResponse:
    """Show a person's album; for a merged person, redirect to where their photos are now."""
    access = current_access()
    if not people.has_person(access, person_id):
        heir = history.find_merged(access, person_id)
        if heir is not None:
            return redirect(url_for("people.show", person_id=heir))
    album = open_album(access, person_id=person_id)
    page = photo_page(album)
    if wants_partial():
        return render_template("photos/_grid_page.html", access=access, album=album, page=page)
    may_correct = may_correct_person(current_author(), person_id)
    return render_template(
        "people/show.html",
        access=access,
        person=people.get_card(access, person_id),
        album=album,
        page=page,
        may_correct=may_correct,
        maybe_faces=suggestions.list_maybe_faces(access, person_id, current_site().rule),
        error=None,
    )


@blueprint.get("/people/<int:person_id>/faces")
def faces(room_code: str, person_id: int) -> str:
    """Show a person's faces, to choose the wrong ones."""
    access = current_access()
    page = shown_faces.list_faces(access, person_id, page_argument())
    return _face_choice("people/faces.html", page, person=people.get_card(access, person_id))


def _face_choice(template: str, page: FacePage, **context: Any) -> str:
    """Render faces to choose from, without buttons if this browser may correct none of them."""
    access = current_access()
    author = current_author()
    choosable = {face.id for face in page.faces if author.may_correct([face.photo.guest_id])}
    return render_template(
        template, access=access, author=author, page=page, choosable=choosable, **context
    )


@blueprint.get("/people/<int:person_id>/merge")
def choose_other(room_code: str, person_id: int) -> str:
    """Ask who a person really is; the most similar people come first."""
    access = current_access()
    person = people.get_card(access, person_id)
    alike = suggestions.list_alike_people(
        access, current_site().rule, person_id=person_id, with_beside=_with_beside()
    )
    return render(
        "people/merge.html",
        "people/_choices_page.html",
        access=access,
        person=person,
        page=page_of(alike, page_argument()),
        with_beside=_with_beside(),
    )


@blueprint.get("/faces/move")
def choose_person(room_code: str) -> str:
    """Ask who the chosen faces are; the most similar people come first."""
    access = current_access()
    chosen = shown_faces.get_faces(access, number_list_argument("faces"))
    alike = (
        suggestions.list_alike_people(
            access,
            current_site().rule,
            face_ids=[face.id for face in chosen],
            with_beside=_with_beside(),
        )
        if chosen
        else []
    )
    return render(
        "people/move.html",
        "people/_choices_page.html",
        access=access,
        faces=chosen,
        page=page_of(alike, page_argument()),
        with_beside=_with_beside(),
    )


def _with_beside() -> bool:
    """Whether the page should also list people who share a photo with the chosen faces."""
    return request.args.get("beside") == "1"


@blueprint.get("/faces/<int:face_id>")
def face(room_code: str, face_id: int) -> str:
    """Show one face in its photo, and what can be corrected about it."""
    access = current_access()
    found = shown_faces.get_face(access, face_id)
    return render_template(
        "people/face.html", access=access, author=current_author(), face=found, photo=found.photo
    )


@blueprint.get("/faces/<int:face_id>.jpg")
def face_picture(room_code: str, face_id: int) -> Response:
    """Send the small square picture of one face."""
    path = find_face_picture(current_access(), face_id, current_site().storage)
    return send_picture(path, "image/jpeg")
