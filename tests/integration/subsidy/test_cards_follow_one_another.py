"""A card that takes the place of another: what the awards show, and what stands for money (RULES 4.7, SUB-44 to 46)."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.person_facts import FactKind
from services.subsidy.entrypoints.consumers import SUBSCRIPTIONS, sweep_awards
from services.subsidy.use_cases.grant_awards import GrantAward, grant_award
from shared.kit.work import Works
from shared.values.award import Scheme
from shared.values.division import Scope
from tests.builders.publishers import Registry, deliver

FOLLOW: Final = SUBSCRIPTIONS[0]
LAST_DAY: Final = date(2026, 5, 20)
UNTIL: Final = date(2036, 5, 19)


class House:
    """A register, the subsidy service that follows it, and somebody with an award."""

    def __init__(self, subsidy: Works[SubsidyWork]) -> None:
        self._subsidy = subsidy
        self.register = Registry()
        self.person_id = self.register.register("341502001001", on=date(2016, 5, 21))
        self.card = self.register.issue(self.person_id, on=date(2016, 5, 21), until=LAST_DAY)

    async def hears(self) -> None:
        """What the register has said since."""
        await deliver(self._subsidy, FOLLOW, self.register.journal.entries)

    async def grants(self, applied: date) -> None:
        """An award."""
        asked = GrantAward(person_id=self.person_id, scheme=Scheme.NURSING, application_date=applied)
        async with self._subsidy.begin() as work:
            await grant_award(asked, work, within=Scope.everywhere())

    async def found(self, query: str) -> list[tuple[Any, ...]]:
        """Rows about the person, as they are now, and nothing left to mend."""
        async with self._subsidy.begin() as work:
            assert await sweep_awards(work) == 0, "a second look finds nothing else"
            rows = await work.connection.execute(text(query), {"person": self.person_id})
            return [tuple(row) for row in rows]

    async def status(self) -> tuple[str, str | None]:
        """Of the award: its status and the first month no longer due."""
        ((status, month),) = await self.found(
            "SELECT status, effective_month FROM award WHERE person_id = :person AND status <> 'TERMINATED'"
        )
        return status, month


@pytest.fixture
async def house(subsidy: Works[SubsidyWork]) -> House:
    house = House(subsidy)
    await house.hears()
    await house.grants(date(2025, 3, 3))
    return house


async def expired(house: House) -> UUID:
    house.register.expire(house.card)
    await house.hears()
    assert await house.status() == ("SUSPENDED", "2026-06")
    return house.card


@pytest.mark.parametrize("on", [date(2026, 5, 21), date(2026, 5, 31)])
async def test_a_card_renewed_in_the_month_it_expired_takes_the_suspension_back_read_03(house: House, on: date) -> None:
    house.register.renew(await expired(house), on=on, until=UNTIL)
    await house.hears()
    assert await house.status() == ("ACTIVE", None)


async def test_a_card_that_expires_with_a_month_may_be_renewed_the_day_after_read_03(house: House) -> None:
    other = Registry()
    person_id = other.register("341502001001", on=date(2016, 6, 1))
    card = other.issue(person_id, on=date(2016, 6, 1), until=date(2026, 5, 31))
    house.register, house.person_id, house.card = other, person_id, card
    await house.hears()
    await house.grants(date(2025, 3, 3))
    other.expire(card)
    other.renew(card, on=date(2026, 6, 1), until=date(2036, 5, 31))
    await house.hears()
    assert await house.status() == ("ACTIVE", None)


async def test_a_card_renewed_later_leaves_the_award_as_it_is_sub_47(house: House) -> None:
    house.register.renew(await expired(house), on=date(2026, 6, 1), until=UNTIL)
    await house.hears()
    assert await house.status() == ("SUSPENDED", "2026-06")


@pytest.mark.parametrize(
    ("asked_on", "status"), [(LAST_DAY, ("ACTIVE", None)), (date(2026, 5, 21), ("SUSPENDED", "2026-06"))]
)
async def test_a_change_asked_for_by_the_last_valid_day_takes_the_suspension_back_read_05(
    house: House, asked_on: date, status: tuple[str, str | None]
) -> None:
    new = house.register.change(await expired(house), on=date(2026, 8, 3), until=UNTIL, asked_on=asked_on)
    await house.hears()
    assert await house.status() == status
    number = FactKind.REISSUE_REQUEST.number
    standing = f"SELECT fact_id, valid_from FROM spell WHERE person_id = :person AND kind = {number}"
    assert await house.found(standing) == [(new, asked_on)], "for money the request stands, and the engine judges it"


async def test_the_register_told_twice_of_one_request_records_it_once(house: House) -> None:
    house.register.change(await expired(house), on=date(2026, 8, 3), until=UNTIL, asked_on=LAST_DAY)
    await house.hears()
    await house.hears()
    assert len(await house.found("SELECT revision FROM fact WHERE person_id = :person")) == 1


async def test_a_change_done_while_the_old_card_is_valid_needs_no_request(house: House) -> None:
    house.register.change(house.card, on=date(2026, 2, 2), until=UNTIL, asked_on=date(2026, 1, 5))
    await house.hears()
    assert await house.found("SELECT revision FROM fact WHERE person_id = :person") == []


async def test_a_replacement_keeps_the_freezes_of_the_card_that_was_lost_sub_46(house: House) -> None:
    stop_id = house.register.freeze(house.card, on=date(2025, 6, 9))
    house.register.unfreeze(stop_id, on=date(2025, 8, 4))
    new = house.register.replace(house.card)
    await house.hears()
    assert await house.status() == ("SUSPENDED", "2025-07"), "what is over was true: only a new application helps"
    held = "SELECT certificate_id FROM held_card WHERE person_id = :person AND known_to = 'infinity'"
    assert [row[0] for row in await house.found(held)] == [new], "one card of an issue is held"
    frozen = "SELECT fact_id FROM spell WHERE person_id = :person AND known_to = 'infinity' AND valid_to = '2025-08-04'"
    assert await house.found(frozen) == [(stop_id,)], "months the freeze stopped stay stopped"


async def test_a_replacement_is_frozen_and_cancelled_like_any_card(house: House) -> None:
    new = house.register.replace(house.card)
    await house.hears()
    assert await house.status() == ("ACTIVE", None)
    house.register.cancel(new, on=date(2025, 9, 9))
    await house.hears()
    assert await house.status() == ("SUSPENDED", "2025-10")
    gone = "SELECT cancelled_on FROM held_card WHERE person_id = :person AND known_to = 'infinity'"
    assert await house.found(gone) == [(date(2025, 9, 9),)]


async def test_a_wrong_card_cancelled_and_issued_anew_the_same_day_says_nothing_of_the_new_one(house: House) -> None:
    other = Registry()
    person_id = other.register("341502001001", on=date(2024, 2, 1))
    wrong = other.issue(person_id, on=date(2024, 2, 1), until=date(2034, 1, 31))
    other.cancel(wrong, on=date(2024, 2, 1))
    other.issue(person_id, on=date(2024, 2, 1), until=date(2034, 1, 31))
    house.register, house.person_id = other, person_id
    await house.hears()
    await house.grants(date(2024, 2, 20))
    assert await house.status() == ("ACTIVE", None)
    assert await house.found("SELECT fact_id FROM spell WHERE person_id = :person AND known_to = 'infinity'") == []
