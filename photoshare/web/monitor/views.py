"""Send the metrics to those who have the token, and measure every request for them."""

from __future__ import annotations

import hmac
import time

from flask import Blueprint, Flask, Response, abort, g, make_response, request
from prometheus_client.exposition import choose_encoder

from photoshare.web.requests import current_site
from photoshare.web.site import site_of

blueprint = Blueprint("monitor", __name__)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Report the metrics in the format of Prometheus; 404 unless the settings hold a token."""
    site = current_site()
    if site.metrics is None:
        abort(404)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    wanted = site.settings.metrics_token.encode()
    is_right = hmac.compare_digest(token.strip().encode(errors="replace"), wanted)
    if scheme.lower() != "bearer" or not is_right:
        return Response(status=401, headers={"WWW-Authenticate": "Bearer"})
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    response = make_response(encode(site.metrics.registry))
    response.headers["Content-Type"] = content_type
    response.headers["Cache-Control"] = "no-store"
    return response


def init_app(app: Flask) -> None:
    """Measure requests if the settings ask for it; the first of all checks, to include them."""
    app.register_blueprint(blueprint)
    measured = site_of(app).metrics
    if measured is None:
        return

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("began", time.perf_counter())
        measured.record(request.endpoint, request.method, response.status_code, seconds)
        return response
