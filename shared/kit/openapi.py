"""What the OpenAPI document says beyond what the framework reads off a signature: who may, what refuses, and how.

The kit refuses in the same way on every route, so it is told here once, from what a route declares: its permission,
budgets, parameters, body, precondition, idempotency. `Api` is FastAPI with such a document.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from shared.kit.bodies import NO_NUL
from shared.kit.etags import ENTITY_TAGS, if_match
from shared.kit.idempotency import KEY_LENGTH_MAX, KEY_PATTERN
from shared.kit.problems import DOCUMENT_SCHEMA, MEDIA_TYPE
from shared.kit.routing import Answerer, Route

__all__ = ["Api"]

_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_TEXT: Final = {"type": "string"}
_TRACE_ID: Final = {
    "description": "the trace of this request, as in the audit trail and the logs",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
}
_RETRY_AFTER: Final = {"description": "seconds", "required": True, "schema": {"type": "integer", "minimum": 0}}
_CHALLENGE: Final = {"description": "RFC 6750", "required": True, "schema": {"type": "string", "pattern": "^Bearer"}}
_HEADERS: Final[Mapping[int, Mapping[str, Any]]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": _CHALLENGE},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": _RETRY_AFTER},
}
_SHAPED: Final = frozenset({"pattern", "format", "enum", "const", "contentMediaType"})


class Api(FastAPI):
    """FastAPI whose document tells for each operation the permission, the budgets and every refusal."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            rules = frozenset(text.status for text in self.state.problem_texts.values())
            for context in iter_route_contexts(self.routes):
                operations = document.get("paths", {}).get(context.path_format, {})
                route = context.route if isinstance(context.route, Route) else None
                for method in {name.lower() for name in context.methods or ()} & operations.keys():
                    _complete(operations[method], route, rules=rules if method != "get" else frozenset())
            _complete_components(document)
        return self.openapi_schema or {}


def _complete(operation: dict[str, Any], route: Route | None, *, rules: frozenset[int]) -> None:
    operation |= _needed(route)
    responses = {status: told for status, told in operation["responses"].items() if not _is_framework_fault(told)}
    for told in responses.values():
        told.setdefault("headers", {})["Trace-Id"] = _TRACE_ID
    for status in sorted(_refusals(route, rules)):
        responses.setdefault(str(status), {"$ref": f"#/components/responses/Problem{status}"})
    operation["responses"] = responses
    for parameter in operation.get("parameters", ()):
        match parameter["name"].lower():
            case "idempotency-key":
                _demand(parameter, {"pattern": KEY_PATTERN, "minLength": 1, "maxLength": KEY_LENGTH_MAX})
            case "if-match":
                _demand(parameter, {"pattern": ENTITY_TAGS})
            case _:
                _close(parameter["schema"])


def _needed(route: Route | None) -> dict[str, Any]:
    if route is None or route.decision is None or route.decision.permission is None:
        return {"security": []}
    budgets = {"x-budgets": [budget.name for budget in route.budgets]} if route.budgets else {}
    return {"security": [{"bearer": []}], "x-permission": route.decision.permission, **budgets}


def _refusals(route: Route | None, rules: frozenset[int]) -> set[int]:
    """The statuses with which the kit, and the rules of the service, may refuse a request to this route."""
    statuses: set[int] = {HTTPStatus.BAD_REQUEST, HTTPStatus.SERVICE_UNAVAILABLE}
    if route is None:
        return statuses
    if route.decision is not None and route.decision.permission is not None:
        # What lies outside the caller's divisions is not there: 404 without a path to it as well.
        statuses |= {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
        statuses |= {HTTPStatus.TOO_MANY_REQUESTS, *rules}
    dependants = list(_all(route.dependant))
    if any(each.path_params or each.query_params for each in dependants):
        statuses |= {HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}
    if any(each.header_params for each in dependants):
        statuses.add(HTTPStatus.UNPROCESSABLE_ENTITY)
    if route.body_field is not None:
        statuses |= {
            HTTPStatus.NOT_FOUND,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        }
    if route.openapi_extra:  # a file, read by the kit itself
        statuses |= {
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        }
    if any(isinstance(each.call, Answerer) for each in dependants):
        statuses |= {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}
    if any(each.call is if_match for each in dependants):
        statuses |= {HTTPStatus.PRECONDITION_FAILED, HTTPStatus.PRECONDITION_REQUIRED}
    return statuses


def _all(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for dependency in dependant.dependencies:
        yield from _all(dependency)


def _is_framework_fault(response: Mapping[str, Any]) -> bool:
    """The framework's own idea of a 422, which nobody is ever answered here."""
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    return bool(schema.get("$ref", "") == "#/components/schemas/HTTPValidationError")


def _demand(parameter: dict[str, Any], shape: Mapping[str, Any]) -> None:
    """A header whose absence the kit answers with a problem of its own (400, 428) is required all the same."""
    parameter["required"] = True
    parameter["schema"] = {**_TEXT, **shape}


def _close(schema: Any) -> None:
    """A parameter of any text takes text without NUL, as bodies do."""
    if isinstance(schema, list):
        for each in schema:
            _close(each)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "string" and not _SHAPED & schema.keys():
        schema["pattern"] = NO_NUL
    for name, each in schema.items():
        if name not in {"default", "examples", "example"}:
            _close(each)


def _complete_components(document: dict[str, Any]) -> None:
    components = document.setdefault("components", {})
    components.setdefault("securitySchemes", {})["bearer"] = {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
    }
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = DOCUMENT_SCHEMA
    told = {status for path in document["paths"].values() for operation in path.values() for status in _kit(operation)}
    components["responses"] = {f"Problem{status}": _problem(status) for status in sorted(told)}


def _kit(operation: Mapping[str, Any]) -> Iterator[int]:
    for status, response in operation["responses"].items():
        if response.get("$ref", "").startswith("#/components/responses/Problem"):
            yield int(status)


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": HTTPStatus(status).phrase,
        "headers": {"Trace-Id": _TRACE_ID, **_HEADERS.get(status, {})},
        "content": {MEDIA_TYPE: {"schema": _PROBLEM}},
    }
