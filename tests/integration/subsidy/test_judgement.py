"""The judgement, one SQL statement, against a plain oracle: random facts about random awards, step by step."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.use_cases.judge_awards import judge_awards
from shared.contracts.registry import StopState
from shared.kit import mirror
from shared.kit.clock import Clock
from shared.kit.work import Works
from shared.values.certificate import StopKind
from shared.values.month import Month
from tests.oracles import awards as oracle

SCHEMES: Final = ("living_subsidy", "nursing_subsidy")
CARDS: Final = (UUID(int=1), UUID(int=2))
DAYS: Final = st.sampled_from(
    [date(2025, 11, 30), date(2025, 12, 1), date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 28), date(2026, 3, 15)]
)
KINDS: Final = [kind.value for kind in StopKind]
MONTHS: Final = ("2025-12", "2026-01", "2026-02", "2026-03", "2026-04")


@dataclass(frozen=True)
class Told:
    """A new fact becomes known."""

    kind: str
    card: int | None
    on: date


@dataclass(frozen=True)
class Changed:
    """A known fact (the n-th) ends, or turns out to be wrong."""

    nth: int
    ended_on: date | None
    withdrawn: bool


@dataclass(frozen=True)
class Turned:
    """The month turns."""

    month: str


@dataclass(frozen=True)
class Granted:
    """An award is granted on a card. What forbids it (a card that is not valid) is another rule's business."""

    scheme: int
    card: int
    on: date


Step = Told | Changed | Turned | Granted
STEPS: Final = st.lists(
    st.one_of(
        st.builds(Granted, st.integers(0, 1), st.integers(0, 1), DAYS),
        st.builds(Told, st.sampled_from(KINDS), st.sampled_from([None, 0, 1]), DAYS),
        st.builds(Changed, st.integers(0, 5), st.none() | DAYS, st.booleans()),
        st.builds(Turned, st.sampled_from(MONTHS)),
    ),
    min_size=2,
    max_size=14,
)


class Two:
    """The same life twice: in the database and in the oracle."""

    def __init__(self, work: SubsidyWork) -> None:
        self.work = work
        self.person = uuid7()
        self.awards: list[oracle.Award] = []
        self.facts: list[oracle.Fact] = []
        self.version = 1

    async def take(self, step: Step) -> None:
        match step:
            case Granted(scheme, card, on):
                await self._grant(SCHEMES[scheme], CARDS[card], on)
                await self._judge()
            case Told(kind, card, on):
                self.version += 1
                certificate = None if card is None else CARDS[card]
                fact = oracle.Fact(uuid7(), certificate, self.version, kind, on)
                self.facts.append(fact)
                await self._learn(fact)
            case Changed(nth, ended_on, withdrawn):
                if nth < len(self.facts):
                    self.version += 1
                    fact = replace(self.facts[nth], version=self.version, ended_on=ended_on, withdrawn=withdrawn)
                    self.facts[nth] = fact
                    await self._learn(fact)
            case Turned(month):
                await self.work.connection.execute(
                    text("UPDATE award SET suspended_at = '2020-01-01' WHERE suspended_at IS NOT NULL")
                )
                await self.work.awards.stop_turned(Month.parse(month))
                self.awards = oracle.turn(self.awards, month)

    async def _learn(self, fact: oracle.Fact) -> None:
        state = StopState(
            stop_id=fact.stop_id,
            person_id=self.person,
            division="341502",
            version=fact.version,
            certificate_id=fact.certificate_id,
            kind=StopKind(fact.kind),
            event_date=fact.event_date,
            ended_on=fact.ended_on,
            withdrawn=fact.withdrawn,
        )
        await mirror.upsert(self.work.connection, StopState, [state])
        await self._judge()

    async def _grant(self, scheme: str, card: UUID, on: date) -> None:
        if any(each.scheme == scheme and each.status != "STOPPED" for each in self.awards):
            return
        award = oracle.Award(uuid7(), card, scheme, on)
        self.awards.append(award)
        await self.work.connection.execute(
            text(
                "INSERT INTO award (award_id, person_id, certificate_id, version, division, scheme, status, "
                "application_date, start_month, granted_by, trace_id) VALUES (:award, :person, :card, 1, '341502', "
                ":scheme, 'ACTIVE', :on, to_char(CAST(:on AS date), 'YYYY-MM'), 'test', '')"
            ),
            {"award": award.award_id, "person": self.person, "card": card, "scheme": scheme, "on": on},
        )

    async def _judge(self) -> None:
        await judge_awards({self.person}, self.work, traces={})
        self.awards = oracle.judge(self.awards, self.facts)

    async def stored(self) -> list[oracle.Award]:
        return [
            oracle.Award(
                row.award_id,
                row.certificate_id,
                row.scheme,
                row.application_date,
                row.status,
                row.cause_id,
                row.effective_month,
            )
            for row in await rows(self.work.connection, "SELECT * FROM award WHERE person_id = :p", p=self.person)
        ]


async def rows(connection: AsyncConnection, query: str, **values: Any) -> Sequence[Any]:
    found = await connection.execute(text(query + " ORDER BY 1"), values)
    return found.all()


@pytest.fixture
async def connection(subsidy: Works[SubsidyWork]) -> AsyncIterator[AsyncConnection]:
    async with subsidy.engine.connect() as connection:
        yield connection


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
@example(  # two stopped awards lose their cause at once: only the newer one may run again
    [
        Granted(0, 0, date(2025, 11, 30)),
        Told("CANCELLED", 0, date(2025, 12, 1)),
        Turned("2026-04"),
        Granted(0, 1, date(2025, 12, 31)),
        Told("DEATH", None, date(2025, 11, 30)),
        Turned("2026-04"),
        Changed(0, None, withdrawn=True),
        Changed(1, None, withdrawn=True),
    ]
)
@example(  # the earlier fact governs, whichever becomes known first
    [Granted(1, 0, date(2025, 11, 30)), Told("EXPIRED", 0, date(2026, 2, 28)), Told("DEATH", None, date(2026, 1, 1))]
)
async def test_after_every_step_the_awards_are_what_the_rules_say(
    connection: AsyncConnection, steps: list[Step]
) -> None:
    async with connection.begin() as transaction:
        two = Two(SubsidyWork(connection, clock=Clock(), caller=None, trace_id=""))
        for step in steps:
            await two.take(step)
            assert await two.stored() == two.awards
        told = len(two.work.announced)
        assert await judge_awards({two.person}, two.work, traces={}) == 0, "judging again changes nothing"
        assert await judge_awards(None, two.work, traces={}) == 0, "nor does judging everybody"
        assert len(two.work.announced) == told
        history = await rows(
            connection,
            "SELECT a.award_id, count(s.version) AS steps, max(a.version) - 1 AS changes FROM award a "
            "LEFT JOIN award_step s ON s.award_id = a.award_id WHERE a.person_id = :p GROUP BY 1",
            p=two.person,
        )
        assert all(row.steps == row.changes for row in history), "every change of an award left one step"
        await transaction.rollback()
