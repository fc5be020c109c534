"""Ask before two faces in one photo become one person, showing the photo with both."""

from __future__ import annotations

from flask import Flask, render_template, request, url_for

from photoshare.errors import SamePhotoError
from photoshare.services.people import shown_faces
from photoshare.web.answers.htmx import wants_partial
from photoshare.web.answers.way_back import page_before
from photoshare.web.pages.words import translate_error
from photoshare.web.requests import current_access

SURE = "is_sure"  # the field that answers the question; the form sends all other fields again
SHOWN_PHOTOS = 3  # of all photos with both


def is_sure() -> bool:
    """Whether the form confirms that a photo may show the person twice."""
    return SURE in request.form


def _ask(error: SamePhotoError) -> tuple[str, int]:
    """Ask instead of making the change; the answer is the same form with `SURE`."""
    access = current_access()
    shown = error.pairs[:SHOWN_PHOTOS]
    face_ids = [face_id for pair in shown for face_id in pair]
    faces = {face.id: face for face in shown_faces.get_faces(access, face_ids)}
    template = "corrections/_same_photo.html" if wants_partial() else "corrections/same_photo.html"
    page = render_template(
        template,
        access=access,
        question=translate_error(error),
        pairs=[(faces[one], faces[other]) for one, other in shown],
        more_count=len(error.pairs) - len(shown),
        fields=[*request.form.items(multi=True), (SURE, "1")],
        back_url=page_before(url_for("people.index")),
    )
    return page, 422


def init_app(app: Flask) -> None:
    """Answer every correction that raises `SamePhotoError` with the question."""
    app.register_error_handler(SamePhotoError, _ask)
