"""When a stop takes effect (SUB-38), and on which card an award may be drawn (SUB-18, READ-02, READ-09, READ-18)."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.subsidy.domain.award import Holder, effective_month
from services.subsidy.domain.errors import CertificateNotValid, PersonHasDied
from shared.values.certificate import CertificateStatus
from shared.values.month import Month
from tests.builders.subsidy import a_holder

DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 12, 31))
RUNNING = (CertificateStatus.VALID, CertificateStatus.LOST)
CARD = UUID("01900000-0000-7000-8000-00000000000c")


@pytest.mark.parametrize(
    ("event_date", "month"),
    [
        (date(2026, 6, 1), "2026-07"),
        (date(2026, 6, 30), "2026-07"),
        (date(2026, 12, 1), "2027-01"),
        (date(2026, 12, 31), "2027-01"),
        (date(2024, 2, 29), "2024-03"),
        (date(2026, 1, 31), "2026-02"),
    ],
)
def test_money_stops_from_the_month_after_the_event_sub_38(event_date: date, month: str) -> None:
    assert str(effective_month(event_date)) == month


@given(DAYS)
def test_the_events_own_month_stays_due_and_the_next_never_read_04(day: date) -> None:
    stop = effective_month(day)
    assert Month.of(day) < stop
    assert stop.first_day - timedelta(days=1) == Month.of(day).last_day


@pytest.mark.parametrize("status", RUNNING)
@pytest.mark.parametrize("day", [date(2020, 3, 1), date(2025, 1, 1), date(2030, 3, 1)])
def test_a_valid_or_lost_card_carries_an_award_on_every_day_of_its_dates_read_09(
    status: CertificateStatus, day: date
) -> None:
    assert a_holder(certificate_id=CARD, status=status).certificate_valid_on(day) == CARD


@pytest.mark.parametrize("day", [date(2020, 2, 29), date(2030, 3, 2)], ids=["before its issue", "after its last day"])
def test_outside_its_dates_a_card_carries_nothing_read_18(day: date) -> None:
    with pytest.raises(CertificateNotValid) as refused:
        a_holder().certificate_valid_on(day)
    assert refused.value.facts == {"on": day.isoformat(), "status": "VALID"}


@pytest.mark.parametrize("status", sorted(set(CertificateStatus) - set(RUNNING)))
def test_a_card_in_any_other_state_carries_nothing_sub_18(status: CertificateStatus) -> None:
    with pytest.raises(CertificateNotValid) as refused:
        a_holder(status=status).certificate_valid_on(date(2025, 1, 1))
    assert refused.value.facts["status"] == status


def test_without_a_card_there_is_no_award_read_18() -> None:
    with pytest.raises(CertificateNotValid) as refused:
        nobody().certificate_valid_on(date(2025, 1, 1))
    assert refused.value.facts["status"] == "NONE"


def test_a_known_death_refuses_before_anything_else() -> None:
    with pytest.raises(PersonHasDied) as refused:
        a_holder(died_on=date(2025, 5, 1), status=CertificateStatus.CANCELLED).certificate_valid_on(date(2025, 6, 1))
    assert refused.value.facts == {"died_on": "2025-05-01"}


def nobody() -> Holder:
    return a_holder(person_id=uuid4(), certificate_id=None, status=None, issued_on=None, expires_on=None)
