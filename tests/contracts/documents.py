"""Validators that know nothing of the product, and the golden examples as envelopes."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator

from shared.contracts import catalog, freeze
from shared.contracts.event import Envelope, Event

VENDOR = Path(__file__).parent / "vendor"
FORMATS = FormatChecker()


@FORMATS.checks("date-time", raises=ValueError)
def is_date_time(value: object) -> bool:
    """RFC 3339 demands an offset; jsonschema alone does not look at this format."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def asyncapi_validator() -> Validator:
    """The official schema of AsyncAPI 3.0.0."""
    return Draft7Validator(json.loads((VENDOR / "asyncapi-3.0.0.json").read_text()), format_checker=FORMATS)


def cloudevents_validator() -> Validator:
    """The official schema of CloudEvents 1.0."""
    return Draft7Validator(json.loads((VENDOR / "cloudevents-1.0.json").read_text()), format_checker=FORMATS)


def frozen_validator(name: str) -> Validator:
    """A schema as it was published."""
    schema = freeze.frozen()[name]
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FORMATS)


def faults(validator: Validator, document: Any) -> list[str]:
    """What a validator finds, as ``path: message``."""
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def golden(event: type[Event]) -> Envelope:
    """The example of an event, read as a consumer reads a message."""
    return Envelope.from_json(json.dumps(catalog.example_of(event)).encode())
