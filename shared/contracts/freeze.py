"""The append-only law of contracts: ``python -m shared.contracts.freeze [--check]``.

What was published stays readable for ever, because journals are kept for ever and readers are upgraded at their own
pace. A field is never removed, renamed, retyped, reordered or narrowed and never becomes required; a new one comes last
and has a default; an enum may grow, or be opened to a pattern of such words. Anything else is a new type, ``v2`` beside
``v1``.

The frozen form is one JSON Schema 2020-12 per event, per relation and of the envelope, in ``schemas/``. Without an
argument additive changes are written down and others refused; ``--check`` tolerates no difference at all.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from shared.contracts import catalog
from shared.contracts.envelope import ENVELOPE_SCHEMA

Schema = dict[str, Any]

SCHEMAS: Final = Path(__file__).parent / "schemas"
ENVELOPE: Final = "envelope"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_LAW: Final = (
    "A published contract only grows: new optional fields at the end, new words of an enum. Declare a new version of "
    "the type beside the old one instead (house rule 13)."
)
_NOTES: Final = frozenset({"$defs", "$id", "$schema", "title", "description", "examples"})
_COMPARED: Final = frozenset({"type", "format", "properties", "required", "enum", "anyOf", "items"})


class Plain(GenerateJsonSchema):
    """JSON Schema without the titles pydantic makes up from field names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        """Never: the field's name says it."""
        return False


def current() -> dict[str, Schema]:
    """The schemas of the contracts as the code declares them now, by name."""
    schemas = {event.type: _schema_of(event, "schema", event.type) for event in catalog.events()}
    for state in catalog.states():
        schemas[state.relation] = _schema_of(state, "state", state.relation) | {"x-key": state.key}
    schemas[ENVELOPE] = {"$schema": _DIALECT, "$id": "urn:liangfu:envelope", **ENVELOPE_SCHEMA}
    return schemas


def _schema_of(model: type[BaseModel], kind: str, name: str) -> Schema:
    # What a reader accepts: a field with a default may be absent from an event older than the field.
    schema = model.model_json_schema(mode="validation", schema_generator=Plain)
    return {"$schema": _DIALECT, "$id": f"urn:liangfu:{kind}:{name}", **schema}


def frozen(folder: Path | None = None) -> dict[str, Schema]:
    """The schemas as published, by name."""
    return {path.stem: orjson.loads(path.read_bytes()) for path in sorted((folder or SCHEMAS).glob("*.json"))}


@dataclass(frozen=True, slots=True)
class _Place:
    """A schema and where it stands: the document its references point into, the words that name it to a person."""

    document: Schema
    schema: Schema
    name: str

    @classmethod
    def at(cls, document: Schema, schema: Schema, name: str) -> _Place:
        """Follow references."""
        while "$ref" in schema:
            schema = document["$defs"][schema["$ref"].rpartition("/")[2]] | {
                key: value for key, value in schema.items() if key != "$ref"
            }
        return cls(document, schema, name)

    def field(self, name: str) -> _Place:
        """A property."""
        return _Place.at(self.document, self.schema["properties"][name], f"{self.name}.{name}")

    def members(self, keyword: str) -> list[_Place]:
        """The alternatives of ``anyOf``, or the one schema of ``items``."""
        inner = self.schema.get(keyword, [])
        return [
            _Place.at(self.document, member, self.name) for member in (inner if isinstance(inner, list) else [inner])
        ]

    @property
    def fields(self) -> list[str]:
        """Names of the properties, in order."""
        return list(self.schema.get("properties", {}))

    @property
    def required(self) -> set[str]:
        """Names of the properties that must be there."""
        return set(self.schema.get("required", ()))


def breaches(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> Iterator[str]:
    """Every way in which ``new`` breaks what ``old`` promised, as sentences."""
    for name, schema in old.items():
        if name not in new:
            yield f"{name} was removed"
        else:
            yield from _breaches(_Place.at(schema, schema, name), _Place.at(new[name], new[name], name))


def _breaches(old: _Place, new: _Place) -> Iterator[str]:
    if old.schema.get("type") != new.schema.get("type") or old.schema.get("format") != new.schema.get("format"):
        yield f"{old.name} was retyped from {_type(old)} to {_type(new)}"
        return
    yield from _changed_fields(old, new)
    yield from _lost_words(old, new)
    for keyword in ("anyOf", "items"):
        members = old.members(keyword), new.members(keyword)
        if len(members[0]) != len(members[1]):
            yield f"{old.name} was retyped from {_type(old)} to {_type(new)}"
            return
        for pair in zip(*members, strict=True):
            yield from _breaches(*pair)
    for keyword in sorted((old.schema.keys() | new.schema.keys()) - _NOTES - _COMPARED):
        before, after = old.schema.get(keyword), new.schema.get(keyword)
        opened = keyword == "pattern" and "enum" in old.schema
        if before != after and not opened:
            yield f"{old.name} was changed: {keyword} {before!r} became {after!r}"


def _lost_words(old: _Place, new: _Place) -> Iterator[str]:
    if "enum" in old.schema and "enum" in new.schema:
        if lost := [word for word in old.schema["enum"] if word not in new.schema["enum"]]:
            yield f"{old.name} was narrowed: {', '.join(lost)} is no longer allowed"
    elif "enum" in new.schema:
        yield f"{old.name} was narrowed: only {', '.join(new.schema['enum'])} is allowed now"
    elif "enum" in old.schema and not _still_allowed(old.schema["enum"], new.schema):
        yield f"{old.name} was retyped: it is no longer one of {', '.join(old.schema['enum'])}"


def _still_allowed(words: list[str], schema: Schema) -> bool:
    """An enum is opened: to its readers any new word is what it would be if the enum had grown by it."""
    return "pattern" in schema and all(re.fullmatch(schema["pattern"], word) for word in words)


def _changed_fields(old: _Place, new: _Place) -> Iterator[str]:
    gone = [name for name in old.fields if name not in new.fields]
    added = [name for name in new.fields if name not in old.fields]
    for name in gone:
        heir = next((other for other in added if _type(new.field(other)) == _type(old.field(name))), None)
        yield f"{old.name}.{name} was " + ("removed" if heir is None else f"removed, or renamed to {heir}")
    kept = [name for name in old.fields if name in new.fields]
    if not gone and new.fields != [*kept, *added]:
        yield f"{old.name} was reordered: {', '.join(old.fields)} became {', '.join(new.fields)}"
    for name in added:
        if name in new.required:
            yield f"{old.name}.{name} is new and required: give it a default"
    for name in kept:
        if (name in old.required) != (name in new.required):
            yield f"{old.name}.{name} became {'required' if name in new.required else 'optional'}"
        yield from _breaches(old.field(name), new.field(name))


def _type(place: _Place) -> str:
    """The type of a field in words: ``string(date)|null``."""
    if members := place.members("anyOf"):
        return "|".join(map(_type, members))
    kind, shape = place.schema.get("type", "anything"), place.schema.get("format")
    return f"{kind}({shape})" if shape else str(kind)


def differences(folder: Path | None = None) -> Iterator[str]:
    """Why the folder is not exactly what the code declares; nothing when it is."""
    old, new = frozen(folder), current()
    yield from breaches(old, new)
    for name, schema in new.items():
        path = (folder or SCHEMAS) / f"{name}.json"
        if name not in old:
            yield f"{name} is not frozen"
        elif path.read_bytes() != _bytes(schema):
            yield f"{name} differs from its frozen schema"


def write(folder: Path | None = None) -> list[str]:
    """Write what is new or has grown; the names written. Call after `breaches` found nothing."""
    written = []
    for name, schema in current().items():
        path = (folder or SCHEMAS) / f"{name}.json"
        if not path.exists() or path.read_bytes() != _bytes(schema):
            path.write_bytes(_bytes(schema))
            written.append(name)
    return written


def _bytes(schema: Schema) -> bytes:
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def main(arguments: list[str]) -> int:
    """The exit code: 0 when the law is kept."""
    match arguments:
        case []:
            found = list(breaches(frozen(), current()))
            advice = _LAW
        case ["--check"]:
            found = list(differences())
            advice = f"{_LAW} Additive changes are written down by: python -m shared.contracts.freeze"
        case _:
            found, advice = ["unknown arguments"], "usage: python -m shared.contracts.freeze [--check]"
    if found:
        print(*found, advice, sep="\n", file=sys.stderr)  # noqa: T201 - the answer of a command
        return 1
    written = write() if not arguments else []
    print(f"contracts: {len(current())} frozen, {len(written)} written", *written, sep="\n  ")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
