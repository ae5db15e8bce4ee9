"""A household that moves takes its facts along: who answers for the person now sees and corrects them."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

import pytest

from services.subsidy.adapters import facts
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.errors import FactNotFound
from services.subsidy.domain.person_facts import Fact, FactKind, Revision, Source
from services.subsidy.entrypoints.consumers import SUBSCRIPTIONS
from services.subsidy.use_cases.record_facts import fact_to_change, record_facts, withdraw_fact
from shared.kit.work import Works
from shared.values.division import Scope
from tests.builders.publishers import Registry, deliver

LEFT: Final = Scope.of("341502")
ENTERED: Final = Scope.of("341503")
FACT: Final = UUID("11111111-2222-4333-8444-555555555555")


class Household:
    """One person with a card, whom the civil-affairs bureau knows something about."""

    def __init__(self, subsidy: Works[SubsidyWork]) -> None:
        self._subsidy = subsidy
        self.register = Registry()
        self.person_id = self.register.register("341502001001", on=date(2020, 1, 6))
        self.card = self.register.issue(self.person_id, on=date(2020, 1, 6), until=date(2030, 1, 5))

    async def hears(self) -> None:
        """What the register has said since."""
        await deliver(self._subsidy, SUBSCRIPTIONS[0], self.register.journal.entries)

    async def told(self, within: Scope, *, until: date | None = None) -> Revision:
        """A row of the bureau's list, the same every month."""
        fact = Fact(
            fact_id=FACT,
            person_id=self.person_id,
            kind=FactKind.TEKUN,
            valid_from=date(2026, 3, 1),
            valid_to=until,
            source=Source.CIVIL_AFFAIRS,
        )
        async with self._subsidy.begin() as work:
            (outcome,) = await record_facts([fact], work, within=within)
        assert isinstance(outcome, Revision), outcome
        return outcome

    async def seen(self, within: Scope) -> list[tuple[int, str]]:
        """Its revisions and where they belong, as seen from a place."""
        async with self._subsidy.begin() as work:
            return [
                (each.revision, each.division) for each in await facts.history(work.connection, FACT, within=within)
            ]

    async def withdrawn(self, within: Scope) -> None:
        async with self._subsidy.begin() as work:
            await withdraw_fact(await fact_to_change(FACT, work, within=within), work)


@pytest.fixture
async def household(subsidy: Works[SubsidyWork]) -> Household:
    household = Household(subsidy)
    await household.hears()
    await household.told(LEFT)
    return household


async def moved(household: Household) -> UUID:
    stop_id = household.register.transfer(household.card, to="341503002001", on=date(2026, 6, 10))
    await household.hears()
    return stop_id


async def test_who_answers_for_the_person_now_sees_the_facts_and_who_did_before_does_not(household: Household) -> None:
    await moved(household)
    assert await household.seen(ENTERED) == [(1, "341503002001")]
    assert await household.seen(LEFT) == []


async def test_without_a_move_the_neighbour_sees_nothing(household: Household) -> None:
    assert await household.seen(LEFT) == [(1, "341502001001")]
    assert await household.seen(ENTERED) == []


async def test_the_new_countys_list_names_the_fact_again_and_tells_its_end(household: Household) -> None:
    await moved(household)
    assert (await household.told(ENTERED)).revision == 1, "says what is on record"
    assert (await household.told(ENTERED, until=date(2026, 7, 1))).revision == 2
    assert await household.seen(ENTERED) == [(1, "341503002001"), (2, "341503002001")]


async def test_only_who_answers_for_the_person_now_withdraws_it(household: Household) -> None:
    await moved(household)
    with pytest.raises(FactNotFound):
        await household.withdrawn(LEFT)
    await household.withdrawn(ENTERED)
    assert [revision for revision, _ in await household.seen(ENTERED)] == [1, 2]


async def test_a_move_taken_back_brings_the_facts_back(household: Household) -> None:
    household.register.take_back_transfer(await moved(household))
    await household.hears()
    assert await household.seen(LEFT) == [(1, "341502001001")]
    assert await household.seen(ENTERED) == []
