"""Make the OpenAPI document of the API from its views: addresses, rights, docstrings and shapes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask, request
from marshmallow import Schema
from werkzeug.routing import Rule

import photoshare
from photoshare.web.api.problems import PROBLEM_TYPE
from photoshare.web.api.shapes import ProblemShape
from photoshare.web.requests.security import API_PATH

View = TypeVar("View", bound=Callable[..., Any])

JSON = "application/json"
# Of every address that needs a token; 404 also where its room has ended.
USUAL_PROBLEMS = (401, 403, 404, 429, 500, 503)
ABOUT = """Photos and people of one room, for scripts. A host of the room makes a token at \
Manage, Settings, and chooses whether it may read (what guests see), add photos, or both."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What the document tells about a view, beside its address, its docstring and its rights.

    Attributes
    ----------
    answers : mapping of status to Schema class, or to a media type; empty: no body
    query : Schema class, optional
    form : Schema class, optional
        Sent as multipart/form-data.
    problems : tuple of int
        Statuses of errors beside `USUAL_PROBLEMS`.
    """

    answers: Mapping[int, type[Schema] | str]
    query: type[Schema] | None = None
    form: type[Schema] | None = None
    problems: tuple[int, ...] = ()


def sends_file(media_type: str) -> Operation:
    """Describe a view that sends a file: all of it, a range, "not modified", or no such range."""
    return Operation({200: media_type, 206: media_type, 304: "", 416: ""})


def documented(operation: Operation) -> Callable[[View], View]:
    """Tell what a view of the API takes and answers."""

    def mark(view: View) -> View:
        view.operation = operation  # type: ignore[attr-defined]
        return view

    return mark


def make_document(app: Flask) -> dict[str, Any]:
    """Make the OpenAPI 3.1 document of everything below ``/api``."""
    spec = APISpec(
        title="PhotoShare",
        version=photoshare.__version__,
        openapi_version="3.1.0",
        info={"description": ABOUT},
        servers=[{"url": request.script_root or "/"}],
        plugins=[MarshmallowPlugin(schema_name_resolver=_name_of)],
    )
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    spec.components.schema("Problem", schema=ProblemShape)
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(API_PATH):
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            described = _describe(rule, app.view_functions[rule.endpoint])
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                spec.path(path=path, operations={method.lower(): described})
    document: dict[str, Any] = spec.to_dict()
    return document


def _name_of(schema: type[Schema] | Schema) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Shape")


def _describe(rule: Rule, view: Any) -> dict[str, Any]:
    operation: Operation = view.operation
    rights: tuple[str, ...] | None = getattr(view, "rights", None)
    about = " ".join((view.__doc__ or "").split())
    described: dict[str, Any] = {
        "operationId": rule.endpoint.partition(".")[2],
        "summary": about,
        "security": [] if rights is None else [{"token": []}],
        "parameters": list(_parameters(rule, operation)),
        "responses": {},
    }
    if rights is not None:
        described["description"] = f"For tokens that may {' or '.join(rights)}."
    if operation.form is not None:
        content = {"multipart/form-data": {"schema": operation.form}}
        described["requestBody"] = {"required": True, "content": content}
    problems = (*USUAL_PROBLEMS, *operation.problems) if rights else (500,)
    for status in problems:
        content = {PROBLEM_TYPE: {"schema": ProblemShape}}
        described["responses"][str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": content,
        }
    for status, shape in operation.answers.items():
        described["responses"][str(status)] = _answer(status, shape)
    return described


def _parameters(rule: Rule, operation: Operation) -> Iterator[dict[str, Any]]:
    for name in sorted(rule.arguments):
        whole = {"type": "integer", "minimum": 0}
        yield {"name": name, "in": "path", "required": True, "schema": whole}
    if operation.query is not None:
        yield {"in": "query", "schema": operation.query}
    if 206 in operation.answers:
        text = {"type": "string"}
        for header in ("Range", "If-Range", "If-None-Match"):
            yield {"name": header, "in": "header", "schema": text}


def _answer(status: int, shape: type[Schema] | str) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if shape:
        is_media = isinstance(shape, str)
        answer["content"] = {shape if is_media else JSON: {} if is_media else {"schema": shape}}
    return answer
