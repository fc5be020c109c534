"""The pages about photos that are shown as one: their list, deleting, cleaning up, downloading."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from photoshare.db import db
from photoshare.models import Audience, Behind, Photo, Room
from tests.clips.drawing import draw_clip
from tests.conftest import Cast
from tests.drawn_scenes import TAKEN, as_jpeg, draw_scene, messenger_copy
from tests.fakes import RED
from tests.helpers import guest_of, tags_of


@pytest.fixture
def stack(
    app: Flask, cast: Cast, add_photo: Callable[..., int], run_jobs: Callable[[], None]
) -> dict[str, int]:
    """A photo of the host, copies of it by the guest and the host, and another photo."""
    guest_id = guest_of(app, cast.guest, cast.room_id)
    host_id = guest_of(app, cast.host, cast.room_id)
    scene = draw_scene(1)
    photos = {
        "original.jpg": add_photo(
            cast.room_id, as_jpeg(scene, taken=TAKEN), "original.jpg", guest_id=host_id
        ),
        "sent.jpg": add_photo(cast.room_id, messenger_copy(scene), "sent.jpg", guest_id=guest_id),
        "small.jpg": add_photo(
            cast.room_id, messenger_copy(scene, side=640), "small.jpg", guest_id=host_id
        ),
        "other.jpg": add_photo(cast.room_id, as_jpeg(draw_scene(2)), "other.jpg"),
    }
    run_jobs()
    return photos


def get(client: FlaskClient, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.text


def names_in(client: FlaskClient, url: str) -> set[str]:
    answer = client.get(url)
    assert answer.status_code == 200
    return set(zipfile.ZipFile(io.BytesIO(answer.data)).namelist())


def left(app: Flask) -> set[str]:
    with app.app_context():
        return set(db.session.scalars(select(Photo.file_name)))


def shows(page: str, photo_id: int) -> bool:
    return f'id="tile-{photo_id}"' in page


def test_a_tile_says_how_many_versions_it_stands_for(cast: Cast, stack: dict[str, int]) -> None:
    page = get(cast.guest, f"{cast.url}/photos")

    assert shows(page, stack["original.jpg"])
    assert shows(page, stack["other.jpg"])
    assert not shows(page, stack["sent.jpg"])
    assert page.count("3 versions") == 1


def test_a_photos_page_lists_its_versions_with_who_added_them(
    cast: Cast, stack: dict[str, int]
) -> None:
    for name, said in (("original.jpg", "This one is in front"), ("sent.jpg", "Shown behind")):
        page = get(cast.guest, f"{cast.url}/photos/{stack[name]}")
        assert "3 versions" in page
        assert said in page
        assert "by Gustav" in page
        links = {tag.attributes.get("href") for tag in tags_of(page, "a")}
        for other in ("original.jpg", "sent.jpg", "small.jpg"):
            assert f"{cast.url}/photos/{stack[other]}" in links
    assert "3 versions" not in get(cast.guest, f"{cast.url}/photos/{stack['other.jpg']}")


def test_a_guest_shows_their_own_separately_and_changes_their_mind(
    cast: Cast, stack: dict[str, int], run_jobs: Callable[[], None]
) -> None:
    own = f"{cast.url}/photos/{stack['sent.jpg']}"
    assert "Show separately" in get(cast.guest, own)
    assert "Show separately" not in get(cast.guest, f"{cast.url}/photos/{stack['small.jpg']}")

    assert cast.guest.post(f"{own}/apart", data={"is_apart": "1"}).status_code == 303
    assert shows(get(cast.guest, f"{cast.url}/photos"), stack["sent.jpg"])
    assert "Show together with its versions again" in get(cast.guest, own)

    assert cast.guest.post(f"{own}/apart", data={"is_apart": "0"}).status_code == 303
    run_jobs()
    assert not shows(get(cast.guest, f"{cast.url}/photos"), stack["sent.jpg"])


def test_another_one_is_put_in_front(cast: Cast, stack: dict[str, int]) -> None:
    small = f"{cast.url}/photos/{stack['small.jpg']}"
    assert "Put in front" in get(cast.host, small)
    assert cast.host.post(f"{small}/front").status_code == 303

    page = get(cast.guest, f"{cast.url}/photos")
    assert shows(page, stack["small.jpg"])
    assert not shows(page, stack["original.jpg"])


@pytest.mark.parametrize(
    ("form", "stays"),
    [
        ({"versions": "all"}, {"other.jpg"}),
        ({}, {"other.jpg", "sent.jpg", "small.jpg"}),
    ],
)
def test_deleting_one_asks_whether_all_versions_are_meant(
    app: Flask, cast: Cast, stack: dict[str, int], form: dict[str, str], stays: set[str]
) -> None:
    url = f"{cast.url}/photos/{stack['original.jpg']}/delete"
    page = get(cast.host, url)
    assert "Delete all 3 versions" in page
    assert "Only this one" in page

    cast.host.post(url, data=form)
    assert left(app) == stays


def test_deleting_several_asks_as_well_and_a_guest_deletes_only_their_own(
    app: Flask, cast: Cast, stack: dict[str, int]
) -> None:
    url = f"{cast.url}/photos/delete"
    chosen = {"photos": [stack["original.jpg"], stack["other.jpg"]], "is_sure": "1"}
    asked = cast.host.post(url, data=chosen)
    assert "Delete all 4 versions" in asked.text
    assert len(left(app)) == 4

    cast.guest.post(url, data={"photos": stack["sent.jpg"], "is_sure": "1", "versions": "all"})
    assert left(app) == {"original.jpg", "small.jpg", "other.jpg"}
    cast.host.post(url, data=chosen | {"versions": "shown"})
    assert left(app) == {"small.jpg"}


def test_a_zip_has_what_is_shown_and_on_request_everything(
    cast: Cast, stack: dict[str, int]
) -> None:
    everything = set(stack)
    assert names_in(cast.guest, f"{cast.url}/photos.zip") == {"original.jpg", "other.jpg"}
    assert names_in(cast.guest, f"{cast.url}/photos.zip?behind=1") == everything
    chosen = f"photos={stack['original.jpg']}&behind=1"
    assert names_in(cast.guest, f"{cast.url}/photos.zip?{chosen}") == everything - {"other.jpg"}
    assert "behind=1" in get(cast.guest, f"{cast.url}/photos")
    files = cast.guest.get(f"{cast.url}/photos/files?behind=1").get_json()
    assert len(files) == 4


def test_a_host_cleans_up_and_restores(app: Flask, cast: Cast, stack: dict[str, int]) -> None:
    url = f"{cast.url}/clean-up"
    page = get(cast.host, url)
    boxes = {
        tag["value"]: "checked" in tag.attributes for tag in tags_of(page, "input", name="keep")
    }
    three = ("original.jpg", "sent.jpg", "small.jpg")
    assert boxes == {str(stack[name]): name == "original.jpg" for name in three}
    assert url in get(cast.host, f"{cast.url}/settings")

    shown = [tag["value"] for tag in tags_of(page, "input", name="shown")]
    assert shown == [str(stack[name]) for name in three]
    sent = {"shown": shown, "keep": stack["original.jpg"]}
    assert cast.guest.post(url, data=sent).status_code == 403
    assert cast.host.post(url, data=sent).status_code == 303
    assert left(app) == {"original.jpg", "other.jpg"}
    assert "nothing to clean up" in get(cast.host, url)

    restoring = tags_of(get(cast.host, f"{cast.url}/bin"), "form")
    (undo,) = {tag["action"] for tag in restoring if tag["action"].endswith("/undo")}
    cast.host.post(undo)
    assert left(app) == set(stack)
    assert "3 versions" in get(cast.host, f"{cast.url}/photos/{stack['original.jpg']}")


def test_a_live_photo_plays_its_movie_on_a_press(
    app: Flask, cast: Cast, add_photo: Callable[..., int]
) -> None:
    still = add_photo(cast.room_id, as_jpeg(draw_scene(3)), "live.jpg")
    movie = add_photo(cast.room_id, draw_clip(RED), "live.mp4")
    with app.app_context():
        behind = {"front_id": still, "behind_as": Behind.MOVIE}
        db.session.execute(update(Photo).where(Photo.id == movie).values(**behind))
        db.session.commit()

    page = get(cast.guest, f"{cast.url}/photos/{still}")

    (link,) = [tag for tag in tags_of(page, "a") if "data-motion" in tag.attributes]
    assert f"/photos/{movie}/" in link["href"]
    answer = cast.guest.get(link["href"])
    assert (answer.status_code, answer.mimetype) == (200, "video/mp4")
    assert "data-motion" not in get(cast.guest, f"{cast.url}/photos/{movie}")


@pytest.mark.parametrize("audience", [Audience.SELF, Audience.HOST, Audience.LATER])
def test_whoever_sees_one_version_learns_of_no_other(
    app: Flask, cast: Cast, stack: dict[str, int], audience: Audience
) -> None:
    with app.app_context():
        db.session.execute(update(Room).values(audience=audience))
        db.session.commit()

    own = f"{cast.url}/photos/{stack['sent.jpg']}"
    urls = [own, f"{own}/delete", f"{cast.url}/photos", cast.url, f"{cast.url}/me"]
    for page in (get(cast.guest, url) for url in urls):
        for said in ("versions", "original.jpg", "small.jpg", "behind", "Put in front"):
            assert said not in page, said
    assert shows(get(cast.guest, f"{cast.url}/photos"), stack["sent.jpg"])
    assert names_in(cast.guest, f"{cast.url}/photos.zip?behind=1") == {"sent.jpg"}
    assert cast.guest.post(f"{own}/front").status_code == 404


@pytest.mark.parametrize("audience", [Audience.SELF, Audience.HOST, Audience.LATER])
def test_a_photo_that_a_guest_does_not_see_tells_nothing_of_its_versions(
    app: Flask, cast: Cast, stack: dict[str, int], audience: Audience
) -> None:
    """Else its number would tell that someone else has what they added."""
    with app.app_context():
        db.session.execute(update(Room).values(audience=audience))
        db.session.commit()

    for name in ("original.jpg", "small.jpg", "other.jpg"):
        url = f"{cast.url}/photos/{stack[name]}/delete"
        assert cast.guest.post(url, data={"versions": "all"}).status_code == 404, name
        several = {"photos": stack[name], "versions": "all"}
        asked = cast.guest.post(f"{cast.url}/photos/delete", data=several)
        assert "sent.jpg" not in asked.text
        assert "versions" not in asked.text
        cast.guest.post(f"{cast.url}/photos/delete", data=several | {"is_sure": "1"})
    assert left(app) == set(stack)
