"""The life of a designated institution (REH-26, REH-76), its agreements and its staff."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rehab.domain.institution import (
    DEFENCE_DAYS,
    INSTITUTIONS,
    Agreement,
    Institution,
    InstitutionStatus,
    InstitutionStep,
    Staff,
)
from services.rehab.domain.institution import InstitutionStatus as S
from services.rehab.domain.institution import InstitutionStep as E
from services.rehab.domain.institution_errors import (
    AnotherPersonMustDecide,
    DefenceRuns,
    InstitutionIsNotValid,
    InstitutionStepNotAllowed,
    StaffIsNotValid,
)
from shared.values.disability import DisabilityCategory
from shared.values.division import Division

TODAY: Final = date(2026, 6, 15)
MOVES: Final = {
    (S.APPLIED, E.CONFIRM): S.DESIGNATED,
    (S.APPLIED, E.REFUSE): S.REFUSED,
    (S.DESIGNATED, E.SUSPEND): S.SUSPENDED,
    (S.SUSPENDED, E.REINSTATE): S.DESIGNATED,
    (S.DESIGNATED, E.WARN): S.WARNED,
    (S.SUSPENDED, E.WARN): S.WARNED,
    (S.WARNED, E.CLEAR): S.DESIGNATED,
    (S.WARNED, E.BLACKLIST): S.BLACKLISTED,
    (S.DESIGNATED, E.EXIT): S.EXITED,
    (S.SUSPENDED, E.EXIT): S.EXITED,
}
LIMB, MENTAL = DisabilityCategory.LIMB, DisabilityCategory.MENTAL


def an_institution(status: S = S.DESIGNATED, *agreements: Agreement) -> Institution:
    return Institution(
        institution_id=UUID(int=1),
        version=1,
        division=Division("341502"),
        status=status,
        changed_by="county",
        agreements=agreements,
    )


def an_agreement(begins: date, ends: date) -> Agreement:
    return Agreement(agreement_id=UUID(int=2), begins_on=begins, ends_on=ends, categories=frozenset({LIMB}), capacity=3)


@pytest.mark.parametrize(("status", "step"), list(product(InstitutionStatus, InstitutionStep)))
def test_every_step_in_every_state_is_a_move_or_a_refusal_reh_26(
    status: InstitutionStatus, step: InstitutionStep
) -> None:
    one, to = an_institution(status), MOVES.get((status, step))
    if to is None:
        with pytest.raises(InstitutionStepNotAllowed) as refusal:
            one.take(step, by="prefecture", today=TODAY)
        assert refusal.value.facts["allowed"] == [each.value for each in E if (status, each) in MOVES]
    else:
        after = one.take(step, by="prefecture", today=TODAY)
        assert (after.status, after.version, after.changed_by) == (to, 2, "prefecture")


def test_every_state_is_reached() -> None:
    assert INSTITUTIONS.reachable() == frozenset(InstitutionStatus)
    assert INSTITUTIONS.ends() == {S.REFUSED, S.BLACKLISTED, S.EXITED}


@pytest.mark.parametrize(("status", "step"), [(S.APPLIED, E.CONFIRM), (S.APPLIED, E.REFUSE), (S.WARNED, E.BLACKLIST)])
def test_who_brought_it_forward_does_not_decide_it_reh_76(status: S, step: E) -> None:
    with pytest.raises(AnotherPersonMustDecide):
        an_institution(status).take(step, by="county", today=TODAY)


def test_an_institution_may_state_its_defence_before_it_is_black_listed_reh_76() -> None:
    warned = an_institution().take(E.WARN, by="county", today=TODAY)
    last = TODAY + timedelta(days=DEFENCE_DAYS)
    with pytest.raises(DefenceRuns) as refusal:
        warned.take(E.BLACKLIST, by="prefecture", today=last)
    assert refusal.value.facts == {"until": last.isoformat()}
    assert warned.take(E.BLACKLIST, by="prefecture", today=last + timedelta(days=1)).status is S.BLACKLISTED
    assert warned.take(E.CLEAR, by="county", today=TODAY).defence_until is None


DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@given(begins=DAYS, ends=DAYS, day=DAYS, status=st.sampled_from(S), category=st.sampled_from([LIMB, MENTAL]))
def test_a_client_is_served_by_who_is_designated_for_the_category_on_the_day_reh_26(
    *, begins: date, ends: date, day: date, status: S, category: DisabilityCategory
) -> None:
    one = an_institution(status, an_agreement(begins, ends))
    if status is S.DESIGNATED and category is LIMB and begins <= day <= ends:
        assert one.must_serve(category, day).capacity == 3
    else:
        with pytest.raises(InstitutionIsNotValid):
            one.must_serve(category, day)


@given(day=DAYS, until=DAYS)
def test_somebody_treats_where_they_work_while_they_are_qualified(day: date, until: date) -> None:
    one = Staff(
        staff_id=UUID(int=3), institution_id=UUID(int=1), qualified_from=date(2026, 1, 1), qualified_until=until
    )
    with pytest.raises(StaffIsNotValid):
        one.must_be_valid(UUID(int=9), day)
    if day <= until:
        one.must_be_valid(UUID(int=1), day)
    else:
        with pytest.raises(StaffIsNotValid):
            one.must_be_valid(UUID(int=1), day)
    with pytest.raises(StaffIsNotValid):
        replace(one, qualified_from=until + timedelta(days=1)).must_be_valid(UUID(int=1), until)
