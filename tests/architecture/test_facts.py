"""Facts are private and contracts public: whatever can happen in a service is announced, or the tests fail."""

from __future__ import annotations

import ast
import importlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from uuid_utils.compat import uuid7

from services.registry.announcements import announce as announce_registry
from services.registry.domain.facts import Fact as RegistryFact
from services.rehab.announcements import announce as announce_rehab
from services.rehab.domain.facts import Fact as RehabFact
from services.subsidy.announcements import announce as announce_subsidy
from services.subsidy.domain.facts import Fact as SubsidyFact
from shared.contracts import catalog
from tests.architecture.source import ROOT, SERVICES, parsed
from tests.builders.registry import a_person
from tests.builders.rehab import a_case
from tests.builders.subsidy import an_award

WITH_FACTS: Final = tuple(
    service for service in SERVICES if (ROOT / "services" / service / "domain" / "facts.py").exists()
)


def facts_of(service: str) -> set[str]:
    """Names of everything that can happen in a service."""
    tree = parsed(ROOT / "services" / service / "domain" / "facts.py")
    return {
        declared.name
        for declared in tree.body
        if isinstance(declared, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "Fact" for base in declared.bases)
    }


def announced_by(service: str) -> set[str]:
    """Names the announcements of a service have a case for."""
    tree = parsed(ROOT / "services" / service / "announcements.py")
    return {
        node.cls.id for node in ast.walk(tree) if isinstance(node, ast.MatchClass) and isinstance(node.cls, ast.Name)
    }


@pytest.mark.parametrize("service", WITH_FACTS)
def test_every_fact_of_a_service_is_announced(service: str) -> None:
    assert facts_of(service)
    assert facts_of(service) <= announced_by(service)


@pytest.mark.parametrize("service", WITH_FACTS)
def test_every_event_of_a_service_is_announced_by_somebody(service: str) -> None:
    tree = parsed(ROOT / "services" / service / "announcements.py")
    built = {
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert {event.__name__ for event in catalog.events_of(service)} <= built


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryPlanted(RegistryFact):
    """Something the announcements have never heard of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsidyPlanted(SubsidyFact):
    """Something the announcements have never heard of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehabPlanted(RehabFact):
    """Something the announcements have never heard of."""


def test_a_fact_nobody_thought_of_is_never_announced_by_accident() -> None:
    about: dict[str, Any] = {"event_id": uuid7(), "occurred_at": datetime.now(UTC)}
    with pytest.raises(TypeError, match="neither announced nor private"):
        announce_registry(RegistryPlanted(person=a_person(), **about))
    with pytest.raises(TypeError, match="neither announced nor private"):
        announce_subsidy(SubsidyPlanted(award=an_award(), **about))
    with pytest.raises(TypeError, match="neither announced nor private"):
        announce_rehab(RehabPlanted(case=a_case(), **about))


def test_a_service_without_facts_publishes_nothing() -> None:
    for service in set(SERVICES) - set(WITH_FACTS):
        assert catalog.events_of(service) == ()
        assert not hasattr(importlib.import_module(f"services.{service}.announcements"), "announce")
