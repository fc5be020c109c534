"""Upload, list, show, send and delete photos."""

from __future__ import annotations

import hashlib
from functools import partial

from flask import (
    Blueprint,
    Response,
    redirect,
    render_template,
    request,
)
from flask_babel import gettext
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as BaseResponse

from photoshare.errors import (
    DiskFullError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    PhotoshareError,
    RejectedPhotoError,
)
from photoshare.models import Photo
from photoshare.pictures.encoding import RENDITION_PX
from photoshare.pictures.formats import FORMATS
from photoshare.services.downloads.checksums import get_download
from photoshare.services.downloads.clean_originals import check_exact, open_download
from photoshare.services.downloads.file_names import original_name
from photoshare.services.people.shown_faces import is_visible
from photoshare.services.photos import adding, deleting, listing
from photoshare.services.photos.albums import Album, open_album
from photoshare.services.photos.pictures import find_picture
from photoshare.web.answers import (
    SEE_OTHER,
    UploadResult,
    answer_upload,
    current_author,
    picture_digest,
    render,
    send_picture,
    send_source,
    toast,
)
from photoshare.web.pages.template_helpers import album_url
from photoshare.web.pages.words import translate_error
from photoshare.web.requests import (
    album_argument,
    current_access,
    current_site,
    limit_uploads,
)

blueprint = Blueprint("photos", __name__, url_prefix="/rooms/<room_code>")

PICTURE_TYPES = {"webp": "image/webp", "jpg": "image/jpeg"}


@blueprint.get("/photos")
def index(room_code: str) -> str:
    """Show the room's photos, page by page."""
    return _grid(open_album(current_access()), gettext("All photos"))


@blueprint.get("/photos/without-faces")
def without_faces(room_code: str) -> str:
    """Show the photos without a face."""
    album = open_album(current_access(), is_without_faces=True)
    return _grid(album, gettext("Photos without faces"))


def _grid(album: Album, title: str) -> str:
    page = listing.list_photos(
        album, after=request.args.get("after"), before=request.args.get("before")
    )
    return render(
        "photos/index.html",
        "photos/_grid_page.html",
        access=current_access(),
        album=album,
        page=page,
        title=title,
    )


@blueprint.post("/photos")
def upload(room_code: str) -> Response | BaseResponse:
    """Receive photos: one per request from our script, all at once from a plain form."""
    settings = current_site().settings
    request.max_content_length = settings.max_upload_bytes
    files = [file for file in request.files.getlist("photos") if file.filename]
    if not files:
        raise InvalidInputError("Please choose at least one photo.")
    limit_uploads(len(files), settings.max_uploads_per_hour)
    return answer_upload([_take(file) for file in files])


def _take(file: FileStorage) -> UploadResult:
    access, site = current_access(), current_site()
    name = adding.clean_file_name(file.filename or "")
    try:
        added = adding.add_photo(
            access.room.id,
            file.stream,  # type: ignore[arg-type]  # werkzeug says IO[bytes]
            name,
            guest_id=access.guest.id,
            storage=site.storage,
            settings=site.settings,
        )
    except (RejectedPhotoError, DiskFullError) as error:
        is_for_later = isinstance(error, DiskFullError)
        return UploadResult(name, reason=translate_error(error), is_for_later=is_for_later)
    return UploadResult(name, is_duplicate=added.is_duplicate)


@blueprint.get("/photos/<int:photo_id>")
def show(room_code: str, photo_id: int) -> str:
    """Show one photo with its faces, and the photos before and after it in the album."""
    access = current_access()
    photo = listing.get_photo(access.room.id, photo_id, all_of_it=True)
    album = album_argument()
    return render_template(
        "photos/show.html",
        access=access,
        author=current_author(),
        photo=photo,
        faces=[face for face in photo.faces if is_visible(access, face)],
        album=album,
        neighbours=listing.find_neighbours(album, photo.id),
        may_delete=deleting.may_delete(access, photo),
    )


@blueprint.get("/photos/<int:photo_id>/<digest>-<int:side>.<any(webp, jpg):ending>")
def picture(room_code: str, photo_id: int, digest: str, side: int, ending: str) -> Response:
    """Send a smaller picture of a photo: its longer side in pixels, WebP or JPEG."""
    photo = _photo_with_digest(photo_id, digest)
    if side not in RENDITION_PX:
        raise NotFoundError("There's no picture in this size.")
    path = find_picture(photo, side, ending, current_site().storage)
    return send_picture(path, PICTURE_TYPES[ending])


@blueprint.get("/photos/<int:photo_id>/<digest>/download")
def download(room_code: str, photo_id: int, digest: str) -> Response:
    """Send a photo to save, without locations and names unless the room keeps them."""
    return _send_download(_photo_with_digest(photo_id, digest), wants_exact=False)


@blueprint.get("/photos/<int:photo_id>/<digest>/original")
def original(room_code: str, photo_id: int, digest: str) -> Response:
    """Send the original of a photo, bit for bit; for the host, unless the room keeps metadata."""
    return _send_download(_photo_with_digest(photo_id, digest), wants_exact=True)


def _send_download(photo: Photo, *, wants_exact: bool) -> Response:
    exact = check_exact(current_access(), wants_exact=wants_exact)
    storage = current_site().storage
    found = get_download(photo.id, storage, exact=exact)
    return send_source(
        partial(
            open_download, storage, photo.room_id, photo.sha256, found.form, photo.image_format
        ),
        found.size_bytes,
        etag=hashlib.sha256(found.stamp.encode()).hexdigest(),
        mime_type=FORMATS[found.image_format].mime_type,
        name=original_name(photo.file_name, found.image_format),
    )


def _photo_with_digest(photo_id: int, digest: str) -> Photo:
    photo = listing.get_photo(current_access().room.id, photo_id)
    if digest != picture_digest(photo):
        raise NotFoundError("This photo doesn't exist or was deleted.")
    return photo


@blueprint.get("/photos/<int:photo_id>/delete")
def confirm_delete(room_code: str, photo_id: int) -> str:
    """Ask whether to really delete a photo."""
    access = current_access()
    photo = listing.get_photo(access.room.id, photo_id)
    if not deleting.may_delete(access, photo):
        raise NotAllowedError("Only the host or the guest who uploaded a photo can delete it.")
    return render_template("photos/delete.html", access=access, photo=photo, album=_album_seen())


@blueprint.post("/photos/<int:photo_id>/delete")
def delete(room_code: str, photo_id: int) -> BaseResponse:
    """Delete a photo; the host any, a guest their own. Returns to the album it was seen in."""
    access = current_access()
    deleting.delete_photo(access, photo_id, current_site().storage)
    toast(gettext("Photo deleted."))
    return redirect(album_url(_album_seen()), SEE_OTHER)


def _album_seen() -> Album:
    """Return the album the photo was seen in; if that is gone with it, all photos of the room."""
    try:
        return album_argument()
    except PhotoshareError:
        return open_album(current_access())
