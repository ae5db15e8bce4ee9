"""Every publisher emits its golden examples: real use cases, real journal, compared to the last field."""

from typing import Any

import pytest

from shared.contracts import catalog
from shared.contracts.event import Event
from tests.contracts.documents import faults, frozen_validator
from tests.contracts.story import first_of_each, renamed

Told = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def told(emitted: list[dict[str, Any]]) -> Told:
    return {event["type"]: event for event in renamed(first_of_each(emitted))}


@pytest.fixture(scope="session")
def golden_story(told: Told) -> Told:
    examples = [catalog.example_of(event) for event in catalog.events() if event.type in told]
    return {event["type"]: event for event in renamed(first_of_each(examples))}


def test_the_story_tells_every_published_event(told: Told) -> None:
    assert set(told) == {event.type for event in catalog.events()}


@pytest.mark.parametrize("event", catalog.events(), ids=lambda event: event.type)
def test_the_publisher_emits_its_example(event: type[Event], told: Told, golden_story: Told) -> None:
    """Ids are compared by identity across the story: an award's cause is the very stop its certificate announced."""
    assert told[event.type] == golden_story[event.type]


def test_everything_emitted_keeps_the_frozen_schemas(emitted: list[dict[str, Any]]) -> None:
    """Not only the first of each kind: set-based paths (import, daily expiry) announce in the same shape."""
    for entry in emitted:
        assert faults(frozen_validator("envelope"), entry) == []
        assert faults(frozen_validator(entry["type"]), entry["data"]) == []
        assert entry["data"].keys() == catalog.example_of(_contract(entry["type"]))["data"].keys()


def test_a_publisher_counts_its_positions_without_gaps(emitted: list[dict[str, Any]]) -> None:
    for publisher in catalog.publishers():
        positions = [entry["position"] for entry in emitted if entry["source"] == f"/{publisher}"]
        assert positions == list(range(1, len(positions) + 1))


def _contract(event_type: str) -> type[Event]:
    return next(event for event in catalog.events() if event.type == event_type)
