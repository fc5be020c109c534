"""Tell programs what went wrong: RFC 9457, problem details."""

from __future__ import annotations

import json
from http import HTTPStatus

from werkzeug.wrappers import Response

PROBLEM_TYPE = "application/problem+json"


def problem(sentence: str, status: int) -> Response:
    """Make the one answer that the API has for every error.

    Parameters
    ----------
    sentence : str
        For people, in the language that the request asks for.
    status : int
        As of HTTP; its name is the title, as for all problems without a type of their own.
    """
    details = {"title": HTTPStatus(status).phrase, "status": status, "detail": sentence}
    return Response(json.dumps(details), mimetype=PROBLEM_TYPE)
