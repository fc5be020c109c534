"""photoshare.services.downloads.zips: zips that change with the photos."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections.abc import Callable, Sequence

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from photoshare.db import db
from photoshare.models import Face, Photo
from photoshare.services.corrections import verbs
from photoshare.services.downloads.checksums import unmeasured
from photoshare.services.downloads.sources import SourceFile
from photoshare.services.downloads.zip_shelf import AlbumZip, ZipShelf
from photoshare.services.downloads.zips import ZipNote, make_zip, zip_state
from photoshare.services.photos.albums import Album, Chosen, WholeRoom, open_album
from photoshare.services.rooms.entering import Author
from photoshare.services.rooms.rooms import NewRoom
from photoshare.web.site import Site
from tests.fakes import RED, draw_photo
from tests.helpers import delete_for_good, host_access, insert_person, insert_photos
from tests.web.downloads.test_download import photo_with_place


@pytest.fixture
def room_id(make_room: Callable[..., NewRoom]) -> int:
    return make_room().room.id


def tell_missing(names: Sequence[str], _withheld_count: int) -> ZipNote:
    return ZipNote("lost.txt", "\n".join(names))


def zip_of(site: Site, album: Album, shelf: ZipShelf | None = None) -> AlbumZip:
    made = make_zip(album, site.storage, shelf or site.zips, exact=False, tell_missing=tell_missing)
    assert made is not None
    return made


def opened(site: Site, made: AlbumZip) -> zipfile.ZipFile:
    with SourceFile(lambda: site.zips.open(made.key), 0, made.layout.size_bytes) as file:
        return zipfile.ZipFile(io.BytesIO(file.read()))


def names_of(made: AlbumZip) -> list[str]:
    return [made.layout.name(number) for number in range(len(made.layout))]


def test_the_zip_says_which_photos_a_broken_disk_lost(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    for seed, name in enumerate(["lost.jpg", "cut.jpg", "kept.jpg"]):
        add_photo(room_id, draw_photo(RED, seed=seed), name)
    with app.app_context():
        lost, cut, _ = (
            site.storage.original(room_id, sha256)
            for sha256 in db.session.scalars(select(Photo.sha256).order_by(Photo.id))
        )
        lost.unlink()
        cut.write_bytes(cut.read_bytes()[:-10])

        made = zip_of(site, WholeRoom(room_id))

        with opened(site, made) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == ["kept.jpg", "lost.txt"]
            assert archive.read("lost.txt") == b"lost.jpg\ncut.jpg"
        assert zip_state(WholeRoom(room_id)).lost == ("lost.jpg", "cut.jpg")


def test_a_photo_that_is_back_from_a_backup_is_back_in_the_zip(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    add_photo(room_id, draw_photo(RED), "back.jpg")
    with app.app_context():
        original = site.storage.original(room_id, db.session.scalars(select(Photo.sha256)).one())
        content = original.read_bytes()
        original.unlink()
        assert names_of(zip_of(site, WholeRoom(room_id))) == ["lost.txt"]
        original.write_bytes(content)

        site.jobs.sweep()

        assert names_of(zip_of(site, WholeRoom(room_id))) == ["back.jpg"]


def test_a_file_that_is_lost_while_it_is_downloaded_is_left_out_the_next_time(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    add_photo(room_id, draw_photo(RED), "a.jpg")
    with app.app_context():
        made = zip_of(site, WholeRoom(room_id))
        source = site.zips.open(made.key)
        shutil.rmtree(site.storage.room_folder(room_id) / "originals")

        with pytest.raises(FileNotFoundError):
            source.read_at(50, 10)

        assert names_of(zip_of(site, WholeRoom(room_id))) == ["lost.txt"]


def test_readers_of_one_album_share_one_layout_until_its_photos_change(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    add_photo(room_id, draw_photo(RED), "a.jpg")
    with app.app_context():
        one = zip_of(site, WholeRoom(room_id))
        assert zip_of(site, WholeRoom(room_id)) is one
    second = add_photo(room_id, draw_photo(RED, seed=1), "b.jpg")
    with app.app_context():
        assert names_of(zip_of(site, WholeRoom(room_id))) == ["a.jpg", "b.jpg"]
        assert names_of(zip_of(site, Chosen(room_id, (second,)))) == ["b.jpg"]
        delete_for_good(host_access(room_id), second, site.storage)
        assert names_of(zip_of(site, WholeRoom(room_id))) == ["a.jpg"]


def test_who_is_who_changes_nothing_in_a_zip_of_the_same_photos(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    ids = [add_photo(room_id, draw_photo(RED, seed=seed), f"{seed}.jpg") for seed in range(2)]
    with app.app_context():
        whole, first = zip_of(site, WholeRoom(room_id)), zip_of(site, Chosen(room_id, (ids[0],)))
    lea = insert_person(app, room_id, ids[:1], "Lea")

    with app.app_context():
        assert zip_of(site, WholeRoom(room_id)) is whole
        assert zip_of(site, open_album(host_access(room_id), person_id=lea)) is first


def test_a_zip_is_found_again_by_its_photos_and_not_by_the_objects_in_memory(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    ids = [add_photo(room_id, draw_photo(RED, seed=seed), f"{seed}.jpg") for seed in range(2)]
    lea, tom = [insert_person(app, room_id, [photo_id]) for photo_id in ids]

    def made(
        person_id: int | None = None, people: Sequence[int] = (), is_together: bool = False
    ) -> AlbumZip:
        with app.app_context():  # other objects for the same rows every time
            album = open_album(
                host_access(room_id), person_id=person_id, people=people, is_together=is_together
            )
            return zip_of(site, album)

    for_lea, for_tom = made(person_id=lea), made(person_id=tom)

    assert (names_of(for_lea), names_of(for_tom)) == (["0.jpg"], ["1.jpg"])
    assert made(person_id=lea) is for_lea
    assert made(person_id=tom) is for_tom
    both = made(people=[lea, tom])
    assert names_of(both) == ["0.jpg", "1.jpg"]
    assert names_of(made(people=[lea, tom], is_together=True)) == []
    assert made(people=[lea, tom]) is both


def test_a_photo_that_cannot_be_searched_again_leaves_the_zip_of_those_without_faces(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    add_photo(room_id, draw_photo(RED), "a.jpg")
    with app.app_context():
        db.session.execute(update(Photo).values(engine="former", state="analysed"))
        db.session.commit()
        album = open_album(host_access(room_id), is_without_faces=True)
        assert names_of(zip_of(site, album)) == ["a.jpg"]
        db.session.execute(update(Photo).values(state="failed"))
        db.session.commit()

        assert names_of(zip_of(site, album)) == []


def test_another_lost_photo_of_the_same_name_is_another_zip(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    ids = [add_photo(room_id, draw_photo(RED, seed=seed), "a.jpg") for seed in range(2)]
    stamps = []
    with app.app_context():
        for lost in ids:
            db.session.execute(update(Photo).values(is_lost=Photo.id == lost))
            db.session.commit()
            stamps.append(zip_of(site, WholeRoom(room_id)).stamp)

    assert len(set(stamps)) == 2


def test_an_album_that_loses_a_person_is_laid_out_anew(
    app: Flask,
    site: Site,
    room_id: int,
    add_photo: Callable[..., int],
    run_jobs: Callable[[], None],
) -> None:
    for seed in range(2):
        add_photo(room_id, draw_photo(RED, seed=seed), f"{seed}.jpg")
    run_jobs()
    with app.app_context():
        face = db.session.scalars(select(Face).order_by(Face.id)).first()
        assert face is not None
        album = open_album(host_access(room_id), person_id=face.person_id)
        assert names_of(zip_of(site, album)) == ["0.jpg", "1.jpg"]

        verbs.mark_not_faces(Author(room_id), [face.id])

        assert names_of(zip_of(site, album)) == ["1.jpg"]


def test_the_stamp_changes_with_every_change_of_the_zip(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    def stamp(album: Album) -> str:
        with app.app_context():
            return zip_of(site, album, ZipShelf()).stamp

    first = add_photo(room_id, draw_photo(RED), "a.jpg")
    one = stamp(WholeRoom(room_id))
    assert stamp(WholeRoom(room_id)) == one
    add_photo(room_id, draw_photo(RED, seed=1), "a.jpg")
    two = stamp(WholeRoom(room_id))
    with app.app_context():
        db.session.execute(update(Photo).where(Photo.id == first).values(file_name="b.jpg"))
        db.session.commit()
    renamed = stamp(WholeRoom(room_id))
    with app.app_context():
        db.session.execute(update(Photo).where(Photo.id == first).values(is_lost=True))
        db.session.commit()
    lost = stamp(WholeRoom(room_id))

    assert len({one, two, renamed, lost}) == 4
    assert stamp(Chosen(room_id, (first,))) not in (two, renamed)


def test_a_photo_has_its_time_in_the_zip(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    add_photo(room_id, photo_with_place())
    with app.app_context(), opened(site, zip_of(site, WholeRoom(room_id))) as archive:
        assert archive.infolist()[0].date_time == (2024, 5, 6, 7, 8, 8)


def test_no_zip_is_made_while_a_photo_has_to_be_measured(
    app: Flask, site: Site, room_id: int, add_photo: Callable[..., int]
) -> None:
    add_photo(room_id, draw_photo(RED))
    insert_photos(app, room_id, 3)
    album = WholeRoom(room_id)
    with app.app_context():
        made = make_zip(album, site.storage, site.zips, exact=False, tell_missing=tell_missing)

        assert made is None
        assert zip_state(album).waiting_count == 3


@pytest.mark.sqlite
def test_what_a_zip_lacks_is_found_by_an_index(app: Flask, room_id: int) -> None:
    with app.app_context():
        for condition in (unmeasured(), Photo.is_lost):
            query = WholeRoom(room_id).select().with_only_columns(Photo.id).where(condition)
            compiled = query.compile(db.engine, compile_kwargs={"literal_binds": True})
            plan = db.session.execute(text(f"EXPLAIN QUERY PLAN {compiled}")).all()

            assert any(re.search("INDEX ix_photo_(lost|unmeasured)", row[-1]) for row in plan), plan
