"""People: the grid of covers, one person's album, the unsorted faces, names."""

from __future__ import annotations

from flask import Blueprint, Response, flash, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from photoshare.errors import InvalidInputError
from photoshare.services import people, photos
from photoshare.services.photos import Album
from photoshare.services.pictures import find_face_picture
from photoshare.services.rooms import Access
from photoshare.web.htmx import redirect_or, render, wants_partial
from photoshare.web.numbers import number_argument
from photoshare.web.photos import send_picture
from photoshare.web.security import current_access, host_only
from photoshare.web.site import current_site

blueprint = Blueprint("people", __name__, url_prefix="/rooms/<room_code>")


@blueprint.get("/people")
def index(room_code: str) -> str:
    """Show everybody in the room, most photos first."""
    access = current_access()
    return render(
        "people/index.html",
        "people/_grid.html",
        access=access,
        people=people.list_people(access.room.id),
        unsorted_count=people.count_unsorted_faces(access.room.id),
        without_faces_count=photos.count_photos(Album(access.room.id, is_without_faces=True)),
    )


@blueprint.get("/people/unsorted")
def unsorted(room_code: str) -> str:
    """Show the faces that belong to no person yet."""
    access = current_access()
    faces = people.list_unsorted_faces(access.room.id)
    return render_template("people/unsorted.html", access=access, faces=faces)


@blueprint.get("/people/<int:person_id>")
def show(room_code: str, person_id: int) -> str:
    """Show a person's album."""
    access = current_access()
    album = Album(access.room.id, people.get_person(access.room.id, person_id).id)
    page = photos.list_photos(
        album, after=number_argument("after"), before=number_argument("before")
    )
    if wants_partial():
        return render_template("photos/_grid_page.html", access=access, album=album, page=page)
    return _person_page(access, person_id, album, page)


def _person_page(
    access: Access,
    person_id: int,
    album: Album,
    page: photos.PhotoPage,
    error: str | None = None,
) -> str:
    return render_template(
        "people/show.html",
        access=access,
        person=people.get_card(access.room.id, person_id),
        album=album,
        page=page,
        error=error,
    )


@blueprint.post("/people/<int:person_id>/name")
@host_only
def rename(room_code: str, person_id: int) -> Response | BaseResponse | tuple[str, int]:
    """Give a person a name."""
    access = current_access()
    try:
        people.rename_person(access.room.id, person_id, request.form.get("name", ""))
    except InvalidInputError as error:
        return _invalid_name(access, person_id, str(error)), 422
    if not wants_partial():
        flash("The name was saved.")
    return redirect_or(
        "people/_renamed.html",
        url_for("people.show", person_id=person_id),
        access=access,
        person=people.get_card(access.room.id, person_id),
        error=None,
        is_saved=True,
    )


def _invalid_name(access: Access, person_id: int, error: str) -> str:
    if wants_partial():
        card = people.get_card(access.room.id, person_id)
        return render_template("people/_name_form.html", access=access, person=card, error=error)
    album = Album(access.room.id, person_id)
    return _person_page(access, person_id, album, photos.list_photos(album), error)


@blueprint.get("/faces/<int:face_id>.jpg")
def face(room_code: str, face_id: int) -> Response:
    """Send the small square picture of one face."""
    room_id = current_access().room.id
    path = find_face_picture(room_id, face_id, current_site().storage)
    return send_picture(path, "image/jpeg")
