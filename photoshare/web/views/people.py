"""Show the grid of people, one person's album, and faces to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from photoshare.errors import DiskFullError
from photoshare.models import Face
from photoshare.services.corrections import history
from photoshare.services.corrections.rights import may_correct_person, may_correct_some
from photoshare.services.paging import page_of
from photoshare.services.people import people, selves, shown_faces, suggestions
from photoshare.services.people.finding import PeopleQuery, find_people
from photoshare.services.people.people import PersonCard
from photoshare.services.people.room_people import RoomPeople, load_room_people
from photoshare.services.photos import open_album
from photoshare.web.answers import (
    current_author,
    faces_of,
    page_after,
    render,
    send_face_picture,
    wants_partial,
    with_address,
)
from photoshare.web.pages.people_grid import EVERYONE, draw_people
from photoshare.web.pages.photo_grid import photo_page
from photoshare.web.pages.template_helpers import people_arguments
from photoshare.web.requests import (
    current_access,
    current_site,
    host_only,
    number_list_argument,
    page_argument,
    people_argument,
)

blueprint = Blueprint("people", __name__, url_prefix="/rooms/<room_code>")


@blueprint.get("/people")
def index(room_code: str) -> str | Response:
    """Show everyone in the room, page by page: sorted, and found by name, as the guest likes."""
    access, number, query = current_access(), page_argument(), people_argument()
    found = load_room_people(access)
    if "choose" in request.args:
        return _choice_of_several(found, number, query)
    if not wants_partial():
        return _people_page(found, grid_query=query)
    part = "people/_grid.html" if number <= 1 else "people/_grid_page.html"
    grid = draw_people(access, part, found, number, query)
    if number > 1 or "find" not in request.args:
        return grid
    count = len(find_people(found.people, query))
    changed = render_template("people/_found.html", grid=grid, count=count)
    return with_address(make_response(changed), url_for("people.index", **people_arguments(query)))


def _choice_of_several(found: RoomPeople, number: int, query: PeopleQuery) -> str:
    """Show the people to choose several from; those who are chosen already stay, and are first."""
    if not wants_partial():
        return _people_page(found, choice_query=query, chosen=number_list_argument("people"))
    chosen = number_list_argument("people")
    template = "people/_choose_page.html"
    return draw_people(current_access(), template, found, number, query, chosen)


def _people_page(
    found: RoomPeople,
    *,
    grid_query: PeopleQuery = EVERYONE,
    choice_query: PeopleQuery = EVERYONE,
    chosen: Sequence[int] = (),
) -> str:
    access, number, author = current_access(), page_argument(), current_author()
    choices = "people/_choose_page.html"
    return render_template(
        "people/index.html",
        access=access,
        author=author,
        found=found,
        query=grid_query,
        choice_query=choice_query,
        count=len(find_people(found.people, grid_query)),
        nameless_count=sum(not card.name for card in found.people),
        question_count=suggestions.count_pairs(access, current_site().rule)
        if author.is_host or author.may_correct_all
        else None,
        may_correct_some=may_correct_some(author),
        grid=draw_people(access, "people/_grid.html", found, number, grid_query),
        choices=draw_people(access, choices, found, number, choice_query, chosen),
    )


@blueprint.get("/people/hidden")
@host_only
def hidden(room_code: str) -> str:
    """Show the host the people that guests do not see."""
    access = current_access()
    page = page_of(load_room_people(access).hidden, page_argument())
    return render("people/hidden.html", "people/_hidden_page.html", access=access, page=page)


@blueprint.get("/people/unsorted")
def unsorted(room_code: str) -> str:
    """Show the faces that belong to no person yet, to choose from."""
    return _face_choice("people/unsorted.html", None)


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
    author = current_author()
    card = people.get_card(access, person_id)
    has_lost = card.id == access.guest.person_id and selves.has_lost(access, card)
    with suppress(DiskFullError):  # an album opens on a full disk as well
        selves.remember_seen(access, card)
    return render_template(
        "people/show.html",
        access=access,
        person=card,
        has_lost=has_lost,
        album=album,
        page=page,
        may_correct=may_correct_person(author, person_id),
        may_correct_some=may_correct_some(author, person_id),
        maybe_faces=suggestions.list_maybe_faces(access, person_id, current_site().rule),
        error=None,
    )


@blueprint.get("/people/<int:person_id>/faces")
def faces(room_code: str, person_id: int) -> str:
    """Show a person's faces, to choose the wrong ones."""
    card = people.get_card(current_access(), person_id)
    return _face_choice("people/faces.html", person_id, person=card)


def _face_choice(template: str, person_id: int | None, **context: Any) -> str:
    """Render faces to choose from, without buttons if this browser may correct none of them."""
    access, author = current_access(), current_author()
    page = shown_faces.list_faces(access, person_id, page_argument())
    is_own = author.sees_only is not None and may_correct_some(author, person_id)
    choosable = {
        face.id for face in page.items if is_own or author.may_correct([face.photo.guest_id])
    }
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
    return _choice_of_one("people/merge.html", alike, person=person)


@blueprint.get("/faces/move")
def choose_person(room_code: str) -> str:
    """Ask who the chosen faces are; the most similar people come first."""
    return _choice_for(shown_faces.get_faces(current_access(), number_list_argument("faces")))


@blueprint.get("/people/<int:person_id>/move")
def choose_faces(room_code: str, person_id: int) -> str:
    """Ask whose faces those of chosen photos of an album are, as far as this browser may say."""
    author, photo_ids = current_author(), number_list_argument("photos")
    found = shown_faces.find_faces_on(current_access(), person_id, photo_ids)
    return _choice_for([face for face in found if author.may_correct([face.photo.guest_id])])


def _choice_for(chosen: Sequence[Face]) -> str:
    access = current_access()
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
    owners = {face.person_id for face in chosen}
    alike = [card for card in alike if {card.id} != owners]  # they have all of these already
    began_at = faces_of(chosen[0].person_id if chosen else None)
    return _choice_of_one(
        "people/move.html",
        alike,
        faces=chosen,
        next=request.args.get("next"),
        back_url=page_after(began_at),
    )


def _choice_of_one(template: str, alike: Sequence[PersonCard], **context: Any) -> str:
    """Render people to choose one from, as found and sorted by the guest, or one page of them."""
    query = people_argument()
    context.setdefault("next", None)
    return render(
        template,
        "people/_choices_page.html",
        access=current_access(),
        page=page_of(find_people(alike, query), page_argument()),
        query=query,
        total=len(alike),
        nameless_count=sum(not card.name for card in alike),
        with_beside=_with_beside(),
        **context,
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
        "people/face.html",
        access=access,
        author=current_author(),
        face=found,
        photo=found.photo,
        next=request.args.get("next"),
        back_url=page_after(url_for("photos.show", photo_id=found.photo.id)),
    )


@blueprint.get("/faces/<int:face_id>.jpg")
def face_picture(room_code: str, face_id: int) -> Response:
    """Send the small square picture of one face."""
    return send_face_picture(face_id)
