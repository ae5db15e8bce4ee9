"""Aid programmes as data: what is wrong with one, how long something lasts, who decides about a delivery."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from services.rehab.adapters.aid_programmes import SHIPPED, dump, parse
from services.rehab.domain.aid import AidItem, AidProgramme, Every, Funding, Purchase, Qualifies, faults
from services.rehab.domain.aid_delivery import (
    DELIVERIES,
    SETTLEMENTS,
    Delivery,
    DeliveryEffect,
    DeliveryFault,
    DeliveryStatus,
    DeliveryStep,
    Settlement,
    SettlementStatus,
    SettlementStep,
)
from services.rehab.domain.aid_errors import (
    AidOutsidePeriod,
    AidTooExpensive,
    AnotherPersonMustAccept,
    DeliveryStepNotAllowed,
    EffectIsMissing,
    SettlementStepNotAllowed,
)
from services.rehab.domain.institution_errors import AnotherPersonMustDecide
from services.rehab.domain.measures import Signer

DAY = date(2026, 6, 15)


def an_aid_item(**given: Any) -> AidItem:
    values: dict[str, Any] = {"code": "AID", "name": "助听器", "most_fen": 300_000, "every": Every.ONCE}
    return AidItem(**values | given)


def a_programme(**given: Any) -> AidProgramme:
    values: dict[str, Any] = {
        "division": "341502",
        "code": "P",
        "title": "项目",
        "basis": "文件",
        "funding": Funding.LOCAL,
        "purchase": Purchase.OWN,
        "begins_on": date(2026, 1, 1),
        "ends_on": date(2026, 12, 31),
        "quota": 10,
        "budget_fen": 1_000_000,
        "items": (an_aid_item(),),
    }
    return AidProgramme(**values | given)


def a_delivery(**given: Any) -> Delivery:
    values: dict[str, Any] = {
        **{name: uuid7() for name in ("delivery_id", "place_id", "programme_id", "person_id")},
        "division": "341502001",
        "item_code": "AID",
        "delivered_on": DAY,
        "amount_fen": 1,
        "recorded_by": "a",
    }
    return Delivery(**values | given)


NAMED = {
    "cataract-surgery", "psychiatric-medicine", "fukang-devices", "hearing-aid-mission", "home-adaptation", "day-care",
    "sunshine-home", "sheltered-workshop", "vocational-training", "accident-insurance", "family-doctor",
    "remote-home-ward", "prosthesis-screening", "legal-aid", "job-referral", "newborn-screening",
}  # fmt: skip


def test_every_named_programme_is_a_document_and_faultless_reh_49() -> None:
    """REH-13, REH-16, REH-49: surgery to referrals run by one model, without code of their own."""
    assert set(SHIPPED.names()) == NAMED
    for name in NAMED:
        for document in SHIPPED.documents(name) or ():
            assert faults(document) == [], name
            assert parse(dump(document)) == document


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"division": "*"}, "/division"),
        ({"division": "3415020"}, "/division"),
        ({"basis": " "}, "/basis"),
        ({"ends_on": date(2025, 12, 31)}, "/ends_on"),
        ({"quota": 0}, "/quota"),
        ({"budget_fen": -1}, "/budget_fen"),
        ({"most_per_person_fen": -1}, "/most_per_person_fen"),
        ({"purchase": Purchase.TENDER}, "/contract"),
        ({"qualifies": Qualifies(categories=(7,))}, "/qualifies/categories"),
        ({"qualifies": Qualifies(grades=())}, "/qualifies/grades"),
        ({"items": ()}, "/items"),
        ({"items": (an_aid_item(), an_aid_item())}, "/items"),
        ({"items": (an_aid_item(name=""),)}, "/items/0"),
        ({"items": (an_aid_item(most_fen=-1),)}, "/items/0/most_fen"),
        ({"items": (an_aid_item(every=Every.LIFE),)}, "/items/0/life_months"),
        ({"items": (an_aid_item(life_months=3),)}, "/items/0/life_months"),
        ({"items": (an_aid_item(every=Every.DAY, stages=("SURVEY",)),)}, "/items/0/stages"),
        ({"items": (an_aid_item(stages=("SURVEY", "SURVEY")),)}, "/items/0/stages"),
    ],
)
def test_a_fault_is_named_by_where_it_is(changed: dict[str, Any], where: str) -> None:
    assert faults(a_programme()) == []
    assert [fault.where for fault in faults(replace(a_programme(), **changed))] == [where]


@given(day=st.dates(date(2000, 1, 31), date(2090, 1, 1)), every=st.sampled_from(list(Every)))
def test_what_is_given_covers_its_own_day_and_is_free_again_afterwards_reh_45(day: date, every: Every) -> None:
    """REH-45: the day itself is covered; the day it may be given again lies behind it and covers what comes next."""
    item = an_aid_item(every=every, life_months=36 if every is Every.LIFE else None)
    begins, free = item.covers(day)
    assert begins <= day
    if every is Every.ONCE:
        assert free is None
        return
    assert free is not None
    assert day < free
    assert item.covers(free)[0] == free, "the next one begins where this ends"
    if every is not Every.LIFE:
        assert item.covers(free - timedelta(days=1)) == (begins, free), "whichever day of it"


def test_nothing_is_given_outside_the_period_nor_above_the_price() -> None:
    programme = a_programme()
    assert programme.must_give("AID", 300_000, date(2026, 12, 31)).code == "AID"
    with pytest.raises(AidOutsidePeriod):
        programme.must_give("AID", 1, date(2027, 1, 1))
    with pytest.raises(AidTooExpensive):
        programme.must_give("AID", 300_001, DAY)


def test_a_component_of_a_certificate_qualifies_reh_41() -> None:
    """REH-41: holders, by category and grade of any component."""
    pattern = Qualifies(categories=(4, 6), grades=(1, 2)).pattern
    assert [bool(re.search(pattern, held)) for held in ("4:2", "1:4;6:1", "4:3", "1:1;2:2", "6:3;4:4")] == [
        True, True, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("status", list(DeliveryStatus))
@pytest.mark.parametrize("step", list(DeliveryStep))
def test_a_delivery_takes_the_steps_of_its_table_and_no_other(status: DeliveryStatus, step: DeliveryStep) -> None:
    one = a_delivery(status=status)
    steps = {
        DeliveryStep.ACCEPT: lambda: one.accept(
            by="b", today=DAY, confirmed_by=Signer.SELF, effect=None, measured=False
        ),
        DeliveryStep.REFUSE: lambda: one.refuse(by="b", today=DAY, fault=DeliveryFault.DEFECTIVE),
        DeliveryStep.VOID: one.void,
    }
    if step not in steps:
        return
    move = DELIVERIES.move(status, step)
    if move is None:
        with pytest.raises(DeliveryStepNotAllowed):
            steps[step]()
    else:
        assert steps[step]().status is move.targets[0]


def test_every_state_of_both_machines_is_reached() -> None:
    assert DELIVERIES.reachable() == set(DeliveryStatus)
    assert SETTLEMENTS.reachable() == set(SettlementStatus)


def test_who_recorded_it_never_accepts_it_and_what_is_measured_says_its_effect() -> None:
    one = a_delivery()
    signed: dict[str, Any] = {"today": DAY, "confirmed_by": Signer.GUARDIAN}
    with pytest.raises(AnotherPersonMustAccept):
        one.accept(by="a", effect=None, measured=False, **signed)
    with pytest.raises(AnotherPersonMustAccept):
        one.refuse(by="a", today=DAY, fault=DeliveryFault.DEFECTIVE)
    with pytest.raises(EffectIsMissing):
        one.accept(by="b", effect=None, measured=True, **signed)
    accepted = one.accept(by="b", effect=DeliveryEffect.EFFECTIVE, measured=True, **signed)
    assert (accepted.status, accepted.version, accepted.decided_by) == (DeliveryStatus.ACCEPTED, 2, "b")


@pytest.mark.parametrize("status", list(SettlementStatus))
@pytest.mark.parametrize("step", list(SettlementStep))
def test_a_settlement_takes_the_steps_of_its_table_reh_25(status: SettlementStatus, step: SettlementStep) -> None:
    """REH-25: drawn up, approved by another person, paid by finance."""
    one = Settlement(settlement_id=uuid7(), programme_id=uuid7(), version=1, status=status, drawn_by="a")
    move = SETTLEMENTS.move(status, step)
    if move is None:
        with pytest.raises(SettlementStepNotAllowed):
            one.take(step, by="b")
        return
    assert one.take(step, by="b").status is move.targets[0]
    if step is SettlementStep.APPROVE:
        with pytest.raises(AnotherPersonMustDecide):
            one.take(step, by="a")
