"""Make the app from its settings, data folder, database, face engine, jobs and pages."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask_compress import Compress
from htmx_flask import Htmx

from photoshare import cli, db, web
from photoshare.config import RESOURCES, Settings, load_settings
from photoshare.config.values import MIN_SECRET
from photoshare.databases.shared_rates import SharedRates, SharedTurns
from photoshare.errors import StartError
from photoshare.faces.engines.choose import GRAPHS_FOLDER, EngineOnDemand, choose_engine
from photoshare.faces.types import FaceEngine
from photoshare.jobs.runner import JobRunner
from photoshare.jobs.tasks import Workplace
from photoshare.pictures.decoder_pool import DecoderPool
from photoshare.rates import Rates, Turns
from photoshare.services import shelf
from photoshare.services.downloads.zip_shelf import ZipShelf
from photoshare.services.health import Health
from photoshare.services.rooms import host_links
from photoshare.storage import open_storage
from photoshare.web.monitor.metrics import Metrics
from photoshare.web.pages import assets
from photoshare.web.site import EXTENSION, Site
from photoshare.workers.crew import Crew

__all__ = ["create_app"]

log = logging.getLogger(__name__)

MAX_FORM_BYTES = 100_000  # of every form except the upload, which sets its own limit
MAX_FORM_PARTS = 2000  # photos in one plain form; Werkzeug's default of 1000 is for small forms
COOKIE_LIFETIME = timedelta(days=400)  # the longest a browser keeps a cookie


def create_app(
    config: Mapping[str, object] | None = None,
    *,
    make_engine: Callable[[Settings], FaceEngine] | None = None,
    decoders: DecoderPool | None = None,
) -> Flask:
    """Make the PhotoShare app; starts no thread and opens no port.

    Parameters
    ----------
    config : mapping, optional
        Settings by name (see `photoshare.config.Settings`); they override ``PHOTOSHARE_*``.
    make_engine : callable, optional
        Makes the face engine on first use; by default the one named in the settings.
    decoders : DecoderPool, optional
        Decodes what is uploaded; by default in processes of this app.

    Raises
    ------
    PhotoshareError
        If a setting, the data folder or an installed package cannot be used.
    """
    settings = load_settings(config)
    os.umask(0o077)  # everything we write, database and photos, is readable by this user only
    _make_data_folder(settings.data)
    app = Flask(
        "photoshare",
        instance_path=str(settings.data),
        template_folder=str(RESOURCES / "templates"),
        static_folder=str(RESOURCES / "static"),
        static_url_path=assets.STATIC_PATH,
    )
    app.config.update(_flask_config(settings))
    Htmx(app)
    Compress(app)
    db.init_app(app, settings)
    engine = EngineOnDemand(lambda: (make_engine or _make_engine)(settings))
    app.extensions[EXTENSION] = _make_site(app, settings, engine, decoders or DecoderPool())
    app.extensions[shelf.EXTENSION] = shelf.Shelves()
    app.extensions[host_links.EXTENSION] = app.config["SECRET_KEY"]
    assets.init_app(app)
    web.init_app(app)
    cli.init_app(app)
    return app


def _make_site(
    app: Flask, settings: Settings, engine: EngineOnDemand, decoders: DecoderPool
) -> Site:
    """Put together what the settings ask for."""
    storage = open_storage(settings)
    crew = Crew(settings) if settings.workers else None
    crew_state = None if crew is None else crew.state
    runner = JobRunner(Workplace(app, settings, storage, engine, decoders, crew))
    zips = ZipShelf(submit=storage.fetchers.submit if storage.fetchers else None)
    return Site(
        settings,
        storage,
        runner,
        engine,
        decoders,
        health=Health(
            storage, jobs_state=runner.state, engine_state=engine.state, workers_state=crew_state
        ),
        zips=zips,
        crew=crew,
        rates=SharedRates(str(app.secret_key)) if settings.is_postgresql else Rates(),
        guesses=SharedTurns() if settings.is_postgresql else Turns(),
        metrics=Metrics(settings.data, zips, crew) if settings.metrics_token else None,
    )


def _make_engine(settings: Settings) -> FaceEngine:
    chosen = choose_engine(settings.engine, settings.data / GRAPHS_FOLDER)
    log.info(chosen.reason)
    return chosen.engine


def _flask_config(settings: Settings) -> dict[str, object]:
    return {
        "SECRET_KEY": settings.secret_key or _secret_key(settings.data / "secret_key"),
        "COMPRESS_STREAMS": False,  # pictures, photos and zips are sent from the disk unchanged
        "MAX_CONTENT_LENGTH": MAX_FORM_BYTES,
        "MAX_FORM_PARTS": MAX_FORM_PARTS,
        "PERMANENT_SESSION_LIFETIME": COOKIE_LIFETIME,
        "SESSION_COOKIE_NAME": "photoshare",
        "SESSION_COOKIE_PATH": settings.url_prefix or "/",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False,  # pictures are cached, cookies and all
        "SESSION_COOKIE_SECURE": settings.public_url.startswith("https:"),
    }


def _make_data_folder(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StartError(
            f"The data folder {data} can't be created ({error.strerror}). "
            "Choose another with PHOTOSHARE_DATA."
        ) from error


def _secret_key(path: Path) -> str:
    """Read the key that signs the cookies; create it at the first start, readable by this user."""
    try:
        if not path.exists():
            new = path.with_name(f"secret_key.{secrets.token_hex(4)}")
            new.touch(mode=0o600)
            new.write_text(secrets.token_hex(32))
            # All or nothing: half a key would be a weak one. Of processes that start together, the
            # first one's key stays.
            try:
                os.link(new, path)
            except FileExistsError:
                new.unlink()
            except OSError:  # a file system without links
                new.replace(path)
            else:
                new.unlink()
        key = path.read_text(errors="replace")
    except OSError as error:
        raise StartError(
            f"The file {path} can't be written or read ({error.strerror}). Free some disk space, "
            "or make the user who runs PhotoShare the owner of the data folder."
        ) from error
    if len(key.strip()) < MIN_SECRET:
        raise StartError(
            f"The file {path}, whose key signs the cookies, is empty or damaged. Restore it from "
            "the newest backup, or delete it: the next start makes a new key, and everyone will "
            "have to join their rooms again."
        )
    return key
