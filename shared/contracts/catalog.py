"""What there is: every publisher, its events, its states, and who reads whom."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from shared.contracts import registry, rehab, subsidy
from shared.contracts.event import EVENTS, Event
from shared.contracts.state import STATES, State

# Importing the modules is what declares their events; a publisher missing here is found by the tests.
MODULES: Final = {module.__name__: module for module in (registry, subsidy, rehab)}

READS: Final[Mapping[str, tuple[str, ...]]] = {
    "registry": (),
    "subsidy": ("registry",),
    "rehab": ("registry",),
    "indicators": ("registry", "subsidy", "rehab"),
}
"""Service -> the publishers whose journals it reads (ARCHITECTURE 2); equals the subscriptions of its worker."""

_EXAMPLES: Final = Path(__file__).parent / "examples"


def events() -> tuple[type[Event], ...]:
    """Every published event, in the order of declaration."""
    return tuple(event for event in EVENTS.values() if event.__module__ in MODULES)


def states() -> tuple[type[State], ...]:
    """Every published relation, in the order of declaration."""
    return tuple(state for state in STATES.values() if state.__module__ in MODULES)


def publishers() -> tuple[str, ...]:
    """The services that publish anything."""
    return tuple(dict.fromkeys(event.service() for event in events()))


def events_of(service: str) -> tuple[type[Event], ...]:
    """What one service publishes; empty for one that only listens."""
    return tuple(event for event in events() if event.service() == service)


def example_of(event: type[Event]) -> dict[str, Any]:
    """The golden CloudEvent both sides must meet: the publisher emits it, every reader digests it."""
    example: dict[str, Any] = orjson.loads((_EXAMPLES / f"{event.type}.json").read_bytes())
    return example
