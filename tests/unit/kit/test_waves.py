"""Waves: sets for the handlers, and nobody's life reordered (ADR 0003)."""

from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.event import Envelope
from shared.kit.consumer import waves


def an_event(position: int, person: int) -> Envelope:
    return Envelope(
        epoch=1,
        position=position,
        event_id=UUID(int=position),
        type="registry.person.registered.v1",
        aggregate_type="person",
        aggregate_id=UUID(int=person),
        aggregate_version=position,
        division="341502",
        occurred_at="2026-01-01T00:00:00Z",
        recorded_at="2026-01-01T00:00:00Z",
        trace_id="0" * 32,
        data={},
    )


RUNS = st.lists(st.integers(0, 7), max_size=60).map(
    lambda persons: [an_event(position, person) for position, person in enumerate(persons, start=1)]
)


@given(RUNS)
def test_nobody_occurs_twice_in_a_wave(run: list[Envelope]) -> None:
    for wave in waves(run):
        assert len({event.aggregate_id for event in wave}) == len(wave)


@given(RUNS)
def test_everybodys_events_keep_their_order_and_none_is_lost(run: list[Envelope]) -> None:
    applied = [event for wave in waves(run) for event in wave]
    assert Counter(event.event_id for event in applied) == Counter(event.event_id for event in run)
    for person in {event.aggregate_id for event in run}:
        positions = [event.position for event in applied if event.aggregate_id == person]
        assert positions == sorted(positions)


@given(RUNS)
def test_there_are_no_more_waves_than_the_busiest_person_has_events(run: list[Envelope]) -> None:
    busiest = max(Counter(event.aggregate_id for event in run).values(), default=0)
    assert len(list(waves(run))) == busiest
