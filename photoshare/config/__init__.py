"""Read and check the settings: one table of name, default, unit and help text."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from photoshare.config.database import DatabaseSettings
from photoshare.config.owner import OwnerSettings
from photoshare.config.s3 import S3Settings
from photoshare.config.values import (
    HIDDEN,
    existing_file,
    folder,
    folder_or_nothing,
    long_secret,
    new_setting,
    number,
    one_of,
    or_nothing,
    path_prefix,
    proxies,
    scheduler_address,
    web_address,
    whole_number,
)
from photoshare.errors import SettingError

PACKAGE = Path(__file__).resolve().parent.parent
ROOT = PACKAGE.parent  # of a checkout
IS_INSTALLED = not (ROOT / "templates").is_dir()  # by pip, which puts all of it into the package
RESOURCES = PACKAGE if IS_INSTALLED else ROOT  # where templates/ and static/ are
PROGRAM = "photoshare" if IS_INSTALLED else "./run.sh"  # how it is started

LOCK_FILE = "photoshare.lock"  # in the data folder: who holds it serves, or searches
KB, MB, GB = 10**3, 10**6, 10**9  # bytes, as on phones and disks
MOST_SELFIE_MB = 24  # of a picture by which a guest looks for themselves; phones' have 3 to 12
ENV_PREFIX = "PHOTOSHARE_"
ENGINES = ("fused", "dlib", "face_recognition")  # photoshare.faces.engines.choose
# Former settings, and what replaced them: refused, since what they say no longer happens.
FORMER_SETTINGS = {
    "undo_minutes": "PHOTOSHARE_BIN_DAYS says how many days deleted photos stay in the bin "
    "(0: ten minutes)"
}
FORMER_ENGINES = {"onnx": "dlib"}  # its name before several engines ran on ONNX Runtime
# Kubernetes sets these in every pod for a service named "photoshare".
OF_KUBERNETES = re.compile(r"PHOTOSHARE_(SERVICE_(HOST|PORT(_.*)?)|PORT_.*)")
FILE_SUFFIX = "_FILE"  # of the variable that names the file; so do other images for Docker secrets
BY_ENGINE = "by engine"  # how the documentation shows a setting that the engine chooses
SHORTEST_BIN_TIME = timedelta(minutes=10)  # enough to notice a slip of the finger
LOG_FORMATS = ("text", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")


def _default_data(is_installed: bool, platform: str, environ: Mapping[str, str]) -> Path:
    """Choose the data folder: beside a checkout, else where programs of this user keep theirs.

    Source: XDG Base Directory Specification; Apple's File System Programming Guide.
    """
    if not is_installed:
        return ROOT / "instance"
    if platform == "darwin":
        return Path("~/Library/Application Support/photoshare").expanduser()
    return Path(environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "photoshare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(S3Settings, OwnerSettings, DatabaseSettings):
    """The settings of one server; docs/administration.md shows this table."""

    data: Path = new_setting(
        _default_data(IS_INSTALLED, sys.platform, os.environ),
        folder,
        "folder",
        "where the database, the photos and the keys are kept; ~/.local/share/photoshare if "
        "PhotoShare was installed by pip",
    )
    public_url: str = new_setting(
        "",
        web_address,
        "address",
        "the address guests use, for links shown and printed; it ends with the URL prefix, if any; "
        "if it starts with https, the cookie is https-only",
    )
    trusted_proxy: str = new_setting(
        "",
        proxies,
        "list",
        "the reverse proxies whose X-Forwarded-For, -Host, -Proto and -Port headers are trusted: "
        "addresses, networks (172.16.0.0/12) or host names (caddy), with commas between them",
    )
    url_prefix: str = new_setting(
        "", path_prefix, "path", "the path under which a reverse proxy serves PhotoShare"
    )
    secret_key: str = new_setting(
        "",
        long_secret,
        HIDDEN,
        "the key that signs the cookies; if not set, the first start makes one in the data folder",
    )
    threads: int = new_setting(
        8,
        whole_number(2, 64),
        "threads",
        "how many pages are answered at once; uploads have threads of their own, and downloads "
        "need none",
    )
    max_photo_mb: int = new_setting(
        60, whole_number(1, 1000), "MB", "largest file accepted as a photo"
    )
    max_clip_mb: int = new_setting(
        2000, whole_number(1, 20_000), "MB", "largest file accepted as a video"
    )
    max_clip_minutes: int = new_setting(
        10, whole_number(1, 180), "minutes", "longest video accepted"
    )
    max_photo_megapixels: int = new_setting(
        200, whole_number(1, 250), "megapixels", "largest picture accepted as a photo"
    )
    max_upload_mb: int = new_setting(
        500,
        whole_number(1, 10_000),
        "MB",
        "largest single upload; without JavaScript, all selected photos are one upload",
    )
    piece_mb: int = new_setting(
        8,
        whole_number(1, 50),
        "MB",
        "larger files are sent in pieces of this size, to fit through proxies (docs/uploads.md)",
    )
    max_decode_seconds: int = new_setting(
        8,
        whole_number(1, 120),
        "seconds",
        "pictures that take more processor time to decode are refused",
    )
    max_decode_mb: int = new_setting(
        600,
        whole_number(200, 10_000),
        "MB",
        "pictures that take more memory to decode are refused; two are decoded at once",
    )
    max_room_photos: int = new_setting(
        20_000, whole_number(1, 1_000_000), "photos", "how many photos one room can hold"
    )
    max_room_gb: int = new_setting(
        200, whole_number(1, 100_000), "GB", "how much space the originals of one room may take"
    )
    max_uploads_per_hour: int = new_setting(
        2000,
        whole_number(1, 1_000_000),
        "files",
        "how many files a guest can send per hour; ten times as many from one address",
    )
    min_free_mb: int = new_setting(
        500,
        whole_number(0, 1_000_000),
        "MB",
        "uploads are refused when less disk space than this is free",
    )
    bin_days: int = new_setting(
        7,
        whole_number(0, 365),
        "days",
        "how long deleted photos, albums and rooms stay in the bin; then they are gone for good "
        "(0: after ten minutes, enough to undo a slip)",
    )
    backup_folder: str = new_setting(
        "",
        folder_or_nothing,
        "folder",
        "where the running server makes a backup every day, best on another disk; if not set, it "
        "makes none",
    )
    backup_keep: int = new_setting(
        14, whole_number(1, 1000), "backups", "how many of them stay; the oldest is removed"
    )
    engine: str = new_setting(
        ENGINES[0],
        one_of(*ENGINES, former=FORMER_ENGINES),
        "name",
        "what finds and encodes faces: fused (YuNet, SFace and dlib's encoder), dlib (dlib's "
        "networks only: misses small faces, confuses more people), or face_recognition (slow); "
        "after a change, all photos are searched again and every correction is kept",
    )
    smallest_face_percent: float | None = new_setting(
        None,
        or_nothing(number(0.5, 20), BY_ENGINE),
        "percent",
        "width of the smallest face to find, as a share of the photo's longer side; halving it "
        "takes up to four times as long; if not set, 1 for fused and 2.5 for the other engines",
    )
    eps: float | None = new_setting(
        None,
        or_nothing(number(0.15, 1.5), BY_ENGINE),
        "face distance",
        "two faces closer than this count as the same person; smaller is stricter; each "
        "engine has its own best value (docs/evaluation.md)",
    )
    min_samples: int = new_setting(
        2, whole_number(2, 20), "faces", "how many similar faces make a person"
    )
    workers: str = new_setting(
        "",
        scheduler_address,
        "address",
        "the Dask scheduler whose workers search the photos for faces, such as "
        "tcp://127.0.0.1:8786 (docs/scale.md); if not set, this machine does",
    )
    workers_ca: str = new_setting(
        "",
        existing_file,
        "file",
        "the certificate (PEM) of who signs those of scheduler, workers and server; with it, their "
        "address begins with tls://",
    )
    workers_cert: str = new_setting(
        "", existing_file, "file", "the certificate (PEM) that this machine shows to the others"
    )
    workers_key: str = new_setting("", existing_file, "file", "the private key (PEM) of that")
    metrics_token: str = new_setting(
        "",
        long_secret,
        HIDDEN,
        "what Prometheus sends as its bearer token to read /metrics; if not set, there are none",
    )
    log_level: str = new_setting(
        "info", one_of(*LOG_LEVELS), "word", "how much the server logs: " + ", ".join(LOG_LEVELS)
    )
    log_format: str = new_setting(
        "text",
        one_of(*LOG_FORMATS),
        "word",
        "how the log is written: text, or json, one object a line",
    )
    access_log: str = new_setting(
        "off",
        one_of("off", "on"),
        "word",
        "whether every answer is logged: without addresses, room codes or what was asked for",
    )

    @property
    def database(self) -> Path:
        """The database file, in the data folder."""
        return self.data / "photoshare.sqlite"

    @property
    def bin_time(self) -> timedelta:
        """How long what was deleted can be restored."""
        return timedelta(days=self.bin_days) if self.bin_days else SHORTEST_BIN_TIME

    @property
    def piece_bytes(self) -> int:
        """`piece_mb` in bytes."""
        return self.piece_mb * MB

    @property
    def max_upload_bytes(self) -> int:
        """`max_upload_mb` in bytes."""
        return self.max_upload_mb * MB


def load_settings(
    overrides: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings from the environment and check every one.

    Parameters
    ----------
    overrides : mapping of setting name to value, optional
        Values that override the environment; checked in the same way.
    environ : mapping, default os.environ
        ``PHOTOSHARE_NAME`` holds the setting ``name``; ``PHOTOSHARE_NAME_FILE`` names a file
        with a secret.

    Raises
    ------
    SettingError
        If a value or a file cannot be used, or a ``PHOTOSHARE_`` variable is not a known setting.
    """
    environ = os.environ if environ is None else environ
    known = {setting.name: setting for setting in fields(Settings)}
    texts = _texts(environ) | {name: _shown(value) for name, value in (overrides or {}).items()}
    values = {}
    for name, text in texts.items():
        variable = ENV_PREFIX + name.upper()
        if name in FORMER_SETTINGS:
            raise SettingError(f"{variable} is no longer a setting: {FORMER_SETTINGS[name]}.")
        if name not in known:
            raise SettingError(
                f"{variable} isn't a setting; docs/administration.md lists them all."
            )
        metadata = known[name].metadata
        try:
            values[name] = metadata["parse"](text.strip())
        except ValueError as error:
            shown = "not shown here" if metadata["unit"] == HIDDEN else repr(text)
            raise SettingError(f"{variable} is {shown}, but must be {error}.") from None
    settings = Settings(**values)
    has_prefix = urlsplit(settings.public_url).path.endswith(settings.url_prefix)
    if settings.public_url and not has_prefix:
        raise SettingError(
            f"PHOTOSHARE_PUBLIC_URL is {settings.public_url!r}, but must end with "
            f"PHOTOSHARE_URL_PREFIX: {settings.public_url + settings.url_prefix!r}."
        )
    _check_certificates(settings)
    return settings


def _check_certificates(settings: Settings) -> None:
    """Refuse a part of the files that TLS needs, and TLS that the address doesn't ask for."""
    files = (settings.workers_ca, settings.workers_cert, settings.workers_key)
    if any(files) and not all(files):
        raise SettingError(
            "PHOTOSHARE_WORKERS_CA, PHOTOSHARE_WORKERS_CERT and PHOTOSHARE_WORKERS_KEY belong "
            "together: set all three or none."
        )
    if settings.workers and settings.workers.startswith("tls:") != all(files):
        raise SettingError(
            f"PHOTOSHARE_WORKERS is {settings.workers!r}, but must begin with "
            + (
                "tls:// since certificates are set."
                if all(files)
                else "tcp:// unless PHOTOSHARE_WORKERS_CA, _CERT and _KEY name the files for tls."
            )
        )


def _texts(environ: Mapping[str, str]) -> dict[str, str]:
    """Read what the environment sets, by setting; secrets also from the files that it names."""
    texts = {
        variable.removeprefix(ENV_PREFIX).lower(): text
        for variable, text in environ.items()
        if variable.startswith(ENV_PREFIX) and not _is_of_kubernetes(variable, text)
    }
    for setting in fields(Settings):
        file_name = (setting.name + FILE_SUFFIX).lower()
        if setting.metadata["unit"] == HIDDEN and file_name in texts:
            variable = ENV_PREFIX + setting.name.upper()
            if setting.name in texts:
                raise SettingError(
                    f"{variable} and {variable}{FILE_SUFFIX} are both set; keep one of them."
                )
            texts[setting.name] = _read_secret(variable + FILE_SUFFIX, texts.pop(file_name))
    return texts


def _read_secret(variable: str, path: str) -> str:
    try:
        secret = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it isn't text"
        raise SettingError(f"{variable} names {path}, which can't be read ({why}).") from None
    if not secret:
        raise SettingError(f"{variable} names {path}, which is empty.")
    return secret


def _is_of_kubernetes(variable: str, text: str) -> bool:
    """Whether Kubernetes set the variable: ``PHOTOSHARE_PORT=tcp://...``, but not a number."""
    if variable == ENV_PREFIX + "PORT":
        return "://" in text
    return OF_KUBERNETES.fullmatch(variable) is not None


def _shown(default: object) -> str:
    return BY_ENGINE if default is None else str(default)


def settings_table() -> list[tuple[str, str, str, str]]:
    """List (variable, default, unit, help) of every setting, for its documentation and the test."""
    return [
        (
            ENV_PREFIX + setting.name.upper(),
            "instance" if setting.name == "data" else _shown(setting.default),
            str(setting.metadata["unit"]),
            str(setting.metadata["help"]),
        )
        for setting in sorted(fields(Settings), key=lambda one: hasattr(S3Settings, one.name))
    ]
