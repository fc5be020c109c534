"""Install PhotoShare on a phone's home screen, and receive photos shared from its gallery.

Browsers offer this only for https addresses.
"""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from photoshare.services.rooms import entering
from photoshare.web.answers import SEE_OTHER
from photoshare.web.pages.icons import app_icon
from photoshare.web.pages.languages import page_direction, page_language
from photoshare.web.pages.link_picture import link_picture as draw_link_picture
from photoshare.web.requests import room_tokens

blueprint = Blueprint("phone_app", __name__)

ICON_SIZES = (180, 192, 512)  # pixels; iOS asks for the first, Android for the others
PAGE_COLOUR = "#faf6f1"  # --page of static/styles/tokens.css
DAY_S = 24 * 3600
SEND_AGAIN = 307  # the browser sends the same form, including files, to another address


@blueprint.get("/manifest.webmanifest")
def manifest() -> Response:
    """Tell the browser how to install PhotoShare as an app."""
    icons = [
        {
            "src": url_for("phone_app.icon", purpose=purpose, size=size),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for purpose in ("any", "maskable")
        for size in ICON_SIZES[1:]
    ]
    start = url_for("rooms.index")
    response = jsonify(
        {
            "id": start,
            "name": "PhotoShare",
            "short_name": "PhotoShare",
            "description": gettext("Everyone's photos. An album for each of you."),
            "lang": page_language(),
            "dir": page_direction(),
            "start_url": start,
            "scope": start,
            "display": "standalone",
            "background_color": PAGE_COLOUR,
            "theme_color": PAGE_COLOUR,
            "icons": icons,
            "share_target": {
                "action": url_for("phone_app.receive"),
                "method": "POST",
                "enctype": "multipart/form-data",
                "params": {"files": [{"name": "photos", "accept": ["image/*", "video/*"]}]},
            },
        }
    )
    response.mimetype = "application/manifest+json"
    response.headers["Cache-Control"] = "private, no-cache"  # it is in the guest's language
    return response


@blueprint.get("/app-icon-<any(any, maskable):purpose>-<int:size>.png")
def icon(purpose: str, size: int) -> Response:
    """Send the app's icon in one of the sizes that phones ask for."""
    if size not in ICON_SIZES:
        abort(404)
    response = make_response(app_icon(size, is_maskable=purpose == "maskable"))
    response.mimetype = "image/png"
    response.headers["Cache-Control"] = f"public, max-age={DAY_S}"
    return response


@blueprint.get("/link-picture.png")
def link_picture() -> Response:
    """Send the drawn picture that messengers show beside a link."""
    response = make_response(draw_link_picture())
    response.mimetype = "image/png"
    response.headers["Cache-Control"] = f"public, max-age={DAY_S}"
    return response


@blueprint.get("/service-worker.js")
def service_worker() -> Response:
    """Send the script that keeps shared photos on the phone until their room is chosen.

    It is at the root of the site because a worker only sees the addresses below its own.
    """
    response = current_app.send_static_file("service-worker.js")
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/share-target")
def choose_room() -> str | BaseResponse:
    """Ask which room the photos from the phone's gallery are for, unless there is only one."""
    my_rooms = entering.list_joined_rooms(room_tokens(), to_add=True)
    is_lost = "again" in request.args
    if len(my_rooms) == 1 and not is_lost:
        return redirect(_room_with_shared_photos(my_rooms[0].code), SEE_OTHER)
    return render_template(
        "phone_app/choose_room.html",
        choices=[(room, _room_with_shared_photos(room.code)) for room in my_rooms],
        is_lost=is_lost,
    )


@blueprint.post("/share-target")
def receive() -> BaseResponse:
    """Receive shared photos while the phone has no service worker yet: the first time.

    With one room they are passed on to it; else the guest chooses the room and adds them there.
    """
    my_rooms = entering.list_joined_rooms(room_tokens(), to_add=True)
    if len(my_rooms) == 1:
        return redirect(url_for("photos.upload", room_code=my_rooms[0].code), SEND_AGAIN)
    return redirect(url_for("phone_app.choose_room", again=1), SEE_OTHER)


def _room_with_shared_photos(room_code: str) -> str:
    return url_for("rooms.show", room_code=room_code, shared=1, _anchor="upload")
