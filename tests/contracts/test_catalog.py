"""The catalogue is complete: nobody publishes or reads anything it does not know."""

from importlib import import_module
from pathlib import Path

import pytest

from shared.contracts import catalog
from shared.contracts.event import Event
from shared.contracts.state import State

CONTRACTS = Path(catalog.__file__).parent


def test_every_module_that_declares_an_event_is_in_the_catalogue() -> None:
    declaring = {
        f"shared.contracts.{path.stem}" for path in CONTRACTS.glob("*.py") if "(Event):" in path.read_text("utf-8")
    }
    assert declaring == set(catalog.MODULES)


def test_a_publisher_declares_only_its_own_events_and_relations() -> None:
    for name, module in catalog.MODULES.items():
        declared = [value for value in vars(module).values() if isinstance(value, type) and value.__module__ == name]
        publisher = name.rpartition(".")[2]
        assert {event.service() for event in declared if issubclass(event, Event)} == {publisher}
        assert {state.relation.split(".")[0] for state in declared if issubclass(state, State)} == {publisher}


def test_every_event_belongs_to_exactly_one_publisher() -> None:
    assert set(catalog.publishers()) == {"registry", "subsidy", "rehab"}
    listed = [event for publisher in catalog.publishers() for event in catalog.events_of(publisher)]
    assert sorted(listed, key=lambda event: event.type) == sorted(catalog.events(), key=lambda event: event.type)
    assert catalog.events_of("indicators") == ()


def test_every_state_is_carried_by_an_event_of_its_publisher() -> None:
    for state in catalog.states():
        carriers = [
            event
            for event in catalog.events_of(state.relation.split(".")[0])
            if any(field.annotation is state for field in event.model_fields.values())
        ]
        assert carriers, state.relation


@pytest.mark.parametrize("service", catalog.READS)
def test_a_service_subscribes_to_exactly_whom_the_catalogue_names(service: str) -> None:
    subscriptions = import_module(f"services.{service}.entrypoints.consumers").SUBSCRIPTIONS
    assert tuple(each.publisher for each in subscriptions) == catalog.READS[service]
    for each in subscriptions:
        assert {state.relation.split(".")[0] for state in each.states} <= {each.publisher}


@pytest.mark.parametrize("service", catalog.publishers())
def test_a_publisher_serves_every_relation_its_events_carry(service: str) -> None:
    """Whoever copies a relation from events must be able to compare and reread it over REST."""
    published = import_module(f"services.{service}.adapters.tables").PUBLISHED
    assert {each.state.relation for each in published} == {
        state.relation for state in catalog.states() if state.relation.startswith(f"{service}.")
    }
