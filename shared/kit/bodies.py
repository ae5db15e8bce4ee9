"""Request bodies, judged as the JSON they are.

Pydantic helps where a body should be taken at its word: it reads `"4"` and `true` as a number, `1` as true, `0` as a
day in 1970. The OpenAPI document promises otherwise, so `RequestModel` does otherwise. It also refuses NUL in any text,
as PostgreSQL can keep none.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Final, LiteralString

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, core_schema

__all__ = ["NO_NUL", "Day", "Moment", "RequestModel"]

NO_NUL: Final = r"^[^\x00]*$"
_SEEN: Final = "liangfu_at_its_word"
_DECIMAL_PATTERN: Final = r"^-?[0-9]{1,15}(\.[0-9]{1,10})?$"

Resolve = Callable[[Any], Any]
"""A reference to the schema it refers to."""


def _at_its_word(schema: Any, resolve: Resolve) -> Any:
    if isinstance(schema, list):
        return [_at_its_word(each, resolve) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "definition-ref":
        _dataclass_at_its_word(resolve(schema), resolve)
        return schema
    told = {name: _at_its_word(each, resolve) for name, each in schema.items()}
    kind = told.get("type")
    # Of a model with a field called "type" this is the field.
    judge = _JUDGES.get(kind) if isinstance(kind, str) else None
    return told if judge is None else judge(told)


def _dataclass_at_its_word(schema: Any, resolve: Resolve) -> None:
    """In place: whoever refers to it sees the same. A model has its own word."""
    if schema["type"] == "dataclass" and _SEEN not in (metadata := schema.setdefault("metadata", {})):
        metadata[_SEEN] = True
        schema["schema"] = _at_its_word(schema["schema"], resolve)


def _names_at_their_word(told: dict[str, Any]) -> Any:
    """Names that fit no pattern are refused; in a document a pattern alone only says what comes with those that do."""
    keys = told.get("keys_schema", {})
    while "schema" in keys:
        keys = keys["schema"]
    if "pattern" not in keys:
        return told
    metadata = told.get("metadata") or {}
    updates = {**(metadata.get("pydantic_js_updates") or {}), "additionalProperties": False}
    return {**told, "metadata": {**metadata, "pydantic_js_updates": updates}}


def _strict(told: dict[str, Any]) -> Any:
    return {"strict": True, **told}


def _judged_first(check: Callable[[Any], Any], **updates: Any) -> Callable[[dict[str, Any]], Any]:
    """``check`` sees what was given before it is read; ``updates``: what the document says otherwise."""

    def judge(told: dict[str, Any]) -> Any:
        if updates:
            told = {**told, "metadata": {"pydantic_js_updates": updates}}
        return core_schema.no_info_before_validator_function(check, told)

    return judge


def _a_decimal(given: Any) -> Any:
    """A number, or one written with digits: no exponent, no blanks, no infinity."""
    if isinstance(given, bool) or (isinstance(given, str) and not re.fullmatch(_DECIMAL_PATTERN, given, re.ASCII)):
        raise PydanticCustomError("decimal_parsing", "not a number")
    return given


def _a_text(told: dict[str, Any]) -> Any:
    shaped = told if "pattern" in told else {**told, "pattern": _shape(told)}
    longest = told.get("max_length")
    if longest is None or not told.get("strip_whitespace"):
        return shaped

    def check(given: Any) -> Any:
        """The length the document allows is that of the text as it was given, blanks around it included."""
        if isinstance(given, str) and len(given) > longest:
            raise PydanticKnownError("string_too_long", {"max_length": longest})
        return given

    return core_schema.no_info_before_validator_function(check, shaped)


def _shape(told: dict[str, Any]) -> str:
    """No NUL; and where blanks around the text do not count, so much between them as the length that is asked for."""
    shortest = told.get("min_length", 0) if told.get("strip_whitespace") else 0
    if shortest == 0:
        return NO_NUL
    rest = r"(?:[^\x00]*[^\s\x00])?" if shortest == 1 else rf"[^\x00]{{{shortest - 2},}}[^\s\x00]"
    return rf"^\s*[^\s\x00]{rest}\s*$"


def _a_number(given: Any) -> Any:
    """`4` and `4.0` are the same JSON number; text and truth are none."""
    if isinstance(given, (str, bool)):
        raise PydanticCustomError("int_type", "not an integer")
    return given


def _written(kind: str, pattern: str, words: LiteralString) -> Callable[[Any], Any]:
    shape: Final = re.compile(pattern, re.ASCII)

    def check(given: Any) -> Any:
        if isinstance(given, str) and not shape.match(given):
            raise PydanticCustomError(f"{kind}_parsing", words)
        if isinstance(given, (int, float)):
            raise PydanticCustomError(f"{kind}_type", words)
        return given

    return check


_MOMENT: Final = _written("datetime", r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}", "not a date and time")
_DAY: Final = _written("date", r"\d{4}-\d{2}-\d{2}\Z", "not a date")
"""Days and moments are written out: neither a number nor digits alone count as seconds since 1970."""
_JUDGES: Final[dict[str, Callable[[dict[str, Any]], Any]]] = {
    "bool": _strict,
    "date": _judged_first(_DAY),
    "datetime": _judged_first(_MOMENT),
    "decimal": _judged_first(_a_decimal, anyOf=[{"type": "number"}, {"type": "string", "pattern": _DECIMAL_PATTERN}]),
    "dict": _names_at_their_word,
    "float": _strict,
    "int": _judged_first(_a_number),
    "str": _a_text,
}

Moment = Annotated[AwareDatetime, BeforeValidator(_MOMENT)]
"""A moment with its time zone, as a query parameter."""
Day = Annotated[date, BeforeValidator(_DAY)]
"""A day, as a query parameter."""


class RequestModel(BaseModel):
    """The base of every request body: frozen, and a field nobody declared is a fault (422), not passed over."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The schema with every leaf as JSON has it."""
        schema: CoreSchema = _at_its_word(handler(source), handler.resolve_ref_schema)
        return schema
