"""The API's OpenAPI document: what routes take comes from FastAPI, what they give from their annotations."""

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from headrace.console.access.origin import SAFE_METHODS
from headrace.console.access.problem import MEDIA_TYPE
from headrace.console.api.idempotency import LONGEST_KEY

_REF = "#/components/schemas/{name}"
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "What is wrong, as RFC 9457 has it.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "error": {"type": "string", "description": "The name of the error, where it has one."},
        "errors": {"type": "array", "items": {"type": "string"}, "description": "What of the request is wrong."},
    },
}
_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Done once under this key, and answered alike each time, for a day.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
}


def document(api: FastAPI) -> dict[str, Any]:
    """The document of an API, made anew."""
    routes = [route for route in api.routes if isinstance(route, APIRoute)]
    found = get_openapi(
        title=api.title,
        version=api.version,
        openapi_version="3.1.0",
        description=api.description,
        routes=routes,
        separate_input_output_schemas=False,
    )
    given = {route.unique_id: route.endpoint.__annotations__["return"] for route in routes}
    schemas, components = msgspec.json.schema_components(list(given.values()), ref_template=_REF)
    bodies = dict(zip(given, schemas, strict=True))
    for path in found["paths"].values():
        for method, operation in path.items():
            _complete(method, operation, bodies[operation["operationId"]])
    all_components = found.setdefault("components", {})
    known = all_components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        known.pop(unused, None)
    known.update({**components, "Problem": _PROBLEM})
    all_components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    found["security"] = [{"bearer": []}]
    return found


def _complete(method: str, operation: dict[str, Any], body: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    for status, response in responses.items():
        if status.startswith("2"):
            response["content"] = {"application/json": {"schema": body}}
    responses["default"] = {
        "description": "What is wrong.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if method.upper() not in SAFE_METHODS:
        operation.setdefault("parameters", []).append(_KEY)
