"""From when until when, and where: each rule on one history, with its twin. Real PostgreSQL, real subscriptions."""

from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import text

from services.indicators.domain.definition import Source
from services.indicators.entrypoints.consumers import SUBSCRIPTIONS
from shared.contracts.registry import StopState
from shared.contracts.rehab import CaseState
from shared.kit.consumer import adopt
from shared.values.award import Scheme
from shared.values.certificate import CertificateStatus
from shared.values.division import Level
from tests.builders.publishers import again, deliver
from tests.integration.indicators.world import BY_NAME, World

JINAN, JINAN_2, YUAN, HEFEI = "341502001001", "341502002001", "341503001004", "340104001001"
JAN_1, UNTIL = date(2026, 1, 1), date(2035, 12, 31)


def a_holder(world: World, division: str = JINAN) -> tuple[UUID, UUID]:
    """A person with a certificate."""
    person_id = world.registry.register(division, on=JAN_1)
    return person_id, world.registry.issue(person_id, on=date(2026, 2, 10), until=UNTIL)


# --- persons


async def test_a_person_counts_from_the_day_of_registration(world: World) -> None:
    person_id = world.registry.register(JINAN, on=date(2026, 3, 31))
    await world.hear()
    assert await world.spells_of(person_id) == [(date(2026, 3, 31), None, JINAN)]
    assert [await world.count("persons", "3415", month) for month in ("2026-02", "2026-03")] == [0, 1]


async def test_the_day_of_death_still_counts_and_the_next_does_not(world: World) -> None:
    person_id = world.registry.register(JINAN, on=JAN_1)
    world.registry.die(person_id, on=date(2026, 4, 30))
    await world.hear()
    assert await world.series("persons", "3415", "2026-03", "2026-05") == [1, 1, 0]


async def test_a_withdrawn_death_is_as_if_it_had_never_been(world: World) -> None:
    person_id, certificate_id = a_holder(world)
    await world.hear()
    before = await world.spells()
    death = world.registry.die(person_id, on=date(2026, 4, 12))
    await world.hear()
    assert await world.spells_of(certificate_id) == [(date(2026, 2, 10), date(2026, 4, 13), JINAN)]
    world.registry.retract(death)
    await world.hear()
    assert await world.spells() == before


async def test_somebody_registered_after_their_death_never_counted(world: World) -> None:
    person_id = world.registry.register(JINAN, on=date(2026, 6, 1))
    world.registry.die(person_id, on=date(2026, 5, 1))
    await world.hear()
    assert [row[0] for row in await world.spells()] == ["stop"]


# --- certificates


async def test_a_certificate_counts_on_the_day_it_is_cancelled_and_not_after(world: World) -> None:
    """READ-04."""
    _, certificate_id = a_holder(world)
    world.registry.cancel(certificate_id, on=date(2026, 5, 31))
    await world.hear()
    assert await world.series("certificates", "3415", "2026-04", "2026-06") == [1, 1, 0]
    assert await world.series("certificates_ended", "3415", "2026-04", "2026-06") == [0, 1, 0]


async def test_a_certificate_ends_with_its_last_valid_day_without_any_event(world: World) -> None:
    person_id = world.registry.register(JINAN, on=JAN_1)
    world.registry.issue(person_id, on=JAN_1, until=date(2026, 7, 31))
    await world.hear()
    assert await world.series("certificates", "3415", "2026-07", "2026-08") == [1, 0]
    assert await world.series("certificates_ended", "3415", "2026-07", "2026-08") == [1, 0]


async def test_an_expiry_that_lies_ahead_in_the_running_month_is_not_counted_as_an_end_yet(world: World) -> None:
    person_id = world.registry.register(JINAN, on=JAN_1)
    world.registry.issue(person_id, on=JAN_1, until=date(2026, 11, 28))
    await world.hear()
    assert await world.count("certificates_ended", "3415", "2026-11") == 0
    assert await world.count("certificates", "3415", "2026-11") == 1


async def test_an_unfrozen_certificate_leaves_a_gap(world: World) -> None:
    """SUB-47: the freeze was true while it lasted."""
    _, certificate_id = a_holder(world)
    stop_id = world.registry.freeze(certificate_id, on=date(2026, 3, 10))
    world.registry.unfreeze(stop_id, on=date(2026, 6, 20))
    await world.hear()
    assert await world.spells_of(certificate_id) == [
        (date(2026, 2, 10), date(2026, 3, 11), JINAN),
        (date(2026, 6, 20), date(2036, 1, 1), JINAN),
    ]


async def test_a_freeze_lifted_on_the_next_day_leaves_none(world: World) -> None:
    _, certificate_id = a_holder(world)
    world.registry.unfreeze(world.registry.freeze(certificate_id, on=date(2026, 3, 10)), on=date(2026, 3, 11))
    await world.hear()
    assert len(await world.spells_of(certificate_id)) == 1


async def test_a_reinstated_certificate_was_valid_all_along(world: World) -> None:
    _, certificate_id = a_holder(world)
    await world.hear()
    before = await world.spells()
    stop_id = world.registry.cancel(certificate_id, on=date(2026, 5, 31))
    await world.hear()
    world.registry.reinstate(stop_id)
    await world.hear()
    assert await world.spells() == before


async def test_a_cancellation_withdrawn_during_a_freeze_leaves_it_frozen(world: World) -> None:
    _, certificate_id = a_holder(world)
    world.registry.freeze(certificate_id, on=date(2026, 3, 10))
    world.registry.reinstate(world.registry.cancel(certificate_id, on=date(2026, 5, 31)))
    await world.hear()
    assert await world.spells_of(certificate_id) == [(date(2026, 2, 10), date(2026, 3, 11), JINAN)]


async def test_a_superseded_certificate_counts_until_the_new_one_is_issued(world: World) -> None:
    person_id, old = a_holder(world)
    new = world.registry.issue(person_id, on=date(2026, 8, 1), until=date(2036, 8, 1))
    superseded = world.registry.certificates[old].model_copy(
        update={"status": CertificateStatus.SUPERSEDED, "version": 9}
    )
    await world.hear()
    async with world.works.begin() as work:
        await adopt(work, BY_NAME["registry"], type(superseded), [superseded])
    assert await world.spells_of(old) == [(date(2026, 2, 10), date(2026, 8, 1), JINAN)]
    assert await world.spells_of(new) == [(date(2026, 8, 1), date(2036, 8, 2), JINAN)]


# --- moves


async def test_a_move_splits_person_and_certificate_on_its_own_date(world: World) -> None:
    """RU-05, READ-09: the county responsible on the reference date, whenever the move became known."""
    person_id, certificate_id = a_holder(world)
    world.registry.transfer(certificate_id, to=YUAN, on=date(2026, 5, 12))
    await world.hear()
    assert await world.spells_of(person_id) == [(JAN_1, date(2026, 5, 12), JINAN), (date(2026, 5, 12), None, YUAN)]
    assert await world.series("certificates", "341502", "2026-04", "2026-05") == [1, 0]
    assert await world.series("certificates", "341503", "2026-04", "2026-05") == [0, 1]
    assert await world.series("certificates", "3415", "2026-04", "2026-05") == [1, 1]


async def test_a_move_is_no_end(world: World) -> None:
    _, certificate_id = a_holder(world)
    world.registry.transfer(certificate_id, to=YUAN, on=date(2026, 5, 12))
    await world.hear()
    assert await world.count("certificates_ended", "3415", "2026-05") == 0


async def test_a_withdrawn_move_is_as_if_it_had_never_been(world: World) -> None:
    _, certificate_id = a_holder(world)
    await world.hear()
    before = await world.spells()
    stop_id = world.registry.transfer(certificate_id, to=YUAN, on=date(2026, 5, 12))
    await world.hear()
    world.registry.take_back_transfer(stop_id)
    await world.hear()
    assert await world.spells() == before


async def test_a_move_recorded_later_wins_from_its_own_date_on(world: World) -> None:
    person_id, certificate_id = a_holder(world)
    world.registry.transfer(certificate_id, to=YUAN, on=date(2026, 6, 1))
    world.registry.transfer(certificate_id, to=HEFEI, on=date(2026, 4, 1))
    await world.hear()
    assert await world.spells_of(person_id) == [(JAN_1, date(2026, 4, 1), JINAN), (date(2026, 4, 1), None, HEFEI)]


async def test_figures_of_counties_add_up_to_their_prefecture(world: World) -> None:
    """RU-01, invariant 5 of RULES 12: the same definition at every level."""
    for division in (JINAN, JINAN, JINAN_2, YUAN, HEFEI):
        a_holder(world, division)
    await world.hear()
    assert await world.by_place("persons", "3415", "2026-06", Level.COUNTY) == {"341502": 3, "341503": 1}
    assert await world.by_place("persons", "3415", "2026-06", Level.TOWNSHIP) == {
        "341502001": 2,
        "341502002": 1,
        "341503001": 1,
    }
    assert await world.count("persons", "3415", "2026-06") == 4
    assert await world.count("persons", "*", "2026-06") == 5


async def test_somebody_known_at_county_level_only_counts_for_no_township(world: World) -> None:
    world.registry.register("341502", on=JAN_1)
    await world.hear()
    assert await world.count("persons", "341502", "2026-06") == 1
    assert await world.by_place("persons", "341502", "2026-06", Level.TOWNSHIP) == {}


# --- awards


async def test_an_award_counts_by_whole_months(world: World) -> None:
    """SUB-35 from the month of application; SUB-38 the month of the event is still due."""
    person_id, _ = a_holder(world)
    award_id = world.subsidy.grant(person_id, JINAN, Scheme.NURSING, month="2026-03")
    world.subsidy.suspend(award_id, from_month="2026-07")
    await world.hear()
    assert await world.series("awards", "3415", "2026-02", "2026-07") == [0, 1, 1, 1, 1, 0]
    assert await world.series("awards_ended", "3415", "2026-02", "2026-07") == [0, 0, 0, 0, 1, 0]


async def test_a_stop_of_this_month_is_seen_at_once_among_the_ending_ones(world: World) -> None:
    award_id = world.subsidy.grant(a_holder(world)[0], JINAN, Scheme.NURSING, month="2026-03")
    world.subsidy.suspend(award_id, from_month="2026-12")
    await world.hear()
    assert await world.count("awards", "3415", "2026-11") == 1, "November is still due"
    assert await world.count("awards_ended", "3415", "2026-11") == 1


async def test_a_resumed_award_was_due_all_along(world: World) -> None:
    award_id = world.subsidy.grant(a_holder(world)[0], JINAN, Scheme.NURSING, month="2026-03")
    await world.hear()
    before = await world.spells()
    world.subsidy.suspend(award_id, from_month="2026-05")
    await world.hear()
    assert await world.count("awards", "3415", "2026-06") == 0
    world.subsidy.resume(award_id)
    await world.hear()
    assert await world.spells() == before


async def test_an_award_stopped_before_it_began_never_counted(world: World) -> None:
    award_id = world.subsidy.grant(a_holder(world)[0], JINAN, Scheme.NURSING, month="2026-03")
    world.subsidy.suspend(award_id, from_month="2026-03")
    await world.hear("subsidy")
    assert await world.spells() == []


async def test_a_person_with_two_awards_is_one_recipient_at_every_level(world: World) -> None:
    """RU-02: once at the prefecture, once in each county."""
    person_id, _ = a_holder(world)
    world.subsidy.grant(person_id, JINAN, Scheme.NURSING, month="2026-03")
    world.subsidy.grant(person_id, YUAN, Scheme.LIVING, month="2026-04")
    await world.hear()
    assert await world.count("awards", "3415", "2026-04") == 2
    assert await world.count("award_recipients", "3415", "2026-04") == 1
    assert await world.by_place("award_recipients", "3415", "2026-04", Level.COUNTY) == {"341502": 1, "341503": 1}
    assert await world.series("award_recipients", "3415", "2026-02", "2026-05") == [0, 1, 1, 1]


# --- rehabilitation cases


async def test_a_case_counts_until_the_day_before_it_is_closed(world: World) -> None:
    case_id = world.rehab.open(a_holder(world)[0], JINAN, on=date(2026, 3, 31))
    world.rehab.close(case_id, on=date(2026, 5, 31))
    await world.hear()
    assert await world.series("rehab_cases", "3415", "2026-02", "2026-05") == [0, 1, 1, 0]


async def test_a_reopened_case_was_open_all_along(world: World) -> None:
    case_id = world.rehab.open(a_holder(world)[0], JINAN, on=date(2026, 3, 31))
    world.rehab.close(case_id, on=date(2026, 5, 31))
    world.rehab.reopen(case_id)
    await world.hear()
    assert await world.spells_of(case_id) == [(date(2026, 3, 31), None, JINAN)]


async def test_a_case_handed_over_counts_for_the_new_county_from_that_civil_day_on(world: World) -> None:
    """RU-05, in Shanghai time: half past four in the afternoon of 30 June UTC is 1 July."""
    case_id = world.rehab.open(a_holder(world)[0], JINAN, on=date(2026, 3, 31))
    world.rehab.hand_over(case_id, to=YUAN, at=datetime(2026, 6, 30, 16, 30, tzinfo=UTC))
    await world.hear()
    assert await world.spells_of(case_id) == [
        (date(2026, 3, 31), date(2026, 7, 1), JINAN),
        (date(2026, 7, 1), None, YUAN),
    ]


async def test_a_handover_that_came_by_a_repair_has_no_date_and_moves_the_whole_case(world: World) -> None:
    case_id = world.rehab.open(a_holder(world)[0], JINAN, on=date(2026, 3, 31))
    await world.hear()
    world.rehab.hand_over(case_id, to=YUAN, at=datetime(2026, 6, 30, 16, 30, tzinfo=UTC))
    async with world.works.begin() as work:
        await adopt(work, BY_NAME["rehab"], CaseState, [world.rehab.cases[case_id]])
    assert await world.spells_of(case_id) == [(date(2026, 3, 31), None, YUAN)]


# --- however it came


async def test_duplicates_change_nothing(world: World) -> None:
    _, certificate_id = a_holder(world)
    world.registry.cancel(certificate_id, on=date(2026, 5, 31))
    await world.hear()
    before = await world.spells()
    await deliver(world.works, BY_NAME["registry"], [again(entry) for entry in world.said("registry")])
    assert await world.spells() == before


async def test_the_order_in_which_publishers_are_heard_does_not_matter(world: World) -> None:
    person_id, _ = a_holder(world)
    world.subsidy.grant(person_id, JINAN, Scheme.NURSING, month="2026-03")
    world.rehab.open(person_id, JINAN, on=date(2026, 3, 1))
    await world.hear("rehab", "subsidy", "registry")
    backwards = await world.spells()
    for publisher in BY_NAME:
        await world.replay(publisher, limit=1)
    assert await world.spells() == backwards


async def test_forgetting_one_publisher_leaves_the_others_alone(world: World) -> None:
    person_id, _ = a_holder(world)
    world.subsidy.grant(person_id, JINAN, Scheme.NURSING, month="2026-03")
    await world.hear()
    async with world.works.begin() as work:
        await BY_NAME["registry"].forget(work)
    assert [row[0] for row in await world.spells()] == ["award"]


async def test_a_repair_has_the_effect_of_the_event_it_replaces(world: World) -> None:
    person_id, certificate_id = a_holder(world)
    await world.hear()
    stop_id = world.registry.cancel(certificate_id, on=date(2026, 5, 31))
    async with world.works.begin() as work:
        await adopt(work, BY_NAME["registry"], StopState, [world.registry.stops[stop_id]])
    assert await world.spells_of(certificate_id) == [(date(2026, 2, 10), date(2026, 6, 1), JINAN)]
    assert await world.spells_of(person_id) == [(JAN_1, None, JINAN)]


async def test_the_second_look_mends_what_somebody_changed_and_is_quiet_afterwards(world: World) -> None:
    for _ in range(3):
        a_holder(world)
    await world.hear()
    before = await world.spells()
    async with world.works.begin() as work:
        await work.connection.execute(text("UPDATE spell SET division = '110101' WHERE kind = 'person'"))
        await work.connection.execute(text("DELETE FROM spell WHERE kind = 'certificate'"))
    assert await world.look_again() == 6
    assert await world.spells() == before
    assert await world.look_again() == 0


async def test_the_second_look_goes_round(world: World) -> None:
    persons = [a_holder(world)[0] for _ in range(5)]
    await world.hear()
    seen: list[UUID] = []
    async with world.works.begin() as work:
        for _ in range(3):
            seen += await work.spells.next_persons(Source.REGISTRY, 2)
        assert await work.spells.next_persons(Source.REGISTRY, 2) == sorted(persons)[:2]
    assert seen == sorted(persons)


async def test_every_published_relation_is_copied() -> None:
    assert {state.relation for each in SUBSCRIPTIONS for state in each.states} == {
        "registry.person",
        "registry.certificate",
        "registry.stop",
        "registry.merge",
        "subsidy.award",
        "rehab.case",
    }
