"""Random lives of one certificate and its holder against a small model: no order of steps escapes the table."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from uuid_utils.compat import uuid7

from services.registry.domain.certificate import CancellationReason, Certificate, FreezeReason
from services.registry.domain.errors import CertificateStepNotAllowed, DateInFuture, PersonHasDied, PersonIsAlive
from services.registry.domain.person import Person
from services.registry.domain.stop import Stop
from shared.values.certificate import CertificateStatus, StopKind
from tests.builders.applications import a_proof
from tests.builders.registry import ISSUED, LAST_DAY, OTHER_COUNTY, VILLAGE, a_certificate, a_person

VALID, FROZEN = CertificateStatus.VALID, CertificateStatus.FROZEN
EXPIRED, CANCELLED = CertificateStatus.EXPIRED, CertificateStatus.CANCELLED

STEPS: Final = {
    VALID: {"cancel", "freeze", "expire", "transfer"},
    EXPIRED: {"cancel", "freeze"},
    FROZEN: {"cancel", "unfreeze"},
    CANCELLED: {"reinstate"},
}


class Life(RuleBasedStateMachine):
    """The model: a status, whether alive, the facts that stand. Days go by; somebody tries a step."""

    def __init__(self) -> None:
        super().__init__()
        self.today = ISSUED
        self.status = VALID
        self.before_cancelled = VALID
        self.alive = True
        self.version = 2
        self.facts: list[Stop] = []

    @initialize()
    def begin(self) -> None:
        self.person: Person = a_person()
        self.card: Certificate = a_certificate(person_id=self.person.person_id)

    @rule(days=st.integers(min_value=0, max_value=1500))
    def time_passes(self, days: int) -> None:
        self.today += timedelta(days=days)

    def _standing(self, kind: StopKind) -> Stop:
        return next(fact for fact in reversed(self.facts) if fact.kind is kind and fact.stands)

    def _replace(self, old: Stop, new: Stop) -> None:
        self.facts[self.facts.index(old)] = new

    def _refused(self, step: str) -> bool:
        return step not in STEPS[self.status]

    @rule(back=st.integers(min_value=0, max_value=40))
    def somebody_cancels(self, back: int) -> None:
        on = max(ISSUED, self.today - timedelta(days=back))
        given: dict[str, Any] = {
            "reason": CancellationReason.VOLUNTARY,
            "proof": a_proof(),
            "on": on,
            "today": self.today,
        }
        if self._refused("cancel"):
            with pytest.raises(CertificateStepNotAllowed):
                self.card.cancel(**given, version=self.version + 1, stop_id=uuid7())
            return
        self.version += 1
        self.before_cancelled = self.status
        self.card, stop = self.card.cancel(**given, version=self.version, stop_id=uuid7())
        self.facts.append(stop)
        self.status = CANCELLED

    @rule()
    def somebody_freezes(self) -> None:
        given: dict[str, Any] = {"reason": FreezeReason.TRANSFER_OVERDUE_6M, "on": self.today, "today": self.today}
        if self._refused("freeze"):
            with pytest.raises(CertificateStepNotAllowed):
                self.card.freeze(**given, version=self.version + 1, stop_id=uuid7())
            return
        self.version += 1
        self.card, stop = self.card.freeze(**given, version=self.version, stop_id=uuid7())
        self.facts.append(stop)
        self.status = FROZEN

    @rule()
    def somebody_unfreezes(self) -> None:
        if self._refused("unfreeze"):
            with pytest.raises(CertificateStepNotAllowed):
                self.card.unfreeze(_nothing(), today=self.today, version=self.version + 1)
            return
        self.version += 1
        frozen = self._standing(StopKind.FROZEN)
        self.card, ended = self.card.unfreeze(frozen, today=self.today, version=self.version)
        self._replace(frozen, ended)
        self.status = VALID if self.today <= LAST_DAY else EXPIRED

    @rule()
    def the_daily_job_expires_it(self) -> None:
        if self._refused("expire"):
            with pytest.raises(CertificateStepNotAllowed):
                self.card.expire(today=self.today, version=self.version + 1, stop_id=uuid7())
            return
        if self.today <= LAST_DAY:
            with pytest.raises(DateInFuture):
                self.card.expire(today=self.today, version=self.version + 1, stop_id=uuid7())
            return
        self.version += 1
        self.card, stop = self.card.expire(today=self.today, version=self.version, stop_id=uuid7())
        self.facts.append(stop)
        self.status = EXPIRED

    @rule()
    def the_household_moves(self) -> None:
        to = OTHER_COUNTY if self.card.division == VILLAGE else VILLAGE
        if self._refused("transfer"):
            with pytest.raises(CertificateStepNotAllowed):
                self.card.transfer(to=to, on=self.today, today=self.today, version=self.version + 1, stop_id=uuid7())
            return
        self.version += 1
        left = self.card.division
        self.card, stop = self.card.transfer(
            to=to, on=self.today, today=self.today, version=self.version, stop_id=uuid7()
        )
        assert stop.division == left
        self.facts.append(stop)

    @rule()
    def the_cancellation_was_wrong(self) -> None:
        if self._refused("reinstate"):
            with pytest.raises(CertificateStepNotAllowed):
                self.card.reinstate(_nothing(), today=self.today, version=self.version + 1)
            return
        self.version += 1
        cancelled = self._standing(StopKind.CANCELLED)
        self.card, withdrawn = self.card.reinstate(cancelled, today=self.today, version=self.version)
        self._replace(cancelled, withdrawn)
        overdue = self.before_cancelled is VALID and self.today > LAST_DAY
        self.status = EXPIRED if overdue else self.before_cancelled

    @rule()
    def a_death_is_reported(self) -> None:
        if not self.alive:
            with pytest.raises(PersonHasDied):
                self.person.dies(on=self.today, today=self.today, stop_id=uuid7(), reason="POLICE")
            return
        self.person, stop = self.person.dies(on=self.today, today=self.today, stop_id=uuid7(), reason="POLICE")
        self.facts.append(stop)
        self.alive = False

    @rule()
    def the_report_was_wrong(self) -> None:
        if self.alive:
            with pytest.raises(PersonIsAlive):
                self.person.lives_after_all(None)
            return
        death = self._standing(StopKind.DEATH)
        self.person, withdrawn = self.person.lives_after_all(death)
        self._replace(death, withdrawn)
        self.alive = True

    @invariant()
    def the_card_is_what_the_model_says(self) -> None:
        if hasattr(self, "card"):
            assert self.card.status is self.status
            assert self.card.version == self.version
            assert (self.person.died_on is None) == self.alive

    @invariant()
    def a_card_that_is_stopped_has_the_fact_that_stopped_it(self) -> None:
        standing = {fact.kind for fact in self.facts if fact.stands}
        if self.status is CANCELLED:
            assert StopKind.CANCELLED in standing
        if self.status is FROZEN:
            assert StopKind.FROZEN in standing
        assert (StopKind.DEATH in standing) == (not self.alive)

    @invariant()
    def no_fact_lies_in_the_future_or_before_the_issue(self) -> None:
        assert all(ISSUED <= fact.event_date <= self.today for fact in self.facts)


def _nothing() -> Stop:
    """A stop nobody would accept."""
    return Stop(
        stop_id=uuid7(),
        person_id=uuid7(),
        certificate_id=None,
        version=1,
        division=VILLAGE,
        kind=StopKind.EXPIRED,
        reason=None,
        event_date=date(2021, 1, 1),
    )


TestRandomLives = Life.TestCase
