"""What the definitions count, each by a case that counts and one that does not."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from shared.values.award import Scheme
from tests.integration.indicators.world import World

JINAN, YUAN, HEFEI = "341502001001", "341503001004", "340104001001"
FAR = date(2036, 1, 1)


def a_holder(world: World, division: str = JINAN, *, grade: int = 3) -> tuple[UUID, UUID]:
    person_id = world.registry.register(division, on=date(2026, 1, 5))
    return person_id, world.registry.issue(person_id, on=date(2026, 2, 10), until=FAR, grade=grade)


@pytest.mark.parametrize(
    ("period", "issued"), [("2026-02", 1), ("2026-03", 0), ("2026-Q1", 1), ("2026-Q2", 0), ("2026-H1", 1), ("2026", 1)]
)
async def test_what_began_is_counted_once_in_its_month_quarter_half_and_year(
    world: World, period: str, issued: int
) -> None:
    """KPI-34, RU-07."""
    _, certificate_id = a_holder(world)
    freeze = world.registry.freeze(certificate_id, on=date(2026, 4, 10))
    world.registry.unfreeze(freeze, on=date(2026, 6, 20))
    await world.hear()
    assert await world.count("certificates_issued", "3415", period) == issued


async def test_matters_are_counted_by_their_day_where_they_happened_unless_taken_back(world: World) -> None:
    """KPI-34."""
    _, cancelled = a_holder(world)
    _, reinstated = a_holder(world)
    _, moved = a_holder(world)
    world.registry.cancel(cancelled, on=date(2026, 5, 3))
    world.registry.reinstate(world.registry.cancel(reinstated, on=date(2026, 5, 4)))
    world.registry.transfer(moved, to=YUAN, on=date(2026, 5, 5))
    await world.hear()
    assert await world.count("certificates_cancelled", "3415", "2026-05") == 1
    assert await world.count("certificates_cancelled", "3415", "2026-06") == 0
    assert await world.by_place("certificates_transferred", "3415", "2026-05") == {"3415": 1}
    assert await world.count("certificates_transferred", "341503", "2026-05") == 0
    assert await world.count("certificates_frozen", "3415", "2026") == 0


async def test_grades_and_schemes_are_told_apart(world: World) -> None:
    for grade, scheme in ((1, Scheme.NURSING), (2, Scheme.LIVING), (3, Scheme.LIVING), (4, None)):
        person_id, _ = a_holder(world, grade=grade)
        if scheme is not None:
            world.subsidy.grant(person_id, JINAN, scheme, month="2026-03")
    await world.hear()
    counted = {
        code: await world.count(code, "3415", "2026-06")
        for code in (
            "holders",
            "severe_holders",
            "moderate_or_severe_holders",
            "living_recipients",
            "nursing_recipients",
        )
    }
    assert [*counted.values()] == [4, 2, 3, 2, 1]


async def test_an_award_that_goes_on_after_a_stop_is_missed_from_the_following_month(world: World) -> None:
    """KPI-20, SUB-38: the month of the stop itself is still due."""
    person_id, certificate_id = a_holder(world)
    award_id = world.subsidy.grant(person_id, JINAN, Scheme.NURSING, month="2026-03")
    stop_id = world.registry.cancel(certificate_id, on=date(2026, 5, 31))
    await world.hear()
    assert await world.series("stop_missed", "3415", "2026-04", "2026-07") == [0, 0, 1, 1]
    world.subsidy.suspend(award_id, from_month="2026-06")
    await world.hear()
    assert await world.series("stop_missed", "3415", "2026-04", "2026-07") == [0, 0, 0, 0]
    world.subsidy.resume(award_id)
    world.registry.reinstate(stop_id)
    await world.hear()
    assert await world.series("stop_missed", "3415", "2026-04", "2026-07") == [0, 0, 0, 0]


async def test_an_award_granted_after_a_stop_is_not_missed(world: World) -> None:
    """KPI-20: a new card, a new application: what was before it is no reason against it."""
    person_id, certificate_id = a_holder(world)
    world.registry.cancel(certificate_id, on=date(2026, 3, 31))
    world.subsidy.grant(person_id, JINAN, Scheme.NURSING, month="2026-05")
    await world.hear()
    assert await world.count("stop_missed", "3415", "2026-08") == 0


async def test_a_household_that_moved_counts_where_it_was_responsible_on_the_reference_date(world: World) -> None:
    """RU-05: also where no certificate is transferred, and where the division itself was changed."""
    moved, _ = a_holder(world)
    followed, certificate_id = a_holder(world)
    at = datetime(2026, 6, 29, 16, 30, tzinfo=UTC)  # the 30th in Shanghai
    world.registry.move(moved, to=YUAN, at=at)
    world.registry.move(followed, to=YUAN, at=at, certificate_id=certificate_id)
    await world.hear()
    assert await world.series("persons", "341502", "2026-05", "2026-07") == [2, 0, 0]
    assert await world.series("certificates", "341503", "2026-05", "2026-07") == [0, 1, 1]
    before = await world.spells()
    await world.replay("registry", limit=2)
    assert await world.spells() == before


async def test_merged_records_count_as_one_person_until_the_merge_is_undone(world: World) -> None:
    """RU-02, along a chain of merges."""
    first, second, third = (a_holder(world, each)[0] for each in (JINAN, YUAN, YUAN))
    world.subsidy.grant(first, JINAN, Scheme.NURSING, month="2026-03")
    world.subsidy.grant(third, YUAN, Scheme.LIVING, month="2026-03")
    world.registry.merge(second, third, on=date(2026, 5, 1))
    undone = world.registry.merge(first, second, on=date(2026, 6, 1))
    await world.hear()
    for code, merged, apart in (("persons", 1, 2), ("holders", 1, 2), ("award_recipients", 1, 2)):
        assert await world.count(code, "3415", "2026-08") == merged, code
        world.registry.unmerge(undone)
        await world.hear()
        assert await world.count(code, "3415", "2026-08") == apart, code
        world.registry.merge(first, second, on=date(2026, 6, 1))
        await world.hear()
        undone = [*world.registry.merges][-1]
    assert await world.count("certificates", "3415", "2026-08") == 3


async def test_persons_with_a_record_are_cumulative_and_those_in_the_period_are_not(world: World) -> None:
    """RU-03, KPI-38."""
    person_id, _ = a_holder(world)
    case_id = world.rehab.open(person_id, JINAN, on=date(2026, 3, 3))
    world.rehab.close(case_id, on=date(2026, 4, 4))
    award_id = world.subsidy.grant(person_id, JINAN, Scheme.NURSING, month="2026-04")
    world.subsidy.suspend(award_id, from_month="2026-06")
    await world.hear()
    assert await world.series("rehab_persons", "3415", "2026-02", "2026-06") == [0, 1, 1, 1, 1]
    assert [await world.count("recipients_in_period", "3415", each) for each in ("2026-Q1", "2026-Q2", "2026-Q3")] == [
        0, 1, 0,
    ]  # fmt: skip
    assert await world.count("award_recipients", "3415", "2026-Q2") == 0
