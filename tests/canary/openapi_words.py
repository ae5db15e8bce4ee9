"""Where people can write whatever they like: the free texts and files of a service's OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

Json = Mapping[str, Any]

METHODS: Final = ("get", "post", "put", "patch", "delete")
_FIXED_FORMATS: Final = frozenset({"uuid", "date", "date-time"})


class Field(NamedTuple):
    """One field of one operation: ``POST /api/v1/persons``, ``name``."""

    service: str
    operation: str
    path: str

    def __str__(self) -> str:
        return " ".join(self)


def bodies(service: str, document: Json) -> Iterator[Field]:
    """The free texts in the bodies of requests."""
    for operation, told in _operations(document):
        for content in _resolved(document, told.get("requestBody", {})).get("content", {}).values():
            for path in _free(document, content["schema"], ""):
                yield Field(service, operation, path)


def parameters(service: str, document: Json) -> Iterator[Field]:
    """The free texts in addresses and headers."""
    for operation, told in _operations(document):
        for given in told.get("parameters", ()):
            parameter = _resolved(document, given)
            if any(True for _ in _free(document, parameter["schema"], "")):
                yield Field(service, operation, parameter["name"])


def operation_of(document: Json, method: str, path: str) -> str:
    """The operation a request meets: a fixed path goes before one with parameters."""
    found = [
        template
        for template, item in document["paths"].items()
        if method.lower() in item and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path)
    ]
    return f"{method} {min(found, key=lambda template: template.count('{'))}"


def written(body: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The texts of a body that was sent, with their paths spelt as above."""
    match body:
        case str():
            yield path, body
        case dict():
            for name, value in body.items():
                yield from written(value, f"{path}.{name}" if path else name)
        case list():
            for value in body:
                yield from written(value, f"{path}[]")
        case _:
            pass


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def _free(document: Json, schema: Json, path: str) -> Iterator[str]:
    schema = _resolved(document, schema)
    for kind in ("anyOf", "oneOf", "allOf"):
        for arm in schema.get(kind, ()):
            yield from _free(document, arm, path)
    match schema.get("type"):
        case "object":
            for name, inner in schema.get("properties", {}).items():
                yield from _free(document, inner, f"{path}.{name}" if path else name)
            if isinstance(inner := schema.get("additionalProperties"), dict):
                yield from _free(document, inner, f"{path}.*")
        case "array":
            yield from _free(document, schema["items"], f"{path}[]")
        case "string" if not ({"enum", "const"} & schema.keys() or schema.get("format") in _FIXED_FORMATS):
            yield path


def _resolved(document: Json, schema: Json) -> Json:
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema
