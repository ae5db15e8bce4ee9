"""Plans, sessions, measures and time limits (REH-01, REH-12, REH-15, REH-16, REH-73, REH-74)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rehab.domain.catalogue import CatalogueItem, Cycle, ItemKind
from services.rehab.domain.institution import Staff
from services.rehab.domain.institution_errors import CatalogueItemNotFound, StaffIsNotValid, StaffNotFound
from services.rehab.domain.limits import Limit, Stage, Timing
from services.rehab.domain.measures import (
    SCALES,
    AgeBand,
    Assessment,
    AssessmentKind,
    Instrument,
    Mode,
    Payer,
    Programme,
    effects,
    reached,
)
from services.rehab.domain.plan import Attendance, Ground, Plan
from services.rehab.domain.plan_errors import (
    InstrumentHasNoBaseline,
    PlanItemDoesNotFit,
    PlanItemIsUsedUp,
    PlanPeriodIsInvalid,
    ScoreOutOfRange,
    SessionIsInvalid,
    SessionOutsidePlan,
)
from shared.kit.working_days import seeded
from shared.values.disability import DisabilityCategory
from shared.values.division import Division
from shared.values.refusal import Refusal
from tests.builders.rehab import BEGINS, ENDS, a_plan, a_session, an_item

ITEM, STAFF, HOUSE = UUID(int=1), UUID(int=2), UUID(int=3)
OFFERED: Final = CatalogueItem(
    item_id=ITEM,
    division=Division("34"),
    item_code="MOTOR",
    kind=ItemKind.TRAINING,
    categories=frozenset({DisabilityCategory.LIMB}),
    age_bands=frozenset({AgeBand.ADULT}),
    modes=frozenset({Mode.CENTRE, Mode.REMOTE}),
    payers=frozenset({Payer.FEDERATION}),
    cycle=Cycle.SESSION,
    price_fen=10_000,
    valid_from=BEGINS,
    valid_to=ENDS,
)
THERAPIST: Final = Staff(staff_id=STAFF, institution_id=HOUSE, qualified_from=BEGINS, qualified_until=ENDS)
GROUND: Final = Ground(
    division=Division("341502001001"),
    category=DisabilityCategory.LIMB,
    age_band=AgeBand.ADULT,
    institution_id=HOUSE,
    catalogue={ITEM: OFFERED},
    staff={STAFF: THERAPIST},
    instruments={Instrument.BARTHEL},
)


def plan_with(**item: Any) -> Plan:
    return a_plan(ITEM, STAFF, items=(an_item(item_id=ITEM, staff_id=STAFF, **item),))


def test_a_plan_whose_item_has_all_five_elements_holds() -> None:
    plan_with().must_hold(GROUND)


@pytest.mark.parametrize(
    ("plan", "ground", "refusal"),
    [
        (plan_with(payer=Payer.CHARITY), GROUND, PlanItemDoesNotFit),
        (plan_with(mode=Mode.HOME), GROUND, PlanItemDoesNotFit),
        (plan_with(amount_fen=100_001), GROUND, PlanItemDoesNotFit),
        (plan_with(), replace(GROUND, category=DisabilityCategory.MENTAL), PlanItemDoesNotFit),
        (plan_with(), replace(GROUND, age_band=AgeBand.AGED_0_TO_6), PlanItemDoesNotFit),
        (plan_with(), replace(GROUND, division=Division("510101")), PlanItemDoesNotFit),
        (plan_with(), replace(GROUND, catalogue={}), CatalogueItemNotFound),
        (plan_with(), replace(GROUND, staff={}), StaffNotFound),
        (plan_with(), replace(GROUND, institution_id=UUID(int=9)), StaffIsNotValid),
        (plan_with(), replace(GROUND, instruments=set()), InstrumentHasNoBaseline),
        (plan_with(target=101), GROUND, ScoreOutOfRange),
        (replace(plan_with(), ends_on=BEGINS - timedelta(days=1)), GROUND, PlanPeriodIsInvalid),
        (replace(plan_with(), assess_on=ENDS + timedelta(days=1)), GROUND, PlanPeriodIsInvalid),
        (plan_with(begins_on=BEGINS - timedelta(days=1)), GROUND, PlanPeriodIsInvalid),
    ],
)
def test_a_plan_without_one_of_them_is_refused_reh_12(plan: Plan, ground: Ground, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        plan.must_hold(ground)


@given(price=st.integers(0, 10**6), sessions=st.integers(1, 1_000), amount=st.integers(0, 10**9))
def test_an_item_costs_at_most_what_the_catalogue_says_for_each_session(price: int, sessions: int, amount: int) -> None:
    ground = replace(GROUND, catalogue={ITEM: replace(OFFERED, price_fen=price)})
    plan = plan_with(sessions=sessions, amount_fen=amount)
    if amount <= price * sessions:
        plan.must_hold(ground)
    else:
        with pytest.raises(PlanItemDoesNotFit) as refusal:
            plan.must_hold(ground)
        assert refusal.value.facts["allowed"] == [str(price * sessions)]


@given(
    begins_at=st.integers(0, 364 * 1440).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n)),
    minutes=st.integers(-600, 2_000),
)
def test_a_session_ends_after_it_begins_on_the_same_civil_day(begins_at: datetime, minutes: int) -> None:
    session = replace(a_session(STAFF, begins_at=begins_at), ends_at=begins_at + timedelta(minutes=minutes))
    here = (begins_at + timedelta(hours=8), session.ends_at + timedelta(hours=8))
    right = minutes > 0 and here[0].date() == here[1].date()
    assert session.day == here[0].date()
    if right:
        session.must_have_been(session.day)
        with pytest.raises(SessionIsInvalid):
            session.must_have_been(session.day - timedelta(days=1))
    else:
        with pytest.raises(SessionIsInvalid):
            session.must_have_been(date(2027, 1, 1))


def test_the_first_instant_of_all_time_has_no_civil_day_and_is_refused() -> None:
    first = datetime.fromisoformat("0001-01-01T00:00:00+14:00")
    with pytest.raises(SessionIsInvalid):
        a_session(STAFF, begins_at=first).must_have_been(date(2026, 1, 1))


@given(day=st.dates(BEGINS - timedelta(days=3), ENDS + timedelta(days=3)), attended=st.integers(0, 12))
def test_a_session_is_inside_the_period_and_the_number_of_its_item(day: date, attended: int) -> None:
    session = a_session(STAFF, begins_at=datetime(day.year, day.month, day.day, 1, tzinfo=UTC))
    item = an_item()
    if not BEGINS <= day <= ENDS:
        with pytest.raises(SessionOutsidePlan):
            item.must_take(session, attended)
    elif attended >= item.sessions:
        with pytest.raises(PlanItemIsUsedUp):
            item.must_take(session, attended)
        item.must_take(replace(session, attendance=Attendance.ABSENT), attended)
    else:
        item.must_take(session, attended)


# ---------------------------------------------------------------------------- before and after


def measured(kind: AssessmentKind, score: int, day: int, instrument: Instrument = Instrument.BARTHEL) -> Assessment:
    return Assessment(
        assessment_id=UUID(int=day),
        kind=kind,
        instrument=instrument,
        score=score,
        staff_id=STAFF,
        assessed_on=BEGINS + timedelta(days=day),
    )


@given(st.data())
def test_before_and_after_are_of_one_instrument_and_better_is_positive_reh_15(data: st.DataObject) -> None:
    instrument = data.draw(st.sampled_from(Instrument))
    scale = SCALES[instrument]
    before, between, after = (data.draw(st.integers(scale.least, scale.most)) for _ in range(3))
    other = Instrument.FIM if instrument is not Instrument.FIM else Instrument.BERG
    done = (
        measured(AssessmentKind.FINAL, after, 3, instrument),
        measured(AssessmentKind.STAGE, between, 2, instrument),
        measured(AssessmentKind.BASELINE, before, 1, instrument),
        measured(AssessmentKind.FINAL, SCALES[other].least, 4, other),
    )
    (effect,) = effects(done)
    assert (effect.instrument, effect.before, effect.after) == (instrument, before, after)
    assert effect.change == (after - before if scale.rising else before - after)
    assert reached(instrument, before, after) == (effect.change >= 0)


@pytest.mark.parametrize("instrument", Instrument)
def test_a_score_off_the_scale_is_refused(instrument: Instrument) -> None:
    scale = SCALES[instrument]
    for score in (scale.least - 1, scale.most + 1):
        with pytest.raises(ScoreOutOfRange):
            measured(AssessmentKind.BASELINE, score, 1, instrument)
    for score in (scale.least, scale.most):
        measured(AssessmentKind.BASELINE, score, 1, instrument)


# ---------------------------------------------------------------------------- time limits


def timing(*limits: Limit, today: date = date(2026, 6, 1)) -> Timing:
    return Timing(today=today, calendar=seeded([2025, 2026]), limits=limits)


def a_limit(days: int, *, division: str = "*", since: date = BEGINS, stage: Stage = Stage.CHECK) -> Limit:
    return Limit(division, Programme.MENTAL, stage, since, days)


def test_five_working_days_pass_over_a_weekend_and_a_holiday_reh_73_74() -> None:
    """Monday to Monday; and from the 15th over the Dragon Boat festival on Friday the 19th."""
    of = timing(a_limit(5), a_limit(5, stage=Stage.REFERRAL))
    assert of.due_on(Stage.CHECK, Programme.MENTAL) == date(2026, 6, 8)
    assert of.due_on(Stage.REFERRAL, Programme.MENTAL, since=date(2026, 6, 15)) == date(2026, 6, 23)


def test_the_narrower_place_wins_then_the_later_day_and_without_a_limit_nothing_is_due() -> None:
    of = timing(
        a_limit(5),
        a_limit(4, division="34"),
        a_limit(3, division="341502"),
        a_limit(2, division="341502", since=date(2026, 6, 1)),
        a_limit(1, division="341502", since=date(2026, 6, 2)),
    )
    assert of.due_on(Stage.CHECK, Programme.MENTAL) == date(2026, 6, 3)
    assert of.due_on(Stage.CHECK, Programme.GENERAL) is None
    assert of.due_on(Stage.ANSWER, Programme.MENTAL) is None


def test_a_pause_is_counted_in_days_of_the_calendar() -> None:
    assert timing(a_limit(90, stage=Stage.PAUSE)).due_on(Stage.PAUSE, Programme.MENTAL) == date(2026, 8, 30)
