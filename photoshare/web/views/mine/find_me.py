"""Find oneself in a room by a picture, which nothing keeps."""

from __future__ import annotations

import base64

from flask import Blueprint, current_app, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from photoshare.config import MB, MOST_SELFIE_MB
from photoshare.errors import InvalidInputError, RejectedPhotoError
from photoshare.services.mine import find_me
from photoshare.services.mine.find_me import Candidate, PicturedFace
from photoshare.web.answers import SEE_OTHER, toast
from photoshare.web.pages.words import translate_error
from photoshare.web.requests import current_access, current_site, limit_searches, open_to_readers

ANSWERED_WITHIN_S = 3600

blueprint = Blueprint("find_me", __name__, url_prefix="/rooms/<room_code>/me")


@blueprint.post("/selfie")
@open_to_readers
def search(room_code: str) -> Response:
    """Show who of the room a picture may show; the answer is nowhere but on the page."""
    access, site = current_access(), current_site()
    request.max_content_length = MOST_SELFIE_MB * MB
    limit_searches()
    faces: list[PicturedFace] = []
    error, status = None, 200
    try:
        faces = find_me.find_by_picture(
            access,
            _picture(),
            engine=site.engine(),
            rule=site.rule,
            decoders=site.decoders,
            settings=site.settings,
        )
    except (InvalidInputError, RejectedPhotoError) as refused:
        error, status = translate_error(refused), 422
    page = render_template("find_me/found.html", access=access, faces=faces, error=error)
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/face")
def choose_face(room_code: str) -> Response:
    """Give a single face an album, and store that the guest is this person; nobody is told."""
    access = current_access()
    face_id, owner_id = _offered(request.form.get("face", ""))
    person_id = find_me.choose_face(access, face_id, owner_id)
    current_site().jobs.group_again(access.room.id)
    toast(gettext("Here you are! You'll always find your photos under “Me”."))
    return redirect(url_for("people.show", person_id=person_id), SEE_OTHER)


@blueprint.app_template_global()
def face_offer(candidate: Candidate) -> str:
    """Return what the form sends back for a single face: that this guest was asked about it."""
    values = [current_access().guest.id, candidate.face_id, candidate.owner_id]
    return str(_signer().dumps(values))


@blueprint.app_template_filter()
def data_url(picture: bytes) -> str:
    """Return a JPEG as an address that holds it."""
    return f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"


def _picture() -> bytes:
    """Read the picture of the form: one of its fields, whichever was used."""
    for file in request.files.getlist("picture"):
        content: bytes = file.read()
        if content:
            return content
    raise InvalidInputError("Please take a picture of yourself or choose one.")


def _offered(text: str) -> tuple[int, int]:
    """Read what `face_offer` made for this guest."""
    try:
        guest_id, face_id, owner_id = _signer().loads(text, max_age=ANSWERED_WITHIN_S)
    except BadSignature:
        guest_id = face_id = owner_id = 0
    if guest_id != current_access().guest.id:
        raise InvalidInputError("That took too long. Please look for yourself once more.")
    return face_id, owner_id


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="this face is me")
