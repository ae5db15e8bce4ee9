"""What the registry tells the world of each fact, and what it keeps to itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from uuid_utils.compat import uuid7

from services.registry.announcements import announce, certificate_state, person_state, stop_state
from services.registry.domain.facts import (
    CertificateWasIssued,
    CertificateWasReinstated,
    CertificateWasStopped,
    CertificateWasUnfrozen,
    DeathWasReported,
    DeathWasRetracted,
    Fact,
    PersonWasRegistered,
)
from shared.contracts import registry as contract
from shared.contracts.event import Event
from shared.values.certificate import StopKind
from tests.builders.registry import OTHER_COUNTY, VILLAGE, a_certificate, a_person, a_stop

PERSON = a_person(last_version=7)
MOVED = a_certificate(person_id=PERSON.person_id, division=OTHER_COUNTY)
STOPPED: dict[StopKind, type[Event]] = {
    StopKind.CANCELLED: contract.CertificateCancelled,
    StopKind.FROZEN: contract.CertificateFrozen,
    StopKind.EXPIRED: contract.CertificateExpired,
    StopKind.TRANSFERRED: contract.CertificateTransferred,
}


def about(**more: Any) -> dict[str, Any]:
    return {"event_id": uuid7(), "occurred_at": datetime(2026, 6, 1, tzinfo=UTC), "person": PERSON, **more}


FACTS: list[tuple[Fact, type[Event]]] = [
    (PersonWasRegistered(**about()), contract.PersonRegistered),
    (DeathWasReported(**about(stop=a_stop(kind=StopKind.DEATH, certificate_id=None))), contract.PersonDeathReported),
    (DeathWasRetracted(**about(stop=a_stop(kind=StopKind.DEATH))), contract.PersonDeathRetracted),
    (CertificateWasIssued(**about(certificate=MOVED)), contract.CertificateIssued),
    (CertificateWasUnfrozen(**about(certificate=MOVED, stop=a_stop())), contract.CertificateUnfrozen),
    (CertificateWasReinstated(**about(certificate=MOVED, stop=a_stop())), contract.CertificateReinstated),
    *(
        (CertificateWasStopped(**about(certificate=MOVED, stop=a_stop(kind=kind))), event)
        for kind, event in STOPPED.items()
    ),
]


@pytest.mark.parametrize(("fact", "event"), FACTS, ids=[event.type for _, event in FACTS])
def test_each_fact_becomes_its_event_in_the_order_of_the_persons_life(fact: Fact, event: type[Event]) -> None:
    told = announce(fact)
    assert type(told.event) is event
    assert (told.event_id, told.occurred_at) == (fact.event_id, fact.occurred_at)
    assert (told.person_id, told.version) == (PERSON.person_id, PERSON.last_version)


@pytest.mark.parametrize(("fact", "event"), FACTS, ids=[event.type for _, event in FACTS])
def test_an_event_about_a_card_belongs_to_the_county_that_has_it_afterwards(fact: Fact, event: type[Event]) -> None:
    expected = OTHER_COUNTY if hasattr(fact, "certificate") else VILLAGE
    assert announce(fact).division == expected.code


def test_a_death_is_announced_of_a_person_and_never_of_a_card() -> None:
    with pytest.raises(TypeError, match="of a person"):
        announce(CertificateWasStopped(**about(certificate=MOVED, stop=a_stop(kind=StopKind.DEATH))))


def test_a_published_card_has_no_number_and_a_published_person_no_name() -> None:
    told = orjson.dumps(certificate_state(MOVED).model_dump(mode="json") | person_state(PERSON).model_dump(mode="json"))
    assert b"number" not in told
    assert b"name" not in told
    assert b"birth" not in told


def test_a_published_stop_says_what_when_and_whether_it_still_holds() -> None:
    told = stop_state(a_stop(ended_on=date(2026, 6, 9), withdrawn=True))
    assert (told.kind, told.reason, told.event_date) == (StopKind.CANCELLED, "VOLUNTARY", date(2026, 6, 1))
    assert (told.ended_on, told.withdrawn) == (date(2026, 6, 9), True)
    assert "previous_status" not in told.model_dump(), "what a reversal restores is the registry's own business"
