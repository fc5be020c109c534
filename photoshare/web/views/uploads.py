"""Receive uploads from our script: known photos, and files in pieces (docs/uploads.md)."""

from __future__ import annotations

import re

from flask import Blueprint, Response, jsonify, make_response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from photoshare.errors import InvalidInputError, RejectedPhotoError, WrongOffsetError
from photoshare.services.photos import clean_file_name, find_known, uploads
from photoshare.services.photos.uploads import FileFacts, UnfinishedUpload
from photoshare.web.answers import UploadResult, answer_upload, translate_error
from photoshare.web.requests import (
    changed_at_of_form,
    current_access,
    current_site,
    limit_uploads,
    may_upload,
    number_argument,
)

blueprint = Blueprint("uploads", __name__, url_prefix="/rooms/<room_code>/uploads")

MAX_HASHES = 500  # in one request; more would not fit into a form of ours either
OFFSET = "Upload-Offset"  # header: how many bytes of a file are safe
_SHA256 = re.compile(r"[0-9a-f]{64}")


@blueprint.post("/known")
def known(room_code: str) -> Response:
    """Return which of these photos the room has, by SHA-256, so that they are not sent again."""
    hashes = request.form.getlist("sha256")
    if len(hashes) > MAX_HASHES or not all(_SHA256.fullmatch(text) for text in hashes):
        raise InvalidInputError(
            "Please ask for up to %(number)s SHA-256 hashes in hexadecimal digits.",
            number=MAX_HASHES,
        )
    access = current_access()
    return jsonify(known=find_known(access.room.id, hashes, access.guest.id))


@blueprint.post("")
@may_upload
def begin(room_code: str) -> Response | BaseResponse:
    """Begin an upload in pieces, or find how far it came before."""
    access, site = current_access(), current_site()
    facts = _file_facts()
    if facts.sha256 and find_known(access.room.id, [facts.sha256], access.guest.id):
        return answer_upload([UploadResult(facts.file_name, is_duplicate=True)])
    found = uploads.find_upload(access, facts.fingerprint, site.storage)
    if found is None:
        limit_uploads(1, site.settings.max_uploads_per_hour)
        try:
            found = uploads.begin_upload(
                access, facts, storage=site.storage, settings=site.settings
            )
        except RejectedPhotoError as error:
            return answer_upload([UploadResult(facts.file_name, reason=translate_error(error))])
    return _so_far(found, 201)


def _file_facts() -> FileFacts:
    form = request.form
    sha256 = form.get("sha256", "")
    name = clean_file_name(form.get("file_name", ""))
    size = form.get("size", 0, type=int)
    if sha256 and not _SHA256.fullmatch(sha256):
        raise InvalidInputError("The SHA-256 must have 64 hexadecimal digits.")
    fingerprint = sha256 or f"{size} {form.get('modified', '')[:20]} {name}"
    return FileFacts(name, size, fingerprint, sha256 or None, changed_at_of_form())


@blueprint.post("/<int:upload_id>")
@may_upload
def add_piece(room_code: str, upload_id: int) -> Response | BaseResponse:
    """Append the next piece of a file, the bytes from ``offset`` on; the last makes a photo."""
    access, site = current_access(), current_site()
    # One byte more than a piece has: Werkzeug refuses a read that checks for data past the limit.
    request.max_content_length = site.settings.piece_bytes + 1
    offset = number_argument("offset")
    if offset is None or offset < 0:
        raise InvalidInputError("This piece is missing its offset.")
    try:
        outcome = uploads.add_piece(
            access,
            upload_id,
            offset,
            request.stream,  # type: ignore[arg-type]  # werkzeug says IO[bytes]
            storage=site.storage,
            settings=site.settings,
            decoders=site.decoders,
        )
    except WrongOffsetError as error:
        return _so_far(UnfinishedUpload(upload_id, error.offset), 409)
    except RejectedPhotoError as error:
        return answer_upload([UploadResult("", reason=translate_error(error))])
    if isinstance(outcome, UnfinishedUpload):
        return _so_far(outcome, 200)
    result = UploadResult("", is_duplicate=outcome.is_duplicate, is_waiting=outcome.is_waiting)
    return answer_upload([result])


def _so_far(upload: UnfinishedUpload, status: int) -> Response:
    response = make_response("", status)
    response.headers["Location"] = url_for("uploads.add_piece", upload_id=upload.upload_id)
    response.headers[OFFSET] = str(upload.offset)
    return response
