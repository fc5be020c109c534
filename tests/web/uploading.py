"""The ways in which a browser in a room adds a photo."""

from __future__ import annotations

import io

from flask.testing import FlaskClient

from tests.conftest import Cast
from tests.fakes import RED, draw_photo
from tests.helpers import HX

CONTENT = draw_photo(RED, seed=7)


def photo_form() -> dict[str, object]:
    """Make a form with one photo, to be sent once."""
    return {"photos": (io.BytesIO(CONTENT), "a.jpg")}


def upload_ways(client: FlaskClient, cast: Cast) -> dict[str, int]:
    """Try every way of adding from a page of the room; return the statuses."""
    url, facts = cast.url, {"file_name": "b.jpg", "size": str(len(CONTENT))}
    return {
        "form": client.post(f"{url}/photos", data=photo_form()).status_code,
        "script": client.post(f"{url}/photos", data=photo_form(), headers=HX).status_code,
        "begin": client.post(f"{url}/uploads", data=facts).status_code,
        "piece": client.post(f"{url}/uploads/1?offset=0", data=CONTENT).status_code,
    }
