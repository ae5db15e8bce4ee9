"""Random lives of a few persons, told by three publishers, counted here and by a plain oracle, then all over again."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.indicators.adapters.catalogue import CATALOGUE
from services.indicators.adapters.queries import SqlFigures
from services.indicators.adapters.work import IndicatorsWork
from services.indicators.domain.breakdown import Root
from services.indicators.domain.definition import Count
from services.indicators.domain.period import Period, Span, periods
from shared.kit.clock import SHANGHAI
from shared.kit.work import Works
from shared.values.award import TWO_SUBSIDIES
from shared.values.division import Level
from shared.values.month import Month
from tests.builders.publishers import again, deliver
from tests.integration.indicators.world import BY_NAME, TODAY, World
from tests.oracles.stocks import (
    Award,
    Case,
    Certificate,
    Halt,
    Move,
    Person,
    Subject,
    persons_during,
    persons_in,
    stock,
    stop_missed,
)

IS_FULL = os.environ.get("LIANGFU_PROFILE") == "full"
# Every history is hundreds of comparisons, at every level and month, live and replayed: a tenth of other properties'.
HISTORIES = settings(
    max_examples=settings.get_profile("full").max_examples // 10 if IS_FULL else 20,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
DIVISIONS = ("341502001001", "341502002001", "341503001004", "340104001001")
PREFIXES = ("34", "3415", "341502", "341503001004")
FIRST, LAST = Month(2026, 1), Month(2026, 11)
MONTHS = tuple(FIRST.through(LAST))


@dataclass
class Lives:
    """Applies random steps to the publishers, and tells the oracle what happened."""

    world: World
    random: Random
    persons: dict[UUID, Person] = field(default_factory=dict)
    certificates: dict[UUID, Certificate] = field(default_factory=dict)
    awards: dict[UUID, Award] = field(default_factory=dict)
    cases: dict[UUID, Case] = field(default_factory=dict)
    undo: list[Callable[[], None]] = field(default_factory=list)

    def day(self) -> date:
        """Around the turn of a month, where a day more or less is seen; few enough to fall on the same one often."""
        return self.random.choice(MONTHS).last_day + timedelta(days=self.random.randint(-1, 1))

    def month(self) -> Month:
        return Month(2025, 11).plus(self.random.randrange(14))

    def division(self) -> str:
        return self.random.choice(DIVISIONS)

    def register(self) -> None:
        division, on = self.division(), self.day()
        person_id = self.world.registry.register(division, on=on)
        self.persons[person_id] = Person(person_id, division, on)

    def issue(self) -> None:
        person = self.random.choice([*self.persons.values()])
        on, until = self.day(), self.day() + timedelta(days=self.random.choice((0, 3650)))
        certificate_id = self.world.registry.issue(person.person_id, on=on, until=until)
        here = self.world.registry.persons[person.person_id].division
        self.certificates[certificate_id] = Certificate(person.person_id, here, on, until=until, holder=person)

    def die(self) -> None:
        person = self.random.choice([*self.persons.values()])
        if person.died is None:
            person.died = self.day()
            stop_id = self.world.registry.die(person.person_id, on=person.died)

            def take_back() -> None:
                self.world.registry.retract(stop_id)
                person.died = None

            self.undo.append(take_back)

    def cancel(self) -> None:
        certificate_id, certificate = self.random.choice([*self.certificates.items()])
        halt = Halt(self.day())
        certificate.halts.append(halt)
        stop_id = self.world.registry.cancel(certificate_id, on=halt.on)

        def take_back() -> None:
            self.world.registry.reinstate(stop_id)
            halt.wrong = True

        self.undo.append(take_back)

    def freeze(self) -> None:
        certificate_id, certificate = self.random.choice([*self.certificates.items()])
        halt = Halt(self.day())
        certificate.halts.append(halt)
        stop_id = self.world.registry.freeze(certificate_id, on=halt.on)

        def unfreeze() -> None:
            halt.until = self.day()
            self.world.registry.unfreeze(stop_id, on=halt.until)

        self.undo.append(unfreeze)

    def transfer(self) -> None:
        certificate_id, certificate = self.random.choice([*self.certificates.items()])
        assert certificate.holder is not None
        if self.world.registry.certificates[certificate_id].division != self._here(certificate.holder):
            return  # an old card of somebody who moved with a newer one stays where it was
        before = self.world.registry.certificates[certificate_id].division
        move = Move(self.division(), self.day())
        if move.to == before:
            return
        stop_id = self.world.registry.transfer(certificate_id, to=move.to, on=move.on)
        certificate.moves.append(move)
        certificate.holder.moves.append(move)
        holder = certificate.holder

        def take_back() -> None:
            if holder.moves[-1] is move and not move.wrong:
                self.world.registry.take_back_transfer(stop_id)
                move.wrong = True

        self.undo.append(take_back)

    def _here(self, person: Person) -> str:
        return self.world.registry.persons[person.person_id].division

    def grant(self) -> None:
        person = self.random.choice([*self.persons.values()])
        month, division = self.month(), self.division()
        award_id = self.world.subsidy.grant(
            person.person_id, division, self.random.choice(TWO_SUBSIDIES), month=str(month)
        )
        self.awards[award_id] = Award(person.person_id, division, month.first_day)

    def suspend(self) -> None:
        award_id, award = self.random.choice([*self.awards.items()])
        month = self.month()
        award.ends = month.first_day
        self.world.subsidy.suspend(award_id, from_month=str(month))

        def resume() -> None:
            award.ends = None
            self.world.subsidy.resume(award_id)

        self.undo.append(resume)

    def open_case(self) -> None:
        person = self.random.choice([*self.persons.values()])
        division, on = self.division(), self.day()
        case_id = self.world.rehab.open(person.person_id, division, on=on)
        self.cases[case_id] = Case(person.person_id, division, on)

    def close_case(self) -> None:
        case_id, case = self.random.choice([*self.cases.items()])
        case.closed = self.day()
        self.world.rehab.close(case_id, on=case.closed)

        def reopen() -> None:
            case.closed = None
            self.world.rehab.reopen(case_id)

        self.undo.append(reopen)

    def hand_over(self) -> None:
        case_id, case = self.random.choice([*self.cases.items()])
        move = Move(self.division(), self.day())
        if move.to != self.world.rehab.cases[case_id].division:
            case.moves.append(move)
            at = datetime.combine(move.on, time(self.random.randrange(24)), SHANGHAI).astimezone(UTC)
            self.world.rehab.hand_over(case_id, to=move.to, at=at)

    def halts(self) -> dict[UUID, list[Halt]]:
        """What stops the awards of each person (SUB-38)."""
        told = {each.person_id: [Halt(each.died)] if each.died else [] for each in self.persons.values()}
        for each in self.certificates.values():
            told[each.person_id] += [*each.halts, *(Halt(move.on, wrong=move.wrong) for move in each.moves)]
        return told

    def take_back(self) -> None:
        self.undo.pop(self.random.randrange(len(self.undo)))()

    def step(self) -> None:
        """One random step that is possible now."""
        possible = [self.register]
        possible += [self.issue, self.die, self.grant, self.open_case] if self.persons else []
        possible += [self.cancel, self.freeze, self.transfer, self.transfer] if self.certificates else []
        possible += [self.suspend] if self.awards else []
        possible += [self.close_case, self.hand_over] if self.cases else []
        possible += [self.take_back, self.take_back] if self.undo else []
        self.random.choice(possible)()


async def _nothing_known(works: Works[IndicatorsWork]) -> None:
    async with works.begin() as work:
        await work.connection.execute(
            text(
                "TRUNCATE spell, handover, tally, absorbed, copy_registry_merge, "
                "copy_registry_person, copy_registry_certificate, "
                "copy_registry_stop, copy_subsidy_award, copy_rehab_case"
            )
        )


@HISTORIES
@given(seed=st.integers(0, 2**32), steps=st.integers(1, 60))
async def test_any_history_is_counted_as_the_oracle_counts_it_and_again_after_a_replay(
    world: World, seed: int, steps: int
) -> None:
    """RU-01, RU-02, RU-05, READ-04, READ-09, SUB-35, SUB-38, SUB-47: every month at every level."""
    await _nothing_known(world.works)
    random = Random(seed)
    world = World(world.works)
    lives = Lives(world, random)
    for _ in range(steps):
        lives.step()
        if random.random() < 0.3:
            await world.hear(*random.sample([*BY_NAME], 2), limit=random.randrange(1, 6))
    await world.hear()
    await _repeat_some(world, random)

    for code, subjects in (
        ("persons", lives.persons),
        ("certificates", lives.certificates),
        ("awards", lives.awards),
        ("rehab_cases", lives.cases),
    ):
        await _agree(world, code, [*subjects.values()], stock)
    await _agree(world, "award_recipients", [*lives.awards.values()], persons_in)
    await _agree_over_time(world, lives)

    before, kept = await world.spells(), await world.tallies()
    await _agree_with_spells(world, random)
    assert await world.look_again() == 0
    for publisher in random.sample([*BY_NAME], 3):
        await world.replay(publisher, limit=random.choice((2, 7, 1_000)))
    assert await world.spells() == before
    assert await world.tallies() == kept
    await world.recount()
    assert await world.tallies() == kept


@HISTORIES
@given(seed=st.integers(0, 2**32), steps=st.integers(5, 40))
async def test_what_is_kept_counted_follows_records_that_are_merged_and_parted_again(
    world: World, seed: int, steps: int
) -> None:
    """RU-02: at whatever moment of three journals a merge is heard of, in chains too."""
    await _nothing_known(world.works)
    random = Random(seed)
    world = World(world.works)
    lives = Lives(world, random)
    merges: list[UUID] = []
    apart: set[UUID] = set()
    for _ in range(steps):
        lives.step()
        free = sorted(lives.persons.keys() - apart)
        if len(free) > 1 and random.random() < 0.3:
            survivor, absorbed = random.sample(free, 2)
            merges.append(world.registry.merge(survivor, absorbed, on=lives.day()))
            apart.add(absorbed)
        elif merges and random.random() < 0.2:
            undone = merges.pop(random.randrange(len(merges)))
            world.registry.unmerge(undone)
            apart.discard(world.registry.merges[undone].absorbed_id)
        if random.random() < 0.4:
            await world.hear(*random.sample([*BY_NAME], 2), limit=random.randrange(1, 6))
    await world.hear()
    await _agree_with_spells(world, random)
    kept = await world.tallies()
    for publisher in random.sample([*BY_NAME], 3):
        await world.replay(publisher, limit=random.choice((2, 7, 1_000)))
    assert await world.tallies() == kept
    await world.recount()
    assert await world.tallies() == kept


async def _agree_with_spells(world: World, random: Random) -> None:
    """What is kept counted is what a count of spells gives: every definition, some type of period, some breakdown."""
    today = TODAY
    asked = [
        [Period.of(Span.parse(told), today=today)] for told in ("2026-10", "2026-11", "2026-Q2", "2026-H1", "2026")
    ]
    asked.append([*periods(FIRST, LAST, today=today)])
    roots = (Root("*"), Root("34", Level.PREFECTURE), Root("3415", Level.COUNTY), Root("341502001"))
    async with world.works.snapshot() as connection:
        figures = SqlFigures(connection)
        for definition in CATALOGUE:
            if isinstance(form := definition.form, Count):
                root, some = random.choice(roots), random.choice(asked)
                kept = await figures.count(form, root, some)
                assert kept == await figures.from_spells(form, root, some), (definition.code, root, some)


async def _agree(world: World, code: str, subjects: Sequence[Subject], answer: Callable[..., int]) -> None:
    for prefix in PREFIXES:
        counted = await world.series(code, prefix, str(FIRST), str(LAST))
        expected = [answer(subjects, prefix, min(month.last_day, TODAY)) for month in MONTHS]
        assert counted == expected, (code, prefix)


async def _agree_over_time(world: World, lives: Lives) -> None:
    """RU-03, KPI-20, KPI-38: who counted at some time, who ever did, and what should have stopped."""
    halts = lives.halts()
    for prefix in PREFIXES:
        ever: set[UUID] = persons_during([*lives.cases.values()], prefix, date(2025, 10, 1), FIRST.first_day)
        expected: dict[str, list[int]] = {"recipients_in_period": [], "rehab_persons": [], "stop_missed": []}
        for month in MONTHS:
            last = min(month.last_day, TODAY)
            ever |= persons_during([*lives.cases.values()], prefix, month.first_day, last)
            within = persons_during([*lives.awards.values()], prefix, month.first_day, last)
            expected["recipients_in_period"].append(len(within))
            expected["rehab_persons"].append(len(ever))
            expected["stop_missed"].append(stop_missed(lives.awards.values(), halts, prefix, last))
        for code, values in expected.items():
            assert await world.series(code, prefix, str(FIRST), str(LAST)) == values, (code, prefix)


async def _repeat_some(world: World, random: Random) -> None:
    for publisher in BY_NAME:
        said = world.said(publisher)
        for entry in random.sample(said, min(3, len(said))):
            await deliver(world.works, BY_NAME[publisher], [again(entry)])
