"""RULES 7.6: what the register announces, cases follow. Real PostgreSQL, the real subscription."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.rehab.adapters import queries
from services.rehab.adapters.work import RehabWork
from services.rehab.domain.case import Case, CaseFlag, ClosingReason, TransferDecision
from services.rehab.domain.errors import CaseExists, CaseNotFound, CaseStepNotAllowed, PersonHasDied, PersonNotKnown
from services.rehab.entrypoints.consumers import SUBSCRIPTIONS, sweep_cases
from services.rehab.entrypoints.jobs import count_cases
from services.rehab.metrics import OPEN_CASES, OVERDUE_CASES, UNDECIDED_TRANSFERS
from services.rehab.use_cases.close_case import close_case, load
from services.rehab.use_cases.decide_transfer import decide_transfer
from services.rehab.use_cases.open_case import OpenCase, open_case
from services.rehab.use_cases.ports import WHOLE
from shared.contracts.registry import StopState
from shared.kit import journal, mirror
from shared.kit.consumer import adopt
from shared.kit.work import Works
from shared.values.division import Scope
from shared.values.rehab_case import CaseStatus
from tests.builders.publishers import Registry, again, deliver

EVERYWHERE = Scope.everywhere()
JINAN, YUAN = "341502001001", "341503001004"
REGISTERED, OPENED = date(2026, 1, 5), date(2026, 2, 1)

RehabWorks = Works[RehabWork]
Hear = Callable[[], Awaitable[None]]


async def a_case(works: RehabWorks, person_id: UUID, *, within: Scope = EVERYWHERE) -> Case:
    async with works.begin() as work:
        return await open_case(OpenCase(person_id=person_id, opened_on=OPENED), work, within=within)


async def seen(works: RehabWorks, case_id: UUID) -> Case:
    async with works.begin() as work:
        case = await queries.case_by_id(work.connection, case_id, within=EVERYWHERE, sight=WHOLE)
    assert case is not None
    return case


async def history(works: RehabWorks, case_id: UUID) -> list[str]:
    async with works.begin() as work:
        return [step["happened"] for step in await queries.steps_of(work.connection, case_id, within=EVERYWHERE)]


async def said(works: RehabWorks, person_id: UUID) -> list[str]:
    async with works.snapshot() as connection:
        entries = await journal.read(connection, after=0, limit=10_000)
    return [entry.type.split(".")[2] for entry in entries if entry.aggregate_id == person_id]


@pytest.fixture
async def someone(registry: Registry, hear: Hear) -> UUID:
    person_id = registry.register(JINAN, on=REGISTERED)
    await hear()
    return person_id


# --- opening


async def test_a_case_is_opened_where_the_person_belongs(works: RehabWorks, someone: UUID) -> None:
    case = await a_case(works, someone)
    assert (case.division.code, case.status, case.opened_on) == (JINAN, CaseStatus.NEED_REGISTERED, OPENED)
    assert await history(works, case.case_id) == ["OPENED"]
    assert await said(works, someone) == ["opened"]


async def test_a_person_the_register_has_not_announced_is_refused(works: RehabWorks) -> None:
    with pytest.raises(PersonNotKnown):
        await a_case(works, uuid7())


async def test_a_person_outside_the_scope_is_as_good_as_unknown(works: RehabWorks, someone: UUID) -> None:
    with pytest.raises(PersonNotKnown):
        await a_case(works, someone, within=Scope.of("341503"))


async def test_a_dead_person_is_refused(works: RehabWorks, registry: Registry, hear: Hear, someone: UUID) -> None:
    registry.die(someone, on=date(2026, 1, 20))
    await hear()
    with pytest.raises(PersonHasDied) as refusal:
        await a_case(works, someone)
    assert refusal.value.facts == {"died_on": "2026-01-20"}


async def test_a_second_open_case_is_refused_and_a_later_one_is_linked(works: RehabWorks, someone: UUID) -> None:
    first = await a_case(works, someone)
    with pytest.raises(CaseExists):
        await a_case(works, someone)
    async with works.begin() as work:
        subject = await load(first.case_id, work, within=EVERYWHERE, sight=WHOLE)
        await close_case(subject, work, reason=ClosingReason.GOAL_REACHED, closed_on=date(2026, 3, 1))
    assert (await a_case(works, someone)).previous_case_id == first.case_id


# --- a death


async def test_a_death_closes_the_case_on_the_day_of_death(
    works: RehabWorks, registry: Registry, hear: Hear, someone: UUID
) -> None:
    case = await a_case(works, someone)
    death = registry.die(someone, on=date(2026, 5, 17))
    await hear()
    closed = await seen(works, case.case_id)
    assert (closed.status, closed.closing_reason, closed.closed_on) == (
        CaseStatus.CLOSED,
        ClosingReason.DIED,
        date(2026, 5, 17),
    )
    assert closed.cause_id == death
    assert await said(works, someone) == ["opened", "closed"]


async def test_the_step_leads_back_to_the_request_that_reported_the_death(
    works: RehabWorks, registry: Registry, hear: Hear, someone: UUID
) -> None:
    case = await a_case(works, someone)
    death = registry.die(someone, on=date(2026, 5, 17))
    await hear()
    async with works.begin() as work:
        step = (await queries.steps_of(work.connection, case.case_id, within=EVERYWHERE))[-1]
    reported = registry.journal.entries[-1]
    assert (step["cause_id"], step["trace_id"], step["recorded_by"]) == (death, reported.trace_id, "registry")


async def test_a_withdrawn_death_reopens_what_it_closed(
    works: RehabWorks, registry: Registry, hear: Hear, someone: UUID
) -> None:
    case = await a_case(works, someone)
    death = registry.die(someone, on=date(2026, 5, 17))
    await hear()
    registry.retract(death)
    await hear()
    assert await seen(works, case.case_id) == Case(
        case_id=case.case_id,
        person_id=someone,
        version=3,
        division=case.division,
        status=CaseStatus.NEED_REGISTERED,
        opened_on=OPENED,
    )
    assert await history(works, case.case_id) == ["OPENED", "CLOSED", "REOPENED"]
    assert await said(works, someone) == ["opened", "closed", "reopened"]


async def test_a_withdrawn_death_reopens_nothing_that_people_closed(
    works: RehabWorks, registry: Registry, hear: Hear, someone: UUID
) -> None:
    case = await a_case(works, someone)
    async with works.begin() as work:
        subject = await load(case.case_id, work, within=EVERYWHERE, sight=WHOLE)
        await close_case(subject, work, reason=ClosingReason.REFUSED, closed_on=date(2026, 4, 1))
    registry.retract(registry.die(someone, on=date(2026, 5, 17)))
    await hear()
    closed = await seen(works, case.case_id)
    assert (closed.closing_reason, closed.closed_on) == (ClosingReason.REFUSED, date(2026, 4, 1))
    assert await said(works, someone) == ["opened", "closed"]


async def test_a_death_and_its_withdrawal_in_one_batch_are_two_steps(
    works: RehabWorks, registry: Registry, hear: Hear, someone: UUID
) -> None:
    case = await a_case(works, someone)
    registry.retract(registry.die(someone, on=date(2026, 5, 17)))
    await hear()
    assert await history(works, case.case_id) == ["OPENED", "CLOSED", "REOPENED"]


async def test_a_duplicate_changes_nothing(works: RehabWorks, registry: Registry, hear: Hear, someone: UUID) -> None:
    case = await a_case(works, someone)
    registry.die(someone, on=date(2026, 5, 17))
    await hear()
    await deliver(works, SUBSCRIPTIONS[0], [again(registry.journal.entries[-1])])
    assert (await seen(works, case.case_id)).version == 2
    assert await said(works, someone) == ["opened", "closed"]


async def test_cases_of_other_persons_are_left_alone(
    works: RehabWorks, registry: Registry, hear: Hear, someone: UUID
) -> None:
    other = registry.register(JINAN, on=REGISTERED)
    await hear()
    case = await a_case(works, other)
    registry.die(someone, on=date(2026, 5, 17))
    await hear()
    assert await seen(works, case.case_id) == case


# --- a move


@pytest.fixture
async def mover(works: RehabWorks, registry: Registry, hear: Hear, someone: UUID) -> tuple[Case, UUID]:
    """A case whose person holds a certificate that can follow them."""
    certificate_id = registry.issue(someone, on=date(2026, 1, 6), until=date(2036, 1, 6))
    await hear()
    return await a_case(works, someone), certificate_id


async def test_a_move_flags_the_case_and_leaves_it_where_it_is(
    works: RehabWorks, registry: Registry, hear: Hear, mover: tuple[Case, UUID]
) -> None:
    case, certificate_id = mover
    stop_id = registry.transfer(certificate_id, to=YUAN, on=date(2026, 5, 1))
    await hear()
    flagged = await seen(works, case.case_id)
    assert (flagged.flag, flagged.transfer_id, flagged.division.code) == (CaseFlag.TRANSFERRED, stop_id, JINAN)
    assert await said(works, case.person_id) == ["opened", "flagged"]


async def test_handing_over_moves_the_case_and_lifts_the_flag(
    works: RehabWorks, registry: Registry, hear: Hear, mover: tuple[Case, UUID]
) -> None:
    case, certificate_id = mover
    registry.transfer(certificate_id, to=YUAN, on=date(2026, 5, 1))
    await hear()
    async with works.begin() as work:
        subject = await load(case.case_id, work, within=EVERYWHERE, sight=WHOLE)
        await decide_transfer(subject, work, decision=TransferDecision.MOVE)
    async with works.begin() as work:
        assert await sweep_cases(work) == 0, "a decided move does not come back"
    moved = await seen(works, case.case_id)
    assert (moved.flag, moved.division.code, moved.status) == (None, YUAN, CaseStatus.NEED_REGISTERED)
    assert await history(works, case.case_id) == ["OPENED", "FLAGGED", "MOVED"]


async def test_closing_instead_ends_the_case_with_reason_moved(
    works: RehabWorks, registry: Registry, hear: Hear, mover: tuple[Case, UUID]
) -> None:
    case, certificate_id = mover
    registry.transfer(certificate_id, to=YUAN, on=date(2026, 5, 1))
    await hear()
    async with works.begin() as work:
        subject = await load(case.case_id, work, within=Scope.of("341502"), sight=WHOLE)
        await decide_transfer(subject, work, decision=TransferDecision.CLOSE)
    closed = await seen(works, case.case_id)
    assert (closed.closing_reason, closed.flag, closed.division.code) == (ClosingReason.MOVED, None, JINAN)
    assert await said(works, case.person_id) == ["opened", "flagged", "closed"]


async def test_without_a_move_there_is_nothing_to_decide(works: RehabWorks, mover: tuple[Case, UUID]) -> None:
    case, _ = mover
    async with works.begin() as work:
        subject = await load(case.case_id, work, within=EVERYWHERE, sight=WHOLE)
        with pytest.raises(CaseStepNotAllowed) as refusal:
            await decide_transfer(subject, work, decision=TransferDecision.MOVE)
    assert refusal.value.facts["allowed"] == ["check", "close"]


async def test_a_withdrawn_move_lifts_the_flag(
    works: RehabWorks, registry: Registry, hear: Hear, mover: tuple[Case, UUID]
) -> None:
    case, certificate_id = mover
    stop_id = registry.transfer(certificate_id, to=YUAN, on=date(2026, 5, 1))
    await hear()
    registry.take_back_transfer(stop_id)
    await hear()
    assert (await seen(works, case.case_id)).flag is None
    assert await history(works, case.case_id) == ["OPENED", "FLAGGED", "UNFLAGGED"]


async def test_moving_back_needs_no_decision(
    works: RehabWorks, registry: Registry, hear: Hear, mover: tuple[Case, UUID]
) -> None:
    case, certificate_id = mover
    registry.transfer(certificate_id, to=YUAN, on=date(2026, 5, 1))
    registry.transfer(certificate_id, to=JINAN, on=date(2026, 6, 1))
    await hear()
    assert await history(works, case.case_id) == ["OPENED", "FLAGGED", "UNFLAGGED"]


async def test_a_death_closes_a_flagged_case_and_its_withdrawal_brings_the_flag_back(
    works: RehabWorks, registry: Registry, hear: Hear, mover: tuple[Case, UUID]
) -> None:
    case, certificate_id = mover
    registry.transfer(certificate_id, to=YUAN, on=date(2026, 5, 1))
    death = registry.die(case.person_id, on=date(2026, 6, 2))
    await hear()
    assert (await seen(works, case.case_id)).flag is None
    registry.retract(death)
    await hear()
    assert (await seen(works, case.case_id)).flag is CaseFlag.TRANSFERRED


async def test_a_case_outside_the_scope_cannot_be_touched(works: RehabWorks, mover: tuple[Case, UUID]) -> None:
    case, _ = mover
    async with works.begin() as work:
        with pytest.raises(CaseNotFound):
            await load(case.case_id, work, within=Scope.of("341503"), sight=WHOLE)


# --- repairs, the second look, and meetings


async def test_a_repair_has_the_effects_of_the_event_it_replaces(
    works: RehabWorks, registry: Registry, hear: Hear, someone: UUID
) -> None:
    case = await a_case(works, someone)
    stop = registry.stops[registry.die(someone, on=date(2026, 5, 17))]
    async with works.begin() as work:
        await adopt(work, SUBSCRIPTIONS[0], StopState, [stop])
    assert (await seen(works, case.case_id)).closing_reason is ClosingReason.DIED


async def test_the_second_look_mends_what_no_event_did_and_is_quiet_afterwards(
    works: RehabWorks, registry: Registry, someone: UUID
) -> None:
    case = await a_case(works, someone)
    stop = registry.stops[registry.die(someone, on=date(2026, 5, 17))]
    async with works.begin() as work:
        await mirror.upsert(work.connection, StopState, [stop])
    async with works.begin() as work:
        assert await sweep_cases(work) == 1
    async with works.begin() as work:
        assert await sweep_cases(work) == 0
    assert (await seen(works, case.case_id)).status is CaseStatus.CLOSED


async def _both(first: Any, second: Any) -> None:
    await asyncio.gather(first, second)


async def test_a_death_that_arrives_while_a_case_is_being_opened_finds_it(
    works: RehabWorks, registry: Registry, hear: Hear, someone: UUID
) -> None:
    registry.die(someone, on=date(2026, 5, 17))
    opened = asyncio.Event()

    async def opening() -> Case:
        async with works.begin() as work:
            case = await open_case(OpenCase(person_id=someone, opened_on=OPENED), work, within=EVERYWHERE)
            opened.set()
            await asyncio.sleep(0.3)
            return case

    async def dying() -> None:
        await opened.wait()
        await hear()

    case, _ = await asyncio.gather(opening(), dying())
    assert (await seen(works, case.case_id)).closing_reason is ClosingReason.DIED


async def test_a_case_being_opened_while_a_death_is_absorbed_is_refused(
    works: RehabWorks, registry: Registry, someone: UUID
) -> None:
    registry.die(someone, on=date(2026, 5, 17))
    absorbed = asyncio.Event()

    async def dying() -> None:
        async with works.begin() as work:
            await adopt(work, SUBSCRIPTIONS[0], type(registry.persons[someone]), [registry.persons[someone]])
            absorbed.set()
            await asyncio.sleep(0.3)

    async def opening() -> None:
        await absorbed.wait()
        with pytest.raises(PersonHasDied):
            await a_case(works, someone)

    await _both(dying(), opening())


async def test_a_closing_by_hand_and_a_death_at_the_same_moment_leave_the_hand_s_reason(
    works: RehabWorks, registry: Registry, hear: Hear, someone: UUID
) -> None:
    case = await a_case(works, someone)
    registry.die(someone, on=date(2026, 5, 17))
    closed = asyncio.Event()

    async def closing() -> None:
        async with works.begin() as work:
            subject = await load(case.case_id, work, within=EVERYWHERE, sight=WHOLE)
            await close_case(subject, work, reason=ClosingReason.GOAL_REACHED, closed_on=date(2026, 5, 10))
            closed.set()
            await asyncio.sleep(0.3)

    async def dying() -> None:
        await closed.wait()
        await hear()

    await _both(closing(), dying())
    assert (await seen(works, case.case_id)).closing_reason is ClosingReason.GOAL_REACHED
    assert await history(works, case.case_id) == ["OPENED", "CLOSED"]


async def test_nothing_told_names_a_need_or_a_diagnosis(works: RehabWorks, someone: UUID) -> None:
    """The published row has these fields and no others (privacy line, ARCHITECTURE 2)."""
    await a_case(works, someone)
    async with works.snapshot() as connection:
        (entry,) = [
            each for each in await journal.read(connection, after=0, limit=10_000) if each.aggregate_id == someone
        ]
        columns = (
            await connection.execute(
                text("SELECT column_name FROM information_schema.columns WHERE table_name = 'rehab_case'")
            )
        ).scalars()
        assert not {"need", "note", "diagnosis", "name"} & set(columns)
    assert isinstance(entry.data["case"], dict)
    assert set(entry.data["case"]) == {
        "case_id",
        "person_id",
        "division",
        "version",
        "status",
        "opened_on",
        "closed_on",
        "closing_reason",
        "flag",
    }


async def test_of_several_cases_a_withdrawn_death_could_reopen_the_newest_is(
    works: RehabWorks, registry: Registry, hear: Hear, someone: UUID
) -> None:
    """Cannot come about through the product, a restored database may hold it: one open case per person stays law."""
    older = await a_case(works, someone)
    death = registry.die(someone, on=date(2026, 5, 17))
    await hear()
    newer = uuid7()
    async with works.begin() as work:
        await work.connection.execute(
            text(
                "INSERT INTO rehab_case (case_id, person_id, version, division, status, opened_on, closed_on, "
                "closing_reason, death_id, recorded_by, trace_id) SELECT :newer, person_id, 1, division, status, "
                "opened_on, closed_on, closing_reason, death_id, 'test', '' FROM rehab_case WHERE case_id = :older"
            ),
            {"newer": newer, "older": older.case_id},
        )
    registry.retract(death)
    await hear()
    assert (await seen(works, newer)).status is CaseStatus.NEED_REGISTERED
    assert (await seen(works, older.case_id)).status is CaseStatus.CLOSED
    async with works.begin() as work:
        assert await sweep_cases(work) == 0


async def test_the_gauges_tell_what_is_open_and_what_waits(
    works: RehabWorks, registry: Registry, hear: Hear, mover: tuple[Case, UUID]
) -> None:
    other = registry.register(JINAN, on=REGISTERED)
    registry.transfer(mover[1], to=YUAN, on=date(2026, 5, 1))
    await hear()
    await a_case(works, other)
    await count_cases(works)
    told = [
        sample.value
        for gauge in (OPEN_CASES, UNDECIDED_TRANSFERS, OVERDUE_CASES)
        for metric in gauge.collect()
        for sample in metric.samples
    ]
    assert told == [2, 1, 0]
