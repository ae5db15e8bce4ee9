"""The life of a certificate (RULES 3.2): every state, every step, either the move the rules know or a named refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import product
from typing import Final
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.registry.domain.certificate import (
    CancellationReason,
    Certificate,
    FreezeReason,
    allowed_steps,
)
from services.registry.domain.certificate_state import CERTIFICATES, Step
from services.registry.domain.errors import (
    CertificateStepNotAllowed,
    DateBeforeIssue,
    DateInFuture,
    TransferGoesNowhere,
)
from services.registry.domain.stop import Stop
from shared.values.certificate import CertificateStatus, StopKind
from tests.builders.applications import a_proof
from tests.builders.registry import ISSUED, LAST_DAY, OTHER_COUNTY, TODAY, VILLAGE, a_certificate, a_stop

VOLUNTARY: Final = CancellationReason.VOLUNTARY
DAY: Final = timedelta(days=1)
STOP_ID: Final = UUID("01900000-0000-7000-8000-000000000001")
VALID, LOST, FROZEN = CertificateStatus.VALID, CertificateStatus.LOST, CertificateStatus.FROZEN
EXPIRED, SUPERSEDED, CANCELLED = (
    CertificateStatus.EXPIRED,
    CertificateStatus.SUPERSEDED,
    CertificateStatus.CANCELLED,
)

MOVES: Final = {
    (VALID, Step.CANCEL): CANCELLED,
    (VALID, Step.FREEZE): FROZEN,
    (VALID, Step.EXPIRE): EXPIRED,
    (VALID, Step.TRANSFER): VALID,
    (LOST, Step.CANCEL): CANCELLED,
    (EXPIRED, Step.CANCEL): CANCELLED,
    (EXPIRED, Step.FREEZE): FROZEN,
    (FROZEN, Step.CANCEL): CANCELLED,
    (FROZEN, Step.UNFREEZE): VALID,
    (VALID, Step.RENEW): SUPERSEDED,
    (EXPIRED, Step.RENEW): SUPERSEDED,
    (VALID, Step.CHANGE): SUPERSEDED,
    (EXPIRED, Step.CHANGE): SUPERSEDED,
    (VALID, Step.EXCHANGE): VALID,
    (VALID, Step.DECLARE_LOSS): LOST,
    (LOST, Step.REPLACE): SUPERSEDED,
    (CANCELLED, Step.REINSTATE): VALID,
}
"""The table of RULES 3.2, written down a second time."""

Outcome = tuple[Certificate, Stop]


def cancel(one: Certificate, *, on: date = TODAY, today: date = TODAY) -> Outcome:
    return one.cancel(reason=VOLUNTARY, proof=a_proof(), on=on, today=today, version=3, stop_id=STOP_ID)


def freeze(one: Certificate, *, on: date = TODAY, today: date = TODAY) -> Outcome:
    return one.freeze(reason=FreezeReason.SUSPECT_FRAUD, on=on, today=today, version=3, stop_id=STOP_ID)


def transfer(one: Certificate, *, on: date = TODAY, today: date = TODAY) -> Outcome:
    return one.transfer(to=OTHER_COUNTY, on=on, today=today, version=3, stop_id=STOP_ID)


def unfreeze(one: Certificate, *, today: date = TODAY) -> Outcome:
    return one.unfreeze(a_stop(kind=StopKind.FROZEN), today=today, version=3)


def reinstate(one: Certificate, *, today: date = TODAY) -> Outcome:
    return one.reinstate(a_stop(), today=today, version=3)


def expire(one: Certificate, *, today: date = LAST_DAY + DAY) -> Outcome:
    return one.expire(today=today, version=3, stop_id=STOP_ID)


def exchange(one: Certificate) -> Certificate:
    one.must_allow(Step.EXCHANGE)
    return one


TAKE: Final[dict[Step, Callable[[Certificate], Outcome | Certificate]]] = {
    Step.RENEW: lambda one: one.supersede(Step.RENEW, on=TODAY, version=3),
    Step.CHANGE: lambda one: one.supersede(Step.CHANGE, on=TODAY, version=3),
    Step.REPLACE: lambda one: one.supersede(Step.REPLACE, on=TODAY, version=3),
    Step.EXCHANGE: exchange,
    Step.DECLARE_LOSS: lambda one: one.declare_lost(on=TODAY, today=TODAY, version=3),
    Step.CANCEL: cancel,
    Step.FREEZE: freeze,
    Step.UNFREEZE: unfreeze,
    Step.EXPIRE: expire,
    Step.TRANSFER: transfer,
    Step.REINSTATE: reinstate,
}


@pytest.mark.parametrize(("status", "step"), list(product(CertificateStatus, Step)))
def test_every_step_in_every_state_is_a_move_of_the_table_or_refused_naming_the_allowed_ones(
    status: CertificateStatus, step: Step
) -> None:
    one = a_certificate(status=status)
    target = MOVES.get((status, step))
    if target is not None:
        outcome = TAKE[step](one)
        assert (outcome if isinstance(outcome, Certificate) else outcome[0]).status is target
        return
    with pytest.raises(CertificateStepNotAllowed) as refused:
        TAKE[step](one)
    allowed = sorted(known.value for at, known in MOVES if at is status)
    assert sorted(refused.value.facts["allowed"]) == allowed  # type: ignore[call-overload]
    assert refused.value.facts["step"] == step
    assert refused.value.facts["status"] == status


@pytest.mark.parametrize("status", CertificateStatus)
def test_the_steps_announced_as_allowed_are_those_of_the_table(status: CertificateStatus) -> None:
    assert set(allowed_steps(status)) == {step for at, step in MOVES if at is status}


def test_the_product_s_table_is_the_table_of_the_rules() -> None:
    assert {(source, step) for source, step, _ in CERTIFICATES.edges()} == set(MOVES)
    assert CERTIFICATES.reachable() == frozenset(CertificateStatus)
    assert CERTIFICATES.ends() == {SUPERSEDED}


@pytest.mark.parametrize(
    ("take", "kind", "reason"),
    [
        (cancel, StopKind.CANCELLED, "VOLUNTARY"),
        (freeze, StopKind.FROZEN, "SUSPECT_FRAUD"),
        (transfer, StopKind.TRANSFERRED, None),
    ],
)
def test_a_step_that_stops_money_leaves_a_dated_fact_of_the_county_that_took_it(
    take: Callable[..., Outcome], kind: StopKind, reason: str | None
) -> None:
    one = a_certificate()
    after, stop = take(one, on=date(2026, 5, 31))
    assert (stop.kind, stop.reason, stop.event_date) == (kind, reason, date(2026, 5, 31))
    assert (stop.division, stop.previous_status) == (VILLAGE, VALID)
    assert (stop.person_id, stop.certificate_id, stop.stop_id) == (one.person_id, one.certificate_id, STOP_ID)
    assert stop.stands
    assert after.version == stop.version == 3


@pytest.mark.parametrize("take", [cancel, freeze, transfer])
def test_a_fact_may_be_dated_any_day_from_issue_to_today(take: Callable[..., Outcome]) -> None:
    for day in (ISSUED, TODAY - DAY, TODAY):
        assert take(a_certificate(), on=day)[1].event_date == day


@pytest.mark.parametrize("take", [cancel, freeze, transfer])
def test_a_fact_is_never_dated_in_the_future(take: Callable[..., Outcome]) -> None:
    with pytest.raises(DateInFuture) as refused:
        take(a_certificate(), on=TODAY + DAY)
    assert refused.value.facts["given"] == (TODAY + DAY).isoformat()


@pytest.mark.parametrize("take", [cancel, freeze, transfer])
def test_a_fact_is_never_dated_before_the_card_was_issued(take: Callable[..., Outcome]) -> None:
    with pytest.raises(DateBeforeIssue) as refused:
        take(a_certificate(), on=ISSUED - DAY)
    assert refused.value.facts["issued_on"] == ISSUED.isoformat()


def test_a_card_is_valid_through_its_last_day_and_expires_the_day_after_cert_12() -> None:
    one = a_certificate()
    with pytest.raises(DateInFuture):
        expire(one, today=LAST_DAY)
    after, stop = expire(one, today=LAST_DAY + DAY)
    assert after.status is EXPIRED
    assert stop.event_date == LAST_DAY, "the stop is dated the last valid day (SUB-40)"


def test_expiry_noticed_late_is_still_dated_the_last_valid_day_sub_40() -> None:
    assert expire(a_certificate(), today=LAST_DAY + timedelta(days=400))[1].event_date == LAST_DAY


def test_an_unfrozen_card_is_valid_or_expired_by_its_date() -> None:
    frozen = a_certificate(status=FROZEN)
    assert unfreeze(frozen, today=LAST_DAY)[0].status is VALID
    assert unfreeze(frozen, today=LAST_DAY + DAY)[0].status is EXPIRED


def test_the_end_of_a_freeze_does_not_make_it_untrue_sub_47() -> None:
    _, stop = unfreeze(a_certificate(status=FROZEN))
    assert stop.ended_on == TODAY
    assert not stop.withdrawn
    assert not stop.stands


def test_a_reversed_cancellation_was_never_true() -> None:
    _, stop = reinstate(a_certificate(status=CANCELLED))
    assert stop.withdrawn
    assert stop.ended_on is None
    assert not stop.stands


@pytest.mark.parametrize("before", [VALID, LOST, FROZEN, EXPIRED])
def test_a_reversal_brings_back_the_state_before(before: CertificateStatus) -> None:
    cancelled = a_certificate(status=CANCELLED)
    after, _ = cancelled.reinstate(a_stop(previous_status=before), today=TODAY, version=4)
    assert after.status is before


def test_a_reversal_after_the_last_valid_day_brings_back_an_expired_card() -> None:
    cancelled = a_certificate(status=CANCELLED)
    after, _ = cancelled.reinstate(a_stop(previous_status=VALID), today=LAST_DAY + DAY, version=4)
    assert after.status is EXPIRED


def test_a_transferred_card_stays_valid_and_only_its_owner_changes_read_09() -> None:
    one = a_certificate()
    after, stop = transfer(one, on=date(2026, 4, 30))
    assert (after.status, after.division) == (VALID, OTHER_COUNTY)
    assert stop.division == VILLAGE
    assert stop.event_date == date(2026, 4, 30), "the month of the household move counts"


def test_a_transfer_within_the_county_is_refused_cert_23() -> None:
    with pytest.raises(TransferGoesNowhere):
        a_certificate().transfer(to=VILLAGE, on=TODAY, today=TODAY, version=3, stop_id=uuid7())
