"""The envelope: what goes on the wire comes back the same, and nothing else is taken for one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts import catalog
from shared.contracts.event import (
    Envelope,
    EnvelopeUnreadable,
    EventTypeUnknown,
    decode,
    subject_of,
    timestamp,
)

EXAMPLES = [catalog.example_of(event) for event in catalog.events()]
MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1))  # noqa: DTZ001 - zones come below
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
COUNTS = st.integers(1, 2**53)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ENVELOPES = st.builds(
    Envelope,
    epoch=COUNTS,
    position=COUNTS,
    event_id=st.uuids(),
    type=st.sampled_from([event.type for event in catalog.events()]),
    aggregate_type=st.just("certificate"),
    aggregate_id=st.uuids(),
    aggregate_version=COUNTS,
    division=st.sampled_from(["34", "3415", "341502", "341502001", "341502001001"]),
    occurred_at=MOMENTS.map(lambda moment: timestamp(moment.replace(tzinfo=UTC))),
    recorded_at=MOMENTS.map(lambda moment: timestamp(moment.replace(tzinfo=UTC))),
    trace_id=st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}"),
    data=st.dictionaries(TEXTS, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS, max_size=5),
)


@given(ENVELOPES)
def test_what_goes_on_the_wire_comes_back_the_same(envelope: Envelope) -> None:
    assert Envelope.from_json(envelope.to_json()) == envelope


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["type"])
def test_every_golden_example_is_read_and_written_again_unchanged(example: dict[str, Any]) -> None:
    envelope = Envelope.from_cloud_event(example)
    assert orjson.loads(envelope.to_json()) == example
    event = decode(envelope)
    assert event.type == envelope.type
    assert [state.person_id for state in event.states()] == [envelope.aggregate_id] * len(list(event.states()))


@pytest.mark.parametrize("attribute", sorted(set(EXAMPLES[0]) - {"specversion", "source", "datacontenttype"}))
def test_a_message_that_lacks_an_attribute_is_not_one_of_ours(attribute: str) -> None:
    body = {name: value for name, value in EXAMPLES[0].items() if name != attribute}
    if attribute == "dataschema":
        assert Envelope.from_cloud_event(body).type == body["type"]  # it says nothing the type does not say
        return
    with pytest.raises(EnvelopeUnreadable, match=attribute):
        Envelope.from_json(orjson.dumps(body))


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00", b"not json", b"[]", b"null", b'"text"', b"{}", b"\xff\xfe", b"[" * 100_000],
    ids=["empty", "nul", "text", "list", "null", "string", "no attributes", "no utf-8", "too deep"],
)
def test_bytes_of_somebody_else_are_not_one_of_ours(body: bytes) -> None:
    with pytest.raises(EnvelopeUnreadable):
        Envelope.from_json(body)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("position", "first"), ("id", "7"), ("subject", None), ("epoch", {}), ("data", []), ("data", None)],
)
def test_an_attribute_of_another_type_is_not_one_of_ours(attribute: str, value: object) -> None:
    with pytest.raises(EnvelopeUnreadable):
        Envelope.from_cloud_event(EXAMPLES[0] | {attribute: value})


def test_a_type_of_a_newer_publisher_is_named() -> None:
    envelope = Envelope.from_cloud_event(EXAMPLES[0] | {"type": "registry.certificate.engraved.v1"})
    with pytest.raises(EventTypeUnknown, match="engraved"):
        decode(envelope)


@given(MOMENTS, OFFSETS)
def test_one_moment_has_one_spelling_whatever_zone_it_is_told_in(moment: datetime, zone: timezone) -> None:
    there = moment.replace(tzinfo=zone)
    text = timestamp(there)
    assert text == timestamp(there.astimezone(UTC))
    assert text.endswith("Z")
    assert len(text) == len("2026-01-01T00:00:00.000000Z")
    assert datetime.fromisoformat(text) == there


@pytest.mark.parametrize(
    ("division", "county"),
    [
        ("341502001001", "341502"),
        ("341502001", "341502"),
        ("341502", "341502"),
        ("3415", "000000"),
        ("34", "000000"),
    ],
)
def test_a_subject_ends_with_the_county_or_says_that_there_is_none(division: str, county: str) -> None:
    assert subject_of("registry.certificate.cancelled.v1", division) == f"registry.certificate.cancelled.v1.{county}"


def test_a_payload_never_shows_in_a_log() -> None:
    envelope = Envelope.from_cloud_event(EXAMPLES[0])
    assert "data" not in repr(envelope)
    assert UUID(int=envelope.event_id.int) == envelope.event_id
