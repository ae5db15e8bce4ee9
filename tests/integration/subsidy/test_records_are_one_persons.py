"""Two records are found to be one person's: judged as one, paid once, given back when that was a mistake (RU-02)."""

from __future__ import annotations

from datetime import date, datetime
from random import Random
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.subsidy.adapters import engine, policy_documents
from services.subsidy.adapters.engine import decide
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.entrypoints.consumers import SUBSCRIPTIONS, sweep_awards
from services.subsidy.use_cases.grant_awards import GrantAward, grant_award
from shared.contracts.registry import MergeState
from shared.kit import mirror
from shared.kit.consumer import adopt, react_to
from shared.kit.work import Works
from shared.values.award import Scheme
from shared.values.division import Scope
from shared.values.month import Month
from tests.builders.facts import Line, learn
from tests.builders.publishers import Registry, deliver

HERE: Final = "341502"
THERE: Final = "341503"
FOLLOW: Final = SUBSCRIPTIONS[0]
MERGED_ON: Final = date(2026, 6, 10)
MONTHS: Final = tuple(Month(2026, 4).through(Month(2026, 8)))
POLICY: Final = tuple(
    policy_documents.parse(
        {
            "division": county,
            "since": "2020-01",
            "title": county,
            "legal_basis": "test",
            "schemes": {
                Scheme.NURSING.value: {
                    "coverage": {},
                    "tariff": {"rows": [{"case": {}, "amount": {"fen": yuan * 100}}]},
                }
            },
        }
    )
    for county, yuan in ((HERE, 80), (THERE, 60))
)


class Office:
    """A register with two records, and the subsidy service that follows it."""

    def __init__(self, subsidy: Works[SubsidyWork]) -> None:
        self._subsidy = subsidy
        self.register = Registry()

    def record(self, county: str = HERE, *, issued: date = date(2020, 1, 6)) -> tuple[UUID, UUID]:
        """A record of the register with a certificate."""
        person_id = self.register.register(f"{county}001001", on=date(2020, 1, 6))
        return person_id, self.register.issue(person_id, on=issued, until=date(2030, 1, 5))

    async def hears(self) -> None:
        """What the register has said since."""
        await deliver(self._subsidy, FOLLOW, self.register.journal.entries)

    async def grants(self, person_id: UUID, *, on: date = date(2026, 4, 10)) -> UUID:
        """An award of the nursing subsidy."""
        async with self._subsidy.begin() as work:
            asked = GrantAward(person_id=person_id, scheme=Scheme.NURSING, application_date=on)
            return (await grant_award(asked, work, within=Scope.everywhere())).award_id

    async def pays(self, person_id: UUID, month: Month, yuan: int) -> None:
        """A settled line."""
        line = Line(person_id=person_id, scheme=Scheme.NURSING, month=month, amount_fen=yuan * 100)
        async with self._subsidy.begin() as work:
            await learn(work.connection, line, at=work.now())

    async def asked(self, what: str, person_id: UUID, known_at: datetime | None = None) -> list[int]:
        """An amount of each month, in yuan."""
        async with self._subsidy.begin() as work:
            answers = await decide(
                work.connection,
                months=MONTHS,
                population=Population.of([person_id]),
                policy=POLICY,
                known_at=known_at,
            )
        found = {answer.month: getattr(answer, what) // 100 for answer in answers if answer.scheme == Scheme.NURSING}
        return [found.get(month, 0) for month in MONTHS]

    async def awards(self, *award_ids: UUID) -> list[tuple[Any, ...]]:
        """Whose awards are, how they stand and why; a second look finds nothing else to do."""
        async with self._subsidy.begin() as work:
            assert await sweep_awards(work) == 0
            rows = await work.connection.execute(
                text(
                    "SELECT a.person_id, a.status, a.cause_kind FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY "
                    "AS n(award_id, place) JOIN award a USING (award_id) ORDER BY place"
                ),
                {"ids": list(award_ids)},
            )
            return [tuple(row) for row in rows]

    async def standing(self) -> list[tuple[Any, ...]]:
        """Everything that stands, in rows that can be compared."""
        tables = {
            "home": "person_id, division, county, valid_from, valid_to, back_on",
            "held_card": "person_id, certificate_id, issued_on, held_to, counts_to, expiry_county",
            "spell": "person_id, kind, valid_from, valid_to, fact_id",
            "level": "person_id, kind, value, valid_from, valid_to, fact_id",
            "determination": "person_id, award_id, county, application_date",
            "pause": "person_id, pause_id, first_day, until",
        }
        found: list[tuple[Any, ...]] = []
        async with self._subsidy.begin() as work:
            for table, columns in tables.items():
                query = f"SELECT '{table}', CAST(ROW({columns}) AS text) FROM {table} WHERE known_to = 'infinity'"
                found += [tuple(row) for row in await work.connection.execute(text(query))]
            rows = await work.connection.execute(text("SELECT award_id, person_id, status, cause_id FROM award"))
            found += [("award", *row) for row in rows]
        return sorted(found, key=str)

    async def now(self) -> datetime:
        """This moment."""
        async with self._subsidy.begin() as work:
            return work.now()


@pytest.fixture
def office(subsidy: Works[SubsidyWork]) -> Office:
    engine.warm()
    return Office(subsidy)


async def test_of_two_awards_the_earlier_goes_on_and_a_month_is_due_once_read_07(office: Office) -> None:
    (survivor, _), (absorbed, _) = office.record(), office.record(issued=date(2020, 2, 6))
    await office.hears()
    one = await office.grants(survivor)
    other = await office.grants(absorbed, on=date(2026, 5, 11))
    merge_id = office.register.merge(survivor, absorbed, on=MERGED_ON)
    await office.hears()
    assert await office.asked("due_fen", survivor) == [80] * 5
    assert await office.asked("due_fen", absorbed) == [0] * 5
    assert await office.awards(one, other) == [(survivor, "ACTIVE", None), (survivor, "STOPPED", "PERSON_MERGED")]
    office.register.unmerge(merge_id)
    await office.hears()
    assert await office.asked("due_fen", absorbed) == [0, 80, 80, 80, 80]
    assert await office.awards(one, other) == [(survivor, "ACTIVE", None), (absorbed, "ACTIVE", None)]


async def test_an_award_only_the_absorbed_record_has_goes_on_as_the_survivors(office: Office) -> None:
    (survivor, _), (absorbed, card) = office.record(), office.record(issued=date(2020, 2, 6))
    await office.hears()
    award_id = await office.grants(absorbed)
    office.register.cancel(card, on=date(2026, 6, 9))
    office.register.merge(survivor, absorbed, on=MERGED_ON)
    await office.hears()
    assert await office.asked("due_fen", survivor) == [80] * 5, "the survivor's own card is valid"
    assert await office.awards(award_id) == [(survivor, "ACTIVE", None)]


async def test_what_either_record_was_paid_is_paid_and_too_much_shows_sub_61(office: Office) -> None:
    (survivor, _), (absorbed, _) = office.record(), office.record(issued=date(2020, 2, 6))
    await office.hears()
    for person_id in (survivor, absorbed):
        await office.grants(person_id)
        await office.pays(person_id, Month(2026, 4), 80)
    await office.pays(absorbed, Month(2026, 5), 80)
    before = await office.now()
    merge_id = office.register.merge(survivor, absorbed, on=MERGED_ON)
    await office.hears()
    assert await office.asked("settled_fen", survivor) == [160, 80, 0, 0, 0]
    assert await office.asked("payable_fen", survivor) == [-80, 0, 80, 80, 80]
    assert await office.asked("payable_fen", absorbed) == [0] * 5
    assert await office.asked("payable_fen", survivor, before) == [0, 80, 80, 80, 80], "as was known before"
    assert await office.asked("payable_fen", absorbed, before) == [0, 0, 80, 80, 80]
    office.register.unmerge(merge_id)
    await office.hears()
    assert await office.asked("payable_fen", survivor) == [0, 80, 80, 80, 80]
    assert await office.asked("payable_fen", absorbed) == [0, 0, 80, 80, 80]


async def test_an_award_of_a_county_the_survivor_never_lived_in_stops_from_the_next_month_sub_38(
    office: Office,
) -> None:
    (survivor, _), (absorbed, _) = office.record(), office.record(THERE, issued=date(2020, 2, 6))
    await office.hears()
    award_id = await office.grants(absorbed)
    merge_id = office.register.merge(survivor, absorbed, on=MERGED_ON)
    await office.hears()
    assert await office.asked("due_fen", survivor) == [60, 60, 60, 0, 0]
    assert await office.awards(award_id) == [(survivor, "STOPPED", "PERSON_MERGED")]
    office.register.unmerge(merge_id)
    await office.hears()
    assert await office.asked("due_fen", absorbed) == [60] * 5
    assert await office.awards(award_id) == [(absorbed, "ACTIVE", None)]


async def test_what_happens_to_the_survivor_stops_what_was_granted_to_the_absorbed_record(office: Office) -> None:
    (survivor, _), (absorbed, _) = office.record(), office.record(issued=date(2020, 2, 6))
    await office.hears()
    award_id = await office.grants(absorbed)
    office.register.merge(survivor, absorbed, on=MERGED_ON)
    stop_id = office.register.die(survivor, on=date(2026, 7, 2))
    await office.hears()
    assert await office.asked("due_fen", survivor) == [80, 80, 80, 80, 0]
    assert await office.awards(award_id) == [(survivor, "SUSPENDED", "DEATH")]
    office.register.retract(stop_id)
    await office.hears()
    assert await office.awards(award_id) == [(survivor, "ACTIVE", None)]


async def test_a_chain_of_merges_ends_at_the_last_survivor_and_is_undone_link_by_link(office: Office) -> None:
    (first, _), (second, _), (third, _) = (office.record(issued=date(2020, month, 6)) for month in (3, 2, 1))
    await office.hears()
    award_id = await office.grants(first)
    lower = office.register.merge(second, first, on=MERGED_ON)
    upper = office.register.merge(third, second, on=MERGED_ON)
    await office.hears()
    assert await office.awards(award_id) == [(third, "ACTIVE", None)]
    assert await office.asked("due_fen", third) == [80] * 5
    office.register.unmerge(upper)
    await office.hears()
    assert await office.awards(award_id) == [(second, "ACTIVE", None)]
    office.register.unmerge(lower)
    await office.hears()
    assert await office.awards(award_id) == [(first, "ACTIVE", None)]


@pytest.mark.parametrize("number", range(4))
async def test_merges_in_any_order_leave_nothing_behind_when_all_are_undone(office: Office, number: int) -> None:
    random = Random(number)
    people = [office.record(random.choice((HERE, THERE)), issued=date(2020, 1, day)) for day in range(2, 7)]
    await office.hears()
    for person_id, _ in people:
        await office.grants(person_id, on=date(2026, 4, random.randint(1, 28)))
    office.register.freeze(people[0][1], on=date(2026, 5, 5))
    await office.hears()
    before = await office.standing()
    merged: dict[UUID, UUID] = {}
    for _ in range(8):
        standing = [person_id for person_id, _ in people if person_id not in merged]
        if len(standing) > 1 and (not merged or random.random() < 0.6):
            survivor, absorbed = random.sample(standing, 2)
            merged[absorbed] = office.register.merge(survivor, absorbed, on=MERGED_ON)
        else:
            office.register.unmerge(merged.pop(random.choice(list(merged))))
        if random.random() < 0.5:
            await office.hears()
    await office.hears()
    everybody = [person_id for person_id, _ in people]
    due = [sum(month) for month in zip(*[await office.asked("due_fen", each) for each in everybody], strict=True)]
    roots = len(everybody) - len(merged)
    assert all(yuan <= 80 * roots for yuan in due), "each person is paid once a month"
    for merge_id in random.sample([*merged.values()], len(merged)):
        office.register.unmerge(merge_id)
    await office.hears()
    assert await office.standing() == before


async def test_a_merge_heard_late_or_twice_or_after_its_undoing_comes_to_the_same(office: Office) -> None:
    (survivor, _), (absorbed, _) = office.record(), office.record(issued=date(2020, 2, 6))
    await office.hears()
    award_id = await office.grants(absorbed)
    merge_id = office.register.merge(survivor, absorbed, on=MERGED_ON)
    office.register.unmerge(merge_id)
    said = office.register.journal.entries
    said[-2], said[-1] = said[-1], said[-2]  # the undoing is heard first
    await office.hears()
    assert await office.awards(award_id) == [(absorbed, "ACTIVE", None)]
    office.register.merge(survivor, absorbed, on=MERGED_ON)
    for _ in range(2):
        await office.hears()
        assert await office.awards(award_id) == [(survivor, "ACTIVE", None)]


async def test_a_copy_taken_anew_knows_the_merges_and_loses_those_that_are_gone(
    office: Office, subsidy: Works[SubsidyWork]
) -> None:
    (survivor, _), (absorbed, _) = office.record(), office.record(issued=date(2020, 2, 6))
    await office.hears()
    award_id = await office.grants(absorbed)
    office.register.merge(survivor, absorbed, on=MERGED_ON)
    merge = next(iter(office.register.merges.values()))
    async with subsidy.begin() as work:
        await adopt(work, FOLLOW, MergeState, [merge])
    assert await office.awards(award_id) == [(survivor, "ACTIVE", None)]
    async with subsidy.begin() as work:
        await react_to(work, FOLLOW, MergeState, await mirror.remove(work.connection, MergeState, [merge.merge_id]))
    assert await office.awards(award_id) == [(absorbed, "ACTIVE", None)]
