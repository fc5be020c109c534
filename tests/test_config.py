"""photoshare.config: one table of settings, every one checked."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from photoshare import create_app
from photoshare.config import ENV_PREFIX, ROOT, Settings, load_settings, settings_table
from photoshare.db import upgrade_schema
from photoshare.errors import SettingError


def test_everything_has_a_default() -> None:
    assert load_settings(environ={}) == Settings()


def test_the_defaults_are_these() -> None:
    settings = load_settings(environ={})

    assert settings.data == ROOT / "instance"
    assert (settings.public_url, settings.trusted_proxy, settings.url_prefix) == ("", "", "")
    assert (settings.max_photo_mb, settings.max_photo_megapixels) == (60, 100)
    assert (settings.max_upload_mb, settings.min_free_mb) == (500, 500)
    assert (settings.engine, settings.eps, settings.min_samples) == ("fused", None, 2)


def test_every_default_passes_its_own_check() -> None:
    for setting in fields(Settings):
        text = "" if setting.default is None else str(setting.default)
        assert setting.metadata["parse"](text) == setting.default


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("data", "/srv/photos", Path("/srv/photos")),
        ("public_url", "https://photos.example.org/", "https://photos.example.org"),
        ("public_url", "", ""),
        ("trusted_proxy", " 127.0.0.1 ", "127.0.0.1"),
        ("trusted_proxy", "::1", "::1"),
        ("trusted_proxy", "10.0.0.0/8,caddy ,  fd00::/8", "10.0.0.0/8, caddy, fd00::/8"),
        ("trusted_proxy", "my_app-caddy_1.photos.example", "my_app-caddy_1.photos.example"),
        ("url_prefix", "/photos", "/photos"),
        ("threads", "4", 4),
        ("max_photo_mb", "1", 1),
        ("min_free_mb", "0", 0),
        ("eps", "0.5", 0.5),
        ("eps", "", None),
        ("eps", "by engine", None),
        ("engine", "onnx", "dlib"),  # its former name
        ("min_samples", "20", 20),
        ("log_level", "debug", "debug"),
        ("storage", "s3://photos.example/our/party/", "s3://photos.example/our/party"),
        ("s3_endpoint", "http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
        ("s3_cache_mb", "10000", 10_000),
    ],
)
def test_a_variable_sets_its_setting(name: str, text: str, value: object) -> None:
    settings = load_settings(environ={ENV_PREFIX + name.upper(): text})

    assert getattr(settings, name) == value


REFUSED = [  # variable, text, remedy
    ("DATA", "", "a folder"),
    ("PUBLIC_URL", "photos.example.org", "an address such as"),
    ("PUBLIC_URL", "ftp://photos.example.org", "an address such as"),
    ("PUBLIC_URL", "https://photos.example.org/?a=1", "an address such as"),
    ("TRUSTED_PROXY", "*", "with commas between them"),
    ("TRUSTED_PROXY", "0.0.0.0/0", "a network can't be all addresses"),
    ("TRUSTED_PROXY", "::/0", "a network can't be all addresses"),
    ("TRUSTED_PROXY", "127.0.0.1,", "with commas between them"),
    ("TRUSTED_PROXY", "127.0.0.1 ::1", "with commas between them"),
    ("TRUSTED_PROXY", "127.0.0.300", "with commas between them"),
    ("TRUSTED_PROXY", "172.18.0.1/16", "with commas between them"),  # which of the two is meant?
    ("TRUSTED_PROXY", "caddy:443", "with commas between them"),
    ("TRUSTED_PROXY", "https://caddy", "with commas between them"),
    ("TRUSTED_PROXY", "-caddy", "with commas between them"),
    ("URL_PREFIX", "photos", "a path such as"),
    ("URL_PREFIX", "/photos/", "a path such as"),
    ("URL_PREFIX", "//evil.example", "a path such as"),
    ("SECRET_KEY", "too short", "at least 32 characters"),
    ("METRICS_TOKEN", "too short", "at least 32 characters"),
    ("ROOM_CREATION", "everyone", "one of: open, password, closed, or empty"),
    ("OWNER_PASSWORD", "too short", "12 to 200 characters, or empty"),
    ("THREADS", "1", "a whole number from 2 to 64"),
    ("THREADS", "65", "a whole number from 2 to 64"),
    ("THREADS", "four", "a whole number from 2 to 64"),
    ("MAX_PHOTO_MB", "0", "a whole number from 1 to 1000"),
    ("MAX_CLIP_MB", "20001", "a whole number from 1 to 20000"),
    ("MAX_CLIP_MINUTES", "0", "a whole number from 1 to 180"),
    ("MAX_PHOTO_MEGAPIXELS", "171", "a whole number from 1 to 170"),
    ("MAX_UPLOAD_MB", "1.5", "a whole number from 1 to 10000"),
    ("PIECE_MB", "0", "a whole number from 1 to 50"),
    ("MAX_DECODE_SECONDS", "0", "a whole number from 1 to 120"),
    ("MAX_DECODE_MB", "199", "a whole number from 200 to 10000"),
    ("MAX_ROOM_PHOTOS", "0", "a whole number from 1 to 1000000"),
    ("MAX_ROOM_GB", "0", "a whole number from 1 to 100000"),
    ("MAX_UPLOADS_PER_HOUR", "0", "a whole number from 1 to 1000000"),
    ("MIN_FREE_MB", "-1", "a whole number from 0 to 1000000"),
    ("BIN_DAYS", "366", "a whole number from 0 to 365"),
    ("BACKUP_FOLDER", "/dev/null", "a folder, or empty"),
    ("BACKUP_KEEP", "0", "a whole number from 1 to 1000"),
    ("SMALLEST_FACE_PERCENT", "0.4", "a number from 0.5 to 20"),
    ("ENGINE", "magic", "one of: "),
    ("EPS", "1.51", "a number from 0.15 to 1.5, or empty"),
    ("EPS", "nan", "a number from 0.15 to 1.5, or empty"),
    ("EPS", "near", "a number from 0.15 to 1.5, or empty"),
    ("MIN_SAMPLES", "1", "a whole number from 2 to 20"),
    ("WORKERS", "scheduler:8786", "an address such as tcp://127.0.0.1:8786 or tls://..., or empty"),
    ("WORKERS", "tcp://127.0.0.1", "an address such as "),
    ("WORKERS", "tcp://127.0.0.1:many", "an address such as "),
    ("WORKERS", "http://127.0.0.1:8786", "an address such as "),
    ("WORKERS_CA", "/no/such/file", "a file that is there, or empty"),
    ("WORKERS_CERT", "/no/such/file", "a file that is there, or empty"),
    ("WORKERS_KEY", "/no/such/file", "a file that is there, or empty"),
    ("LOG_FORMAT", "xml", "one of: text, json"),
    ("ACCESS_LOG", "all", "one of: off, on"),
    ("LOG_LEVEL", "loud", "one of: debug, info, warning, error"),
    ("STORAGE", "photos", "s3://bucket or s3://bucket/prefix"),
    ("STORAGE", "s3://Photos", "s3://bucket or s3://bucket/prefix"),
    ("STORAGE", "s3://photos//party", "s3://bucket or s3://bucket/prefix"),
    ("S3_ENDPOINT", "s3.example.org", "https://s3.example.org"),
    ("S3_ENDPOINT", "https://key@s3.example.org", "https://s3.example.org"),
    ("S3_ENDPOINT", "https://s3.example.org/photos", "https://s3.example.org"),
    ("S3_REGION", "eu central", "a word such as"),
    ("S3_ACCESS_KEY_ID", "AKIA and more", "one word"),
    ("S3_SECRET_ACCESS_KEY", "half of\nit", "one word"),
    ("S3_ALLOW_HTTP", "yes", "one of: off, on"),
    ("S3_DOWNLOADS", "phone", "one of: server, redirect"),
    ("S3_CACHE_MB", "199", "a whole number from 200"),
    ("DATABASE_URL", "mysql://photoshare:secret@127.0.0.1/photoshare", "postgresql+psycopg://"),
    ("DATABASE_URL", "postgresql://127.0.0.1", "an address such as postgresql+psycopg://"),
]
SECRETS = [
    setting.name.upper() for setting in fields(Settings) if "secret" in setting.metadata.values()
]
KEY = "0123456789abcdef" * 2


@pytest.mark.parametrize(("variable", "text", "remedy"), REFUSED)
def test_a_bad_value_is_refused_by_a_sentence_with_the_variable(
    variable: str, text: str, remedy: str
) -> None:
    with pytest.raises(SettingError) as refusal:
        load_settings(environ={ENV_PREFIX + variable: text})

    shown = "not shown here" if variable in SECRETS else repr(text)
    assert str(refusal.value).startswith(f"{ENV_PREFIX}{variable} is {shown}, but must be ")
    assert remedy in str(refusal.value)


def test_every_setting_has_a_value_that_is_refused() -> None:
    tried = {variable.lower() for variable, _text, _remedy in REFUSED}

    assert tried == {setting.name for setting in fields(Settings)}


def test_a_former_setting_is_refused_with_the_one_that_replaced_it() -> None:
    with pytest.raises(SettingError, match="no longer a setting: PHOTOSHARE_BIN_DAYS says"):
        load_settings(environ={"PHOTOSHARE_UNDO_MINUTES": "10"})


def test_the_shortest_bin_is_for_a_slip() -> None:
    assert load_settings(environ={"PHOTOSHARE_BIN_DAYS": "0"}).bin_time == timedelta(minutes=10)
    assert load_settings(environ={"PHOTOSHARE_BIN_DAYS": "3"}).bin_time == timedelta(days=3)


def test_an_unknown_variable_is_refused() -> None:
    with pytest.raises(SettingError, match="PHOTOSHARE_THREDS isn't a setting"):
        load_settings(environ={"PHOTOSHARE_THREDS": "4"})


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("PORT", "tcp://10.96.0.7:8000"),
        ("PORT_8000_TCP", "tcp://10.96.0.7:8000"),
        ("PORT_8000_TCP_ADDR", "10.96.0.7"),
        ("SERVICE_HOST", "10.96.0.7"),
        ("SERVICE_PORT", "8000"),
        ("SERVICE_PORT_HTTP", "8000"),
    ],
)
def test_what_kubernetes_sets_for_a_service_of_our_name_is_ignored(
    variable: str, text: str
) -> None:
    assert load_settings(environ={ENV_PREFIX + variable: text}) == Settings()


@pytest.mark.parametrize("variable", ["PORT", "PORTS", "SERVICES", "SERVICE"])
def test_what_looks_like_kubernetes_but_is_a_mistake_is_refused(variable: str) -> None:
    with pytest.raises(SettingError, match=f"PHOTOSHARE_{variable} isn't a setting"):
        load_settings(environ={ENV_PREFIX + variable: "7000"})


@pytest.mark.parametrize("public_url", ["https://example.org", "https://example.org/myphotos"])
def test_a_public_address_without_the_prefix_is_refused(public_url: str) -> None:
    with pytest.raises(SettingError) as refusal:
        load_settings({"public_url": public_url, "url_prefix": "/photos"}, environ={})

    assert str(refusal.value) == (
        f"PHOTOSHARE_PUBLIC_URL is '{public_url}', but must end with PHOTOSHARE_URL_PREFIX: "
        f"'{public_url}/photos'."
    )


@pytest.mark.parametrize(
    ("public_url", "url_prefix"),
    [
        ("https://example.org/photos/", "/photos"),
        ("https://example.org/our/photos", "/photos"),
        ("https://example.org/photos", ""),  # a proxy that strips the path
        ("", "/photos"),
    ],
)
def test_a_public_address_and_a_prefix_may_go_together(public_url: str, url_prefix: str) -> None:
    settings = load_settings({"public_url": public_url, "url_prefix": url_prefix}, environ={})

    assert settings.url_prefix == url_prefix


@pytest.mark.parametrize(("url_prefix", "path"), [("", "/"), ("/photos", "/photos")])
def test_the_cookie_goes_no_further_than_the_prefix(
    tmp_path: Path, url_prefix: str, path: str
) -> None:
    app = create_app({"data": tmp_path, "url_prefix": url_prefix})
    with app.app_context():
        upgrade_schema()

    answer = app.test_client().post("/rooms", data={"title": "Party"})

    assert answer.status_code == 303
    assert f"; Path={path};" in answer.headers["Set-Cookie"] + ";"


def test_an_unknown_override_is_refused() -> None:
    with pytest.raises(SettingError, match="PHOTOSHARE_COLOUR isn't a setting"):
        load_settings({"colour": "red"}, environ={})


def test_other_variables_are_none_of_our_business() -> None:
    assert load_settings(environ={"PATH": "/bin", "MYPHOTOSHARE_X": "1"}) == Settings()


def test_an_override_wins_and_is_checked_too() -> None:
    environ = {"PHOTOSHARE_THREADS": "4"}

    assert load_settings({"threads": 6}, environ).threads == 6
    with pytest.raises(SettingError, match="PHOTOSHARE_THREADS is '1'"):
        load_settings({"threads": 1}, environ)


def test_the_table_for_the_readme_names_every_setting() -> None:
    table = settings_table()

    names = [ENV_PREFIX + setting.name.upper() for setting in fields(Settings)]
    assert sorted(row[0] for row in table) == sorted(names)
    assert all(unit and help_text for _variable, _default, unit, help_text in table)


@pytest.mark.parametrize("variable", SECRETS)
def test_a_secret_may_be_in_a_file_of_its_own(tmp_path: Path, variable: str) -> None:
    value = f"postgresql+psycopg://name:{KEY}@host/name" if variable == "DATABASE_URL" else KEY
    (tmp_path / "secret").write_text(value + "\n")

    settings = load_settings(environ={f"PHOTOSHARE_{variable}_FILE": str(tmp_path / "secret")})

    assert getattr(settings, variable.lower()) == value
    assert KEY not in repr(settings)


@pytest.mark.parametrize("variable", SECRETS)
def test_a_secret_and_its_file_are_too_much(tmp_path: Path, variable: str) -> None:
    name = f"PHOTOSHARE_{variable}"
    (tmp_path / "secret").write_text(KEY)

    with pytest.raises(SettingError) as refusal:
        load_settings(environ={name: KEY, f"{name}_FILE": str(tmp_path / "secret")})

    assert str(refusal.value) == f"{name} and {name}_FILE are both set; keep one of them."


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "which can't be read (No such file or directory)."),
        (b" \n", "which is empty."),
        (b"\xff\xfe" * 32, "which can't be read (it isn't text)."),
    ],
)
def test_a_file_that_holds_no_secret_is_one_sentence(
    tmp_path: Path, content: bytes | None, why: str
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SettingError) as refusal:
        load_settings(environ={"PHOTOSHARE_SECRET_KEY_FILE": str(path)})

    assert str(refusal.value) == f"PHOTOSHARE_SECRET_KEY_FILE names {path}, {why}"


def test_what_is_no_secret_is_read_from_no_file() -> None:
    with pytest.raises(SettingError, match="PHOTOSHARE_DATA_FILE isn't a setting"):
        load_settings(environ={"PHOTOSHARE_DATA_FILE": "/run/secrets/data"})


def test_the_key_of_the_settings_signs_the_cookies(tmp_path: Path) -> None:
    app = create_app({"data": tmp_path, "secret_key": KEY})

    assert app.secret_key == KEY
    assert not (tmp_path / "secret_key").exists()


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql", "postgres"])
def test_postgresql_is_reached_by_one_driver_whatever_its_address_is_called(scheme: str) -> None:
    settings = load_settings({"database_url": f"{scheme}://name:secret@host/photoshare"}, {})

    assert settings.database_url == "postgresql+psycopg://name:secret@host/photoshare"
    assert settings.is_postgresql
    assert not load_settings({}, {}).is_postgresql
