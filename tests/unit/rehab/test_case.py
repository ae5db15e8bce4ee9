"""RULES 7.6: closing, moving and living; every other step is in `test_case_life`."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.rehab.domain.case import (
    Case,
    CaseFlag,
    Client,
    ClosingReason,
    must_not_lie_ahead,
)
from services.rehab.domain.case_state import Step
from services.rehab.domain.errors import (
    CaseStepNotAllowed,
    ClosedBeforeOpened,
    DateInFuture,
    DeathIsTheRegisters,
    PersonHasDied,
)
from shared.values.division import Division
from shared.values.rehab_case import CaseStatus

TODAY, OPENED = date(2026, 11, 22), date(2026, 3, 2)
STOP = UUID(int=9)
CASE = Case(
    case_id=UUID(int=1),
    person_id=UUID(int=2),
    version=1,
    division=Division("341502001001"),
    status=CaseStatus.NEED_REGISTERED,
    opened_on=OPENED,
)
FLAGGED = replace(CASE, flag=CaseFlag.TRANSFERRED, transfer_id=STOP)
CLOSED = CASE.close(reason=ClosingReason.GOAL_REACHED, on=TODAY, today=TODAY)
BY_HAND = [reason for reason in ClosingReason if reason is not ClosingReason.DIED]


def close(case: Case, *, reason: ClosingReason = ClosingReason.DROPPED, on: date = TODAY) -> Case:
    return case.close(reason=reason, on=on, today=TODAY)


@pytest.mark.parametrize("reason", BY_HAND)
def test_a_case_is_closed_with_a_reason_and_a_day(reason: ClosingReason) -> None:
    closed = close(CASE, reason=reason, on=date(2026, 5, 1))
    assert closed == replace(
        CASE, version=2, status=CaseStatus.CLOSED, closing_reason=reason, closed_on=date(2026, 5, 1)
    )


def test_a_death_is_not_for_people_to_say() -> None:
    """A death that proves wrong must reopen the case; only the register's fact can be withdrawn."""
    with pytest.raises(DeathIsTheRegisters):
        close(CASE, reason=ClosingReason.DIED)


@pytest.mark.parametrize("day", [OPENED, TODAY])
def test_the_day_of_opening_and_today_are_allowed(day: date) -> None:
    assert close(CASE, on=day).closed_on == day


def test_a_closing_before_the_opening_is_refused() -> None:
    with pytest.raises(ClosedBeforeOpened) as refusal:
        close(CASE, on=date(2026, 3, 1))
    assert refusal.value.facts == {"given": "2026-03-01", "opened_on": "2026-03-02"}


def test_a_closing_that_lies_ahead_is_refused() -> None:
    with pytest.raises(DateInFuture) as refusal:
        close(CASE, on=date(2026, 11, 23))
    assert refusal.value.facts == {"field": "closed_on", "given": "2026-11-23", "today": "2026-11-22"}


def test_today_does_not_lie_ahead() -> None:
    must_not_lie_ahead("opened_on", TODAY, today=TODAY)


def test_a_closed_case_stays_closed_and_the_refusal_names_what_is_allowed() -> None:
    with pytest.raises(CaseStepNotAllowed) as refusal:
        close(CLOSED)
    assert refusal.value.facts == {"step": "close", "status": "CLOSED", "allowed": ["follow_up"]}


def test_closing_a_flagged_case_takes_the_flag_away() -> None:
    closed = close(FLAGGED)
    assert (closed.flag, closed.transfer_id, closed.cause_id) == (None, None, None)


def test_a_flagged_case_can_be_handed_over() -> None:
    moved = FLAGGED.move(Division("341503001004"))
    assert moved == replace(CASE, version=2, division=Division("341503001004"))


@pytest.mark.parametrize(("case", "allowed"), [(CASE, ["check", "close"]), (CLOSED, ["follow_up"])])
def test_a_case_without_a_flag_cannot(case: Case, allowed: list[str]) -> None:
    with pytest.raises(CaseStepNotAllowed) as refusal:
        case.move(Division("341503001004"))
    assert refusal.value.facts["allowed"] == allowed


@pytest.mark.parametrize(
    ("case", "steps"),
    [
        (CASE, (Step.CHECK, Step.CLOSE)),
        (FLAGGED, (Step.CHECK, Step.CLOSE, Step.DECIDE_TRANSFER)),
        (CLOSED, (Step.FOLLOW_UP,)),
    ],
)
def test_the_steps_of_each_state(case: Case, steps: tuple[Step, ...]) -> None:
    assert case.allowed_steps() == steps


def test_the_cause_is_the_death_before_the_move() -> None:
    assert FLAGGED.cause_id == STOP
    assert replace(FLAGGED, death_id=UUID(int=8)).cause_id == UUID(int=8)


def test_a_dead_person_gets_no_case() -> None:
    with pytest.raises(PersonHasDied) as refusal:
        Client(person_id=UUID(int=2), division=CASE.division, died_on=date(2026, 1, 1)).must_live()
    assert refusal.value.facts == {"died_on": "2026-01-01"}


def test_a_living_person_without_a_certificate_does() -> None:
    """CERT-36, CERT-37: a client needs no certificate, and none is asked about."""
    Client(person_id=UUID(int=2), division=CASE.division, died_on=None).must_live()
