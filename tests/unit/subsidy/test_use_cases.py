"""Granting and judging against ports of memory: who is refused, what is told, in which order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from uuid_utils.compat import uuid7

from services.subsidy.announcements import announce
from services.subsidy.domain.award import Award, Holder
from services.subsidy.domain.errors import (
    AwardExists,
    CertificateNotValid,
    PersonHasDied,
    PersonNotKnown,
    StartMonthNotAllowed,
)
from services.subsidy.domain.facts import AwardWasGranted, AwardWasResumed, AwardWasStopped, AwardWasSuspended, Fact
from services.subsidy.use_cases.grant_awards import GrantAward, grant_award, grant_awards
from services.subsidy.use_cases.judge_awards import judge_awards, stop_turned_awards
from services.subsidy.use_cases.ports import Judged
from shared.contracts import subsidy as contract
from shared.values.award import TWO_SUBSIDIES, AwardStatus, Scheme
from shared.values.certificate import CertificateStatus, StopKind
from shared.values.division import Division, Scope
from shared.values.month import Month
from shared.values.refusal import Refusal
from tests.builders.subsidy import a_cause, a_holder, an_award

TODAY = date(2026, 6, 15)
EVERYWHERE = Scope.everywhere()


@dataclass
class Memory:
    """The ports of one transaction, in memory."""

    known: dict[UUID, Holder] = field(default_factory=dict)
    running: set[tuple[UUID, Scheme]] = field(default_factory=set)
    verdicts: list[Judged] = field(default_factory=list)
    turned: list[Award] = field(default_factory=list)
    told: list[Fact] = field(default_factory=list)
    asked_for: list[Month] = field(default_factory=list)
    followed: list[tuple[set[UUID], Month]] = field(default_factory=list)
    held: Award | None = None
    steps: list[tuple[str, str, str, str | None]] = field(default_factory=list)

    @property
    def holders(self) -> Memory:
        return self

    @property
    def awards(self) -> Memory:
        return self

    async def get(self, person_ids: Sequence[UUID], *, within: Scope) -> dict[UUID, Holder]:
        return {
            person_id: self.known[person_id]
            for person_id in person_ids
            if person_id in self.known and within.covers(self.known[person_id].division)
        }

    async def add(self, awards: Sequence[Award]) -> set[UUID]:
        added = set()
        for award in awards:
            if (award.person_id, award.scheme) not in self.running:
                self.running.add((award.person_id, award.scheme))
                added.add(award.award_id)
        return added

    async def judge(self, persons: Collection[UUID] | None, traces: Mapping[UUID, str]) -> list[Judged]:
        return self.verdicts

    async def follow(self, persons: Collection[UUID], month: Month) -> list[Judged]:
        self.followed.append((set(persons), month))
        return []

    async def lock(self, award_id: UUID, *, within: Scope) -> Award | None:
        return self.held if self.held is not None and self.held.award_id == award_id else None

    async def decide(
        self, before: Award, after: Award, *, step: str, decision_id: UUID | None, reason: str | None
    ) -> None:
        self.held = after
        self.steps.append((before.status, step, after.status, reason))

    async def stop_turned(self, month: Month) -> list[Award]:
        self.asked_for.append(month)
        return self.turned

    async def unite(self, merged: Collection[UUID], *, at: datetime) -> tuple[set[UUID], list[Award]]:
        raise NotImplementedError

    async def schemes(self) -> frozenset[str]:
        return frozenset(TWO_SUBSIDIES)

    def today(self) -> date:
        return TODAY

    def now(self) -> datetime:
        return datetime(2026, 6, 15, 4, tzinfo=UTC)

    def new_id(self) -> UUID:
        return uuid7()

    def tell(self, *facts: Fact) -> None:
        self.told.extend(facts)


def with_holders(*holders: Holder) -> Memory:
    return Memory(known={holder.person_id: holder for holder in holders})


def asked(person_id: UUID, *, on: date = TODAY, scheme: Scheme = Scheme.NURSING) -> GrantAward:
    return GrantAward(person_id=person_id, scheme=scheme, application_date=on)


async def test_an_award_runs_from_the_month_of_the_application_sub_35() -> None:
    holder = a_holder()
    work = with_holders(holder)
    award = await grant_award(asked(holder.person_id, on=date(2026, 3, 31)), work, within=EVERYWHERE)
    assert (award.start_month, award.status) == (Month.parse("2026-03"), AwardStatus.ACTIVE)
    assert (award.certificate_id, award.division) == (holder.certificate_id, holder.division)
    (fact,) = work.told
    assert isinstance(fact, AwardWasGranted)
    assert isinstance(announce(fact).event, contract.AwardGranted)


@pytest.mark.parametrize(
    ("holder", "refusal"),
    [
        (a_holder(status=CertificateStatus.CANCELLED), CertificateNotValid),
        (a_holder(status=CertificateStatus.FROZEN), CertificateNotValid),
        (a_holder(expires_on=date(2026, 6, 14)), CertificateNotValid),
        (a_holder(died_on=date(2026, 6, 1)), PersonHasDied),
    ],
    ids=["cancelled", "frozen", "expired yesterday", "dead"],
)
async def test_without_a_valid_card_on_the_day_nothing_is_granted_and_nothing_told_read_02(
    holder: Holder, refusal: type[Refusal]
) -> None:
    work = with_holders(holder)
    with pytest.raises(refusal):
        await grant_award(asked(holder.person_id), work, within=EVERYWHERE)
    assert work.told == []


async def test_an_application_cannot_lie_ahead_sub_35() -> None:
    holder = a_holder()
    with pytest.raises(StartMonthNotAllowed) as refused:
        await grant_award(asked(holder.person_id, on=date(2026, 7, 1)), with_holders(holder), within=EVERYWHERE)
    assert refused.value.facts == {"given": "2026-07", "latest": "2026-06"}


async def test_somebody_outside_the_scope_is_as_unknown_as_somebody_who_does_not_exist() -> None:
    holder = a_holder(division=Division("341503001001"))
    for person_id in (holder.person_id, uuid4()):
        with pytest.raises(PersonNotKnown):
            await grant_award(asked(person_id), with_holders(holder), within=Scope.of("341502"))


async def test_one_running_award_per_person_and_scheme() -> None:
    holder = a_holder()
    work = with_holders(holder)
    await grant_award(asked(holder.person_id), work, within=EVERYWHERE)
    with pytest.raises(AwardExists):
        await grant_award(asked(holder.person_id), work, within=EVERYWHERE)
    await grant_award(asked(holder.person_id, scheme=Scheme.LIVING), work, within=EVERYWHERE)
    assert len(work.told) == 2


async def test_in_a_bulk_each_gets_an_award_or_a_reason_in_order() -> None:
    good, dead, unknown = a_holder(), a_holder(died_on=date(2026, 1, 1)), uuid4()
    work = with_holders(good, dead)
    outcomes = await grant_awards(
        [asked(dead.person_id), asked(good.person_id), asked(unknown), asked(good.person_id)], work, within=EVERYWHERE
    )
    assert [type(outcome) for outcome in outcomes] == [PersonHasDied, Award, PersonNotKnown, AwardExists]
    assert len(work.told) == 1


def judged(award: Award, *, kind: StopKind | None = None, cause_id: UUID | None = None) -> Judged:
    return Judged(before=AwardStatus.ACTIVE, before_kind=kind, before_cause_id=cause_id, award=award)


async def test_a_suspension_is_told_with_its_cause_and_the_trace_of_the_request_behind_it() -> None:
    cause = a_cause()
    award = an_award(status=AwardStatus.SUSPENDED, version=2, cause=cause, effective_month=Month.parse("2026-07"))
    work = Memory(verdicts=[judged(award)])
    assert await judge_awards({award.person_id}, work, traces={cause.cause_id: "c" * 32}) == 1
    (fact,) = work.told
    assert isinstance(fact, AwardWasSuspended)
    told = announce(fact)
    assert told.trace_id == "c" * 32
    assert told.event == contract.AwardSuspended(
        award=contract.AwardState(
            award_id=award.award_id,
            person_id=award.person_id,
            division=award.division.code,
            version=2,
            scheme=Scheme.NURSING,
            status=AwardStatus.SUSPENDED,
            start_month="2024-05",
            effective_month="2026-07",
            cause_id=cause.cause_id,
        ),
        cause_kind="CANCELLED",
    )


async def test_a_withdrawn_cause_resumes_the_award_and_says_what_it_had_been() -> None:
    cause_id = uuid4()
    work = Memory(verdicts=[judged(an_award(version=3), kind=StopKind.DEATH, cause_id=cause_id)])
    await judge_awards(None, work, traces={cause_id: "d" * 32})
    (fact,) = work.told
    assert isinstance(fact, AwardWasResumed)
    assert announce(fact).event == contract.AwardResumed(
        award=announce(fact).event.award,  # type: ignore[attr-defined]
        cause_kind="DEATH",
    )
    assert fact.trace_id == "d" * 32


async def test_a_stopped_award_whose_cause_changes_stays_stopped() -> None:
    award = an_award(status=AwardStatus.STOPPED, version=4, cause=a_cause(), effective_month=Month.parse("2026-05"))
    work = Memory(verdicts=[judged(award)])
    await judge_awards({award.person_id}, work, traces={})
    assert [type(fact) for fact in work.told] == [AwardWasStopped]


async def test_nothing_changed_nothing_told() -> None:
    work = Memory()
    assert await judge_awards(None, work, traces={}) == 0
    assert work.told == []


async def test_the_month_turns_by_the_civil_date() -> None:
    award = an_award(status=AwardStatus.STOPPED, version=3, cause=a_cause(), effective_month=Month.parse("2026-06"))
    work = Memory(turned=[award])
    assert await stop_turned_awards(work) == 1
    assert work.asked_for == [Month.parse("2026-06")]
    assert [type(announce(fact).event) for fact in work.told] == [contract.AwardStopped]
