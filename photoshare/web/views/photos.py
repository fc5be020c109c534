"""Upload, list, show, send and delete photos."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask import (
    Blueprint,
    Response,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
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
from photoshare.models import Face, Photo
from photoshare.services.downloads.clean_originals import check_exact
from photoshare.services.photos import (
    Album,
    Filtered,
    WholeRoom,
    add_photo,
    choose_cover,
    clean_file_name,
    delete_photos,
    find_neighbours,
    find_own_hearts,
    find_position,
    find_undoable,
    get_photo,
    give_heart,
    list_all,
    list_day,
    list_deletable,
    list_filters,
    may_delete,
    open_album,
    restore_photos,
    start_ms,
)
from photoshare.services.rooms.entering import Access
from photoshare.services.versions.stacks import front_of, list_company, list_versions
from photoshare.services.visibility.for_all import mark_for_all
from photoshare.services.visibility.sight import may_see_face
from photoshare.web.answers import (
    SEE_OTHER,
    UploadResult,
    answer_upload,
    current_author,
    is_sure,
    page_before,
    picture_digest,
    play_clip,
    redirect_or,
    say_deleted,
    send_movie,
    send_photo,
    send_photo_picture,
    send_tile,
    send_with_movie,
    toast,
    translate_error,
    wants_partial,
)
from photoshare.web.pages.photo_grid import photo_page
from photoshare.web.pages.template_helpers import album_url, download_url, movie_url
from photoshare.web.pages.words import count
from photoshare.web.requests import (
    album_argument,
    changed_at_of_form,
    current_access,
    current_covering,
    current_site,
    host_only,
    limit_uploads,
    may_upload,
    number_list_argument,
    numbers_of_form,
)

ALL_VERSIONS = "all"  # of what is shown as one, in the form that deletes it

blueprint = Blueprint("photos", __name__, url_prefix="/rooms/<room_code>")


@blueprint.get("/photos")
def index(room_code: str) -> str | BaseResponse:
    """Show the room's photos, or those that pass the filters in the address, page by page."""
    album = album_argument()
    if not isinstance(album, (WholeRoom, Filtered)):  # it has a page of its own
        return redirect(album_url(album))
    return _grid(album)


@blueprint.get("/photos/without-faces")
def without_faces(room_code: str) -> str:
    """Show the room's photos without a face."""
    return _grid(open_album(current_access(), is_without_faces=True))


def _grid(album: Album) -> str:
    access, page = current_access(), photo_page(album)
    if wants_partial():
        return render_template("photos/_grid_page.html", access=access, album=album, page=page)
    return render_template(
        "photos/index.html",
        access=access,
        album=album,
        page=page,
        filters=list_filters(access, album),
        undoable=find_undoable(access),
    )


@blueprint.get("/photos/files")
def files(room_code: str) -> Response:
    """List the photos of an album, or chosen ones, for the script that saves them, as JSON.

    Each is a list of the address of its download and about how many bytes it has.
    """
    album = album_argument(photo_ids=number_list_argument("photos"), takes_behind=True)
    withheld = current_covering().withheld_clips(album.room_id)
    photos = [photo for photo in list_all(album) if photo.id not in withheld]
    return jsonify([(_save_url(photo, album), photo.size_bytes) for photo in photos])


def _save_url(photo: Photo, album: Album) -> str:
    """Return the address of a photo to save; with its movie, if all behind it is asked for."""
    both = movie_url(photo, with_photo=True) if album.has_behind else None
    return both or download_url(photo)


@blueprint.post("/photos")
@may_upload
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
    name = clean_file_name(file.filename or "")
    try:
        added = add_photo(
            access.room.id,
            file.stream,  # type: ignore[arg-type]  # werkzeug says IO[bytes]
            name,
            guest_id=access.guest.id,
            storage=site.storage,
            settings=site.settings,
            decoders=site.decoders,
            changed_at=changed_at_of_form(),
        )
    except (RejectedPhotoError, DiskFullError) as error:
        is_for_later = isinstance(error, DiskFullError)
        return UploadResult(name, reason=translate_error(error), is_for_later=is_for_later)
    return UploadResult(name, is_duplicate=added.is_duplicate, is_waiting=added.is_waiting)


@blueprint.get("/photos/<int:photo_id>")
def show(room_code: str, photo_id: int) -> str:
    """Show one photo with its faces, and the photos before and after it in the album."""
    access = current_access()
    photo = get_photo(access, photo_id, all_of_it=True)
    album, author = album_argument(), current_author()
    faces = [face for face in photo.faces if may_see_face(access, face)]
    versions = list_versions(access, photo)
    return render_template(
        "photos/show.html",
        access=access,
        author=author,
        photo=photo,
        faces=sorted(faces, key=_by_name_then_place),
        is_fixing="fix" in request.args and author.may_correct([photo.guest_id]),
        album=album,
        position=find_position(album, photo),
        neighbours=find_neighbours(album, photo),
        may_delete=may_delete(access, photo),
        versions=versions,
        front=front_of(photo, versions),
        is_own=photo.id in find_own_hearts(access, [photo.id]),
        is_withheld=current_covering().withholds(photo),
        start_ms=start_ms(album, faces),
    )


def _by_name_then_place(face: Face) -> tuple[bool, bool, int]:
    """Order faces for a strip: who has a name first, unsorted ones last, each from the left."""
    person = face.person
    return person is None, person is None or not person.name, face.left


@blueprint.get("/photos/<int:photo_id>/<digest>-<int:side>.<any(webp, jpg):ending>")
def picture(room_code: str, photo_id: int, digest: str, side: int, ending: str) -> Response:
    """Send a smaller picture of a photo: its longer side in pixels, WebP or JPEG."""
    return send_photo_picture(_photo_with_digest(photo_id, digest), side, ending)


@blueprint.get("/photos/<int:photo_id>/<digest>/tiles/<int:factor>/<int:column>-<int:row>.webp")
def tile(
    room_code: str, photo_id: int, digest: str, factor: int, column: int, row: int
) -> Response:
    """Send a tile of a photo for a close look, its sides divided by ``factor``."""
    return send_tile(_photo_with_digest(photo_id, digest), factor, column, row)


@blueprint.get("/photos/<int:photo_id>/<digest>/download")
def download(room_code: str, photo_id: int, digest: str) -> BaseResponse:
    """Send a photo to save, without locations and names unless the room keeps them."""
    return _send(photo_id, digest, wants_exact=False)


@blueprint.get("/photos/<int:photo_id>/<digest>/original")
def original(room_code: str, photo_id: int, digest: str) -> BaseResponse:
    """Send the original of a photo, bit for bit; for the host, unless the room keeps metadata."""
    return _send(photo_id, digest, wants_exact=True)


@blueprint.get("/photos/<int:photo_id>/<digest>/movie")
def movie(room_code: str, photo_id: int, digest: str) -> BaseResponse:
    """Send the movie of a motion photo, to be played."""
    photo = _photo_with_digest(photo_id, digest)
    return send_movie(photo, exact=check_exact(current_access(), wants_exact=False))


@blueprint.get("/photos/<int:photo_id>/<digest>/with-movie")
def with_movie(room_code: str, photo_id: int, digest: str) -> BaseResponse:
    """Send a motion photo to save, together with its movie."""
    photo = _photo_with_digest(photo_id, digest)
    return send_with_movie(photo, exact=check_exact(current_access(), wants_exact=False))


@blueprint.get("/photos/<int:photo_id>/<digest>/clip")
def clip(room_code: str, photo_id: int, digest: str) -> BaseResponse:
    """Send a clip to play in the page, all of it or the range that the browser asks for."""
    photo = _photo_with_digest(photo_id, digest)
    return play_clip(photo, exact=check_exact(current_access(), wants_exact=False))


def _send(photo_id: int, digest: str, *, wants_exact: bool) -> BaseResponse:
    photo = _photo_with_digest(photo_id, digest)
    return send_photo(photo, exact=check_exact(current_access(), wants_exact=wants_exact))


def _photo_with_digest(photo_id: int, digest: str) -> Photo:
    photo = get_photo(current_access(), photo_id)
    if digest != picture_digest(photo):
        raise NotFoundError("This photo doesn't exist or was deleted.")
    return photo


@blueprint.post("/photos/<int:photo_id>/heart")
def heart(room_code: str, photo_id: int) -> Response | BaseResponse:
    """Give a photo a heart, or take it back."""
    is_given = request.form.get("is_given") == "1"
    photo = give_heart(current_access(), photo_id, is_given=is_given)
    back_url = page_before(url_for("photos.show", photo_id=photo_id))
    return redirect_or("photos/_heart.html", back_url, photo=photo, is_own=is_given)


@blueprint.get("/photos/<int:photo_id>/delete")
def confirm_delete(room_code: str, photo_id: int) -> str:
    """Ask whether to really delete a photo."""
    access = current_access()
    photo = get_photo(access, photo_id)
    if not may_delete(access, photo):
        raise NotAllowedError("Only the host or the guest who uploaded a photo can delete it.")
    return render_template(
        "photos/delete.html",
        access=access,
        photo=photo,
        album=_album_seen(),
        company=list_company(access, [photo_id]),
    )


@blueprint.post("/photos/<int:photo_id>/delete")
def delete(room_code: str, photo_id: int) -> BaseResponse:
    """Delete a photo; the host any, a guest their own. Returns to the album it was seen in."""
    access, chosen = current_access(), [photo_id]
    if request.form.get("versions") == ALL_VERSIONS:
        chosen += list_company(access, chosen)
    _delete(access, chosen)
    return redirect(album_url(_album_seen()), SEE_OTHER)


@blueprint.post("/photos/<int:photo_id>/cover")
@host_only
def cover(room_code: str, photo_id: int) -> BaseResponse:
    """Let a photo stand for the room, at the top of its page."""
    choose_cover(current_access(), photo_id)
    toast(gettext("This photo is the cover of the room now."))
    return redirect(url_for("rooms.show"), SEE_OTHER)


@blueprint.post("/photos/for-all")
@host_only
def for_all(room_code: str) -> BaseResponse:
    """Let every guest see chosen photos, or no longer, where they see only themselves."""
    chosen, is_for_all = numbers_of_form("photos"), request.form.get("is_for_all") == "1"
    if not chosen:
        raise InvalidInputError("Please select at least one photo.")
    number = mark_for_all(current_access(), chosen, is_for_all=is_for_all)
    photos = count(number, "photo")
    toast(
        gettext("All guests see %(photos)s now.", photos=photos)
        if is_for_all
        else gettext("%(photos)s no longer for everybody.", photos=photos)
    )
    return redirect(page_before(url_for("photos.index")), SEE_OTHER)


def _album_seen() -> Album:
    """Return the album the photo was seen in; if that is gone with it, all photos of the room."""
    try:
        return album_argument()
    except PhotoshareError:
        return open_album(current_access())


@blueprint.post("/photos/delete")
def delete_several(room_code: str) -> str | BaseResponse:
    """Delete the chosen photos that this browser may delete; ask first unless it is sure."""
    access, chosen = current_access(), numbers_of_form("photos")
    if not chosen:
        raise InvalidInputError("Please select at least one photo.")
    back_url = page_before(url_for("photos.index"))
    versions, company = request.form.get("versions"), list_company(access, chosen)
    if is_sure() and (versions or not company):  # else it is asked what is meant
        _delete(access, [*chosen, *company] if versions == ALL_VERSIONS else chosen)
        return redirect(back_url, SEE_OTHER)
    photos = list_deletable(access, chosen)
    return render_template(
        "photos/delete_several.html",
        access=access,
        photos=photos,
        company=company,
        others_count=len(chosen) - len(photos),
        back_url=back_url,
    )


def _delete(access: Access, photo_ids: Sequence[int]) -> None:
    say_deleted([delete_photos(access, photo_ids, current_site().storage)])


@blueprint.post("/deletions/<int:deletion_id>/undo")
def undo_delete(room_code: str, deletion_id: int) -> BaseResponse:
    """Bring back the photos of a deletion, for as long as that is possible."""
    access, site = current_access(), current_site()
    number = restore_photos(access, deletion_id, site.storage)
    site.jobs.search_restored(access.room.id)
    toast(gettext("%(photos)s back again.", photos=count(number, "photo")))
    return redirect(page_before(url_for("photos.index")), SEE_OTHER)


@blueprint.get("/photos/ids")
def ids(room_code: str) -> Response:
    """List the photos of a day of an album for the script that selects them, as JSON.

    Each is a list of its id and whether this browser may delete it.
    """
    try:
        day = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        raise InvalidInputError("This selection can't be read. Please select again.") from None
    access = current_access()
    photos = list_day(album_argument(), day)
    return jsonify([(photo.id, may_delete(access, photo)) for photo in photos])
