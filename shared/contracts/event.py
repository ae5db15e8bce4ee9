"""Events: declared once, by their publisher; one CloudEvents 1.0 envelope for all.

``type`` is ``<service>.<aggregate>.<past participle>.v<n>``; the NATS subject is the type plus the county code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, get_args
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict

from shared.contracts.state import State

EVENTS: dict[str, type[Event]] = {}
_TYPE = re.compile(r"^[a-z]+\.[a-z_]+\.[a-z_]+\.v[1-9]\d*$")
COUNTY_DIGITS = 6
NO_COUNTY = "000000"
EMPTY_TRACE = "0" * 32


class Event(BaseModel):
    """The ``data`` of an event. Readers ignore fields they do not know; writers may not invent any.

    ``title_zh`` and the class docstring go into the AsyncAPI document.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    title_zh: ClassVar[str]
    _carried: ClassVar[tuple[str, ...]]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls._carried = tuple(
            name
            for name, field in cls.model_fields.items()
            if any(isinstance(part, type) and issubclass(part, State) for part in _parts(field.annotation))
        )
        if not _TYPE.match(cls.type):
            message = f"{cls.type} is not <service>.<aggregate>.<past participle>.v<n>"
            raise TypeError(message)
        if EVENTS.setdefault(cls.type, cls) is not cls:
            message = f"event type {cls.type} is declared twice"
            raise TypeError(message)

    def states(self) -> Iterator[State]:
        """The published rows this event carries."""
        for name in self._carried:
            if (state := getattr(self, name)) is not None:
                yield state

    @classmethod
    def service(cls) -> str:
        """The publisher, first word of the type."""
        return cls.type.split(".", 1)[0]

    @classmethod
    def aggregate(cls) -> str:
        """What changed, second word of the type."""
        return cls.type.split(".", 2)[1]


def _parts(annotation: object) -> tuple[object, ...]:
    """A type, or the members of a union."""
    return get_args(annotation) or (annotation,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """An event about to enter the journal: the event and its routing facts.

    ``person_id`` is the aggregate id of everything that concerns a person; ``version`` that aggregate's version after
    the change; ``division`` the responsible division (any level from county down); ``occurred_at`` when it happened.
    ``trace_id`` names the request that caused it when that is not the transaction's own (a consumer's batch has many).
    """

    event_id: UUID
    event: Event
    person_id: UUID
    version: int
    division: str
    occurred_at: datetime
    trace_id: str | None = None


class EventTypeUnknown(LookupError):
    """No contract of this type is known to this release: a newer publisher, or a forged message."""


class EnvelopeUnreadable(ValueError):
    """The bytes are not one of our envelopes; the message says which part is missing or wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One journal entry as it travels: CloudEvents 1.0 structured JSON with ``epoch`` and ``position``."""

    epoch: int
    position: int
    event_id: UUID
    type: str
    aggregate_type: str
    aggregate_id: UUID
    aggregate_version: int
    division: str
    occurred_at: str
    recorded_at: str
    trace_id: str
    data: dict[str, object] = field(repr=False)
    _event: Event | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def service(self) -> str:
        """The publisher."""
        return self.type.split(".", 1)[0]

    @property
    def subject(self) -> str:
        """The NATS subject: type and county."""
        return subject_of(self.type, self.division)

    def cloud_event(self) -> dict[str, object]:
        """The structured-mode JSON object of CloudEvents 1.0 (extension attributes in lower case)."""
        return {
            "specversion": "1.0",
            "id": str(self.event_id),
            "source": f"/{self.service}",
            "type": self.type,
            "subject": str(self.aggregate_id),
            "time": self.occurred_at,
            "datacontenttype": "application/json",
            "dataschema": f"urn:liangfu:schema:{self.type}",
            "epoch": self.epoch,
            "position": self.position,
            "aggregatetype": self.aggregate_type,
            "aggregateversion": self.aggregate_version,
            "division": self.division,
            "recordedat": self.recorded_at,
            "traceid": self.trace_id,
            "data": self.data,
        }

    def to_json(self) -> bytes:
        """The bytes that go on the wire."""
        return orjson.dumps(self.cloud_event())

    @classmethod
    def from_json(cls, raw: bytes) -> Envelope:
        """Read the bytes of a message; `EnvelopeUnreadable` when they are not ours."""
        try:
            return cls.from_cloud_event(orjson.loads(raw))
        except orjson.JSONDecodeError as error:
            message = f"not JSON: {error}"
            raise EnvelopeUnreadable(message) from error

    @classmethod
    def from_cloud_event(cls, body: object) -> Envelope:
        """Read a decoded CloudEvent; `EnvelopeUnreadable` when an attribute is missing or of the wrong type."""
        if not isinstance(body, dict):
            message = "not a JSON object"
            raise EnvelopeUnreadable(message)
        try:
            data = body["data"]
            if not isinstance(data, dict):
                message = "data is not an object"
                raise EnvelopeUnreadable(message)
            return cls(
                epoch=int(body["epoch"]),
                position=int(body["position"]),
                event_id=UUID(body["id"]),
                type=str(body["type"]),
                aggregate_type=str(body["aggregatetype"]),
                aggregate_id=UUID(body["subject"]),
                aggregate_version=int(body["aggregateversion"]),
                division=str(body["division"]),
                occurred_at=str(body["time"]),
                recorded_at=str(body["recordedat"]),
                trace_id=str(body["traceid"]),
                data=data,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = f"{type(error).__name__}: {error}"
            raise EnvelopeUnreadable(message) from error


def decode(envelope: Envelope) -> Event:
    """The contract object inside an envelope, made once.

    Raises `EventTypeUnknown` or pydantic's ``ValidationError``; both are permanent.
    """
    if (event := envelope._event) is None:  # noqa: SLF001 - one module
        contract = EVENTS.get(envelope.type)
        if contract is None:
            raise EventTypeUnknown(envelope.type)
        event = contract.model_validate(envelope.data)
        object.__setattr__(envelope, "_event", event)
    return event


def subject_of(event_type: str, division: str) -> str:
    """``registry.certificate.cancelled.v1`` in 341502001 → ``registry.certificate.cancelled.v1.341502``."""
    county = division[:COUNTY_DIGITS]
    return f"{event_type}.{county if len(county) == COUNTY_DIGITS else NO_COUNTY}"


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds, the one spelling of a time in an envelope."""
    text = orjson.dumps(moment.astimezone(UTC), option=orjson.OPT_UTC_Z)[1:-1].decode()
    return text if moment.microsecond else f"{text[:-1]}.000000Z"
