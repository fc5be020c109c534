"""Register the web pages: thin views over the services, one blueprint per kind of thing."""

from __future__ import annotations

from flask import Flask

from photoshare.web import views
from photoshare.web.answers import errorhandlers, htmx, same_photo, toasts, way_back
from photoshare.web.monitor import views as monitor
from photoshare.web.pages import languages, photo_grid, template_helpers
from photoshare.web.requests import arguments, covering, security, tokens
from photoshare.web.requests.forms import FormRequest


def init_app(app: Flask) -> None:
    """Register the checks, the error pages and the views."""
    app.request_class = FormRequest
    monitor.init_app(app)
    for part in (
        *(arguments, security, tokens, covering, errorhandlers, same_photo, htmx, languages),
        *(toasts, way_back),
    ):
        part.init_app(app)
    template_helpers.init_app(app)
    photo_grid.init_app(app)
    for blueprint in views.BLUEPRINTS:
        app.register_blueprint(blueprint)
