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
from photoshare.services.mine.find_me import Candidate, Offer, PicturedFace
from photoshare.services.pictures import clip_looker, read_face_picture
from photoshare.services.visibility.sight import sees_only_self
from photoshare.web.answers import SEE_OTHER, toast
from photoshare.web.pages.words import translate_error
from photoshare.web.requests import current_access, current_site, limit_searches, open_to_readers

ANSWERED_WITHIN_S = 600  # long enough to look closely; who comes back later looks again

blueprint = Blueprint("find_me", __name__, url_prefix="/rooms/<room_code>/me")


@blueprint.post("/selfie")
@open_to_readers
def search(room_code: str) -> Response:
    """Show who of the room a picture may show; the answer is nowhere but on the page."""
    access, site = current_access(), current_site()
    find_me.check_may_find(access)
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
    close_ups = _close_ups(faces) if sees_only_self(access) else {}
    page = render_template(
        "find_me/found.html", access=access, faces=faces, close_ups=close_ups, error=error
    )
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _close_ups(faces: list[PicturedFace]) -> dict[int, bytes]:
    """Read the pictures of the faces that are offered: no address shows them to this guest."""
    access, site = current_access(), current_site()
    ids = {one.face_id for face in faces for one in face.candidates}
    look_into = clip_looker(site.decoders, site.settings)
    return {
        face_id: read_face_picture(access.room.id, face_id, site.storage, site.renders, look_into)
        for face_id in ids
    }


@blueprint.post("/face")
@open_to_readers
def choose_face(room_code: str) -> Response:
    """Store who the guest is by their picture, which may give a face an album; nobody is told."""
    access = current_access()
    offer = _offered(request.form.get("face", ""))
    person_id = find_me.choose_offered(access, offer)
    if not offer.is_person:
        current_site().jobs.group_again(access.room.id)
    toast(gettext("Here you are! You'll always find your photos under “Me”."))
    return redirect(url_for("people.show", person_id=person_id), SEE_OTHER)


@blueprint.app_template_global()
def face_offer(candidate: Candidate) -> str:
    """Return what the form sends back: that this guest was asked whether this is them."""
    access, is_person = current_access(), candidate.person is not None
    asked = [access.room.id, access.guest.id]
    return str(_signer().dumps([*asked, candidate.face_id, candidate.owner_id, is_person]))


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


def _offered(text: str) -> Offer:
    """Read what `face_offer` made for this guest."""
    access = current_access()
    try:
        *asked, face_id, owner_id, is_person = _signer().loads(text, max_age=ANSWERED_WITHIN_S)
    except BadSignature:
        asked = []
    if asked != [access.room.id, access.guest.id]:
        raise InvalidInputError("That took too long. Please look for yourself once more.")
    return Offer(face_id, owner_id, is_person)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="this face is me")
