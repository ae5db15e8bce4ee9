"""Personal values at the door: read from requests straight into types that mask themselves, answered masked.

A request model holds no personal plain text: ``name: Annotated[PersonName, AsText(PersonName.parse, ...)]`` is a string
in JSON and in the document, a `PersonName` in Python, so that printing the model, a fault of it, or logging it shows
the mask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

HIDDEN: Final = "***"
"""Stands for a value nobody may see by halves."""


class Masks(Protocol):
    """A value that can show itself to somebody who need not know."""

    def masked(self) -> str:
        """The value without what identifies."""


def masked(value: Masks | None) -> str | None:
    """The mask of a value there may not be."""
    return None if value is None else value.masked()


@dataclass(frozen=True, slots=True)
class AsText:
    """Metadata of an ``Annotated`` field: text in JSON, in Python what ``parse`` makes of it.

    ``parse`` refuses with an `InvalidValue` (or another ``ValueError``), which becomes the fault of the field.
    """

    parse: Callable[[str], Any]
    description: str
    min_length: int = 1
    max_length: int = 200
    example: str | None = None
    format: str | None = None
    """What the text is, for the document: no pattern can tell a check digit."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(min_length=self.min_length, max_length=self.max_length)
        return core_schema.no_info_after_validator_function(self.parse, text)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        told = handler(schema) | {"description": self.description}
        told |= {} if self.format is None else {"format": self.format}
        return told if self.example is None else told | {"examples": [self.example]}
