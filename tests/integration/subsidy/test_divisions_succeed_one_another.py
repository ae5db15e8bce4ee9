"""A county is given up for another: what its persons have goes on there, and its past stays its own (ID-21)."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.subsidy.adapters import engine, explanations, policy_documents
from services.subsidy.adapters.engine import decide
from services.subsidy.adapters.policies import POLICIES
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.decisions import Answer
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.policy import PolicyDocument
from services.subsidy.domain.policy_book import PolicyBook
from services.subsidy.entrypoints.consumers import SUBSCRIPTIONS, sweep_awards
from services.subsidy.use_cases.grant_awards import GrantAward, grant_award
from shared.kit.work import Works
from shared.values.award import Scheme
from shared.values.division import Scope
from shared.values.month import Month
from tests.builders.publishers import Registry, deliver

OLD: Final = "341502"
NEW: Final = "341599"
NEIGHBOUR: Final = "341503"
FOLLOW: Final = SUBSCRIPTIONS[0]
EFFECTIVE: Final = date(2026, 6, 1)
MONTHS: Final = tuple(Month(2026, 4).through(Month(2026, 7)))


def pays(division: str, yuan: int) -> PolicyDocument:
    """A county that pays everybody the same nursing subsidy."""
    return policy_documents.parse(
        {
            "division": division,
            "since": "2020-01",
            "title": division,
            "legal_basis": "test",
            "schemes": {
                Scheme.NURSING.value: {
                    "coverage": {},
                    "tariff": {"rows": [{"case": {}, "amount": {"fen": yuan * 100}}]},
                }
            },
        }
    )


POLICY: Final = (pays(OLD, 80), pays(NEW, 100), pays(NEIGHBOUR, 60))


class County:
    """A register with two persons who have awards, and the subsidy service that follows it."""

    def __init__(self, subsidy: Works[SubsidyWork]) -> None:
        self._subsidy = subsidy
        self.register = Registry()
        self.there, self.card = self._somebody(f"{OLD}001001")
        self.elsewhere, _ = self._somebody(f"{NEIGHBOUR}001001")

    def _somebody(self, division: str) -> tuple[UUID, UUID]:
        person_id = self.register.register(division, on=date(2020, 1, 6))
        return person_id, self.register.issue(person_id, on=date(2020, 1, 6), until=date(2030, 1, 5))

    async def hears(self) -> None:
        """What the register has said since."""
        await deliver(self._subsidy, FOLLOW, self.register.journal.entries)

    async def grants(self, person_id: UUID, *, on: date = date(2026, 4, 10)) -> None:
        """An award of the nursing subsidy."""
        async with self._subsidy.begin() as work:
            asked = GrantAward(person_id=person_id, scheme=Scheme.NURSING, application_date=on)
            await grant_award(asked, work, within=Scope.everywhere())

    async def due(self, person_id: UUID, *, known_at: datetime | None = None) -> list[int]:
        """What is due in each month, in yuan."""
        async with self._subsidy.begin() as work:
            answers = await decide(
                work.connection,
                months=MONTHS,
                population=Population.of([person_id]),
                policy=POLICY,
                known_at=known_at,
            )
        found = {answer.month: (answer.due_fen or 0) // 100 for answer in answers if answer.scheme == Scheme.NURSING}
        return [found.get(month, 0) for month in MONTHS]

    async def found(self, query: str, person_id: UUID) -> list[tuple[Any, ...]]:
        """Rows about a person; nothing is left to mend."""
        async with self._subsidy.begin() as work:
            assert await sweep_awards(work) == 0, "a second look finds nothing else"
            return [tuple(row) for row in await work.connection.execute(text(query), {"person": person_id})]

    def work(self) -> AbstractAsyncContextManager[SubsidyWork]:
        """A transaction of the service."""
        return self._subsidy.begin()


@pytest.fixture
async def county(subsidy: Works[SubsidyWork]) -> County:
    explanations.warm()
    county = County(subsidy)
    await county.hears()
    await county.grants(county.there)
    await county.grants(county.elsewhere)
    return county


async def test_months_before_keep_the_rate_of_the_county_given_up_and_later_ones_have_its_successors_id_21(
    county: County,
) -> None:
    county.register.give_up(OLD, NEW, on=EFFECTIVE)
    await county.hears()
    assert await county.due(county.there) == [80, 80, 100, 100]
    assert await county.due(county.elsewhere) == [60, 60, 60, 60], "a neighbour is not concerned"


async def test_what_was_known_before_the_change_was_learned_stays_on_record(county: County) -> None:
    async with county.work() as work:
        before = work.now()
    county.register.give_up(OLD, NEW, on=EFFECTIVE)
    await county.hears()
    assert await county.due(county.there, known_at=before) == [80, 80, 80, 80]


async def test_the_award_goes_on_in_the_successor_and_says_why_and_is_announced_once_id_21(county: County) -> None:
    change_id = county.register.give_up(OLD, NEW, on=EFFECTIVE)
    await county.hears()
    await county.hears()
    assert await county.found(
        "SELECT a.division, a.status, a.version, s.cause_kind, s.cause_id FROM award a "
        "JOIN award_step s USING (award_id, version) WHERE a.person_id = :person",
        county.there,
    ) == [(f"{NEW}001001", "ACTIVE", 2, "DIVISION_SUCCEEDED", change_id)]
    told = "SELECT type, division FROM journal WHERE aggregate_id = :person ORDER BY position DESC LIMIT 1"
    assert await county.found(told, county.there) == [("subsidy.award.changed.v1", f"{NEW}001001")]
    assert await county.found("SELECT division, version FROM award WHERE person_id = :person", county.elsewhere) == [
        (f"{NEIGHBOUR}001001", 1)
    ]


async def test_leaving_the_successor_stops_an_award_of_the_county_given_up_id_21_sub_38(county: County) -> None:
    county.register.give_up(OLD, NEW, on=EFFECTIVE)
    county.register.transfer(county.card, to=f"{NEIGHBOUR}001002", on=date(2026, 6, 20))
    await county.hears()
    assert await county.due(county.there) == [80, 80, 100, 0]
    assert await county.found("SELECT status, effective_month FROM award WHERE person_id = :person", county.there) == [
        ("SUSPENDED", "2026-07")
    ]


async def test_a_household_that_only_moves_house_is_stopped_as_ever_sub_38(county: County) -> None:
    county.register.give_up(OLD, NEW, on=EFFECTIVE)
    mover = county.register.register(f"{NEIGHBOUR}002001", on=date(2020, 1, 6))
    card = county.register.issue(mover, on=date(2020, 1, 6), until=date(2030, 1, 5))
    await county.hears()
    await county.grants(mover)
    county.register.transfer(card, to=f"{NEW}001002", on=date(2026, 5, 20))
    await county.hears()
    assert await county.due(mover) == [60, 60, 0, 0]


async def test_an_award_granted_after_the_change_is_paid_by_both_counties_policies_in_turn_id_21(
    subsidy: Works[SubsidyWork],
) -> None:
    county = County(subsidy)
    await county.hears()
    county.register.give_up(OLD, NEW, on=EFFECTIVE)
    await county.hears()
    await county.grants(county.there, on=date(2026, 5, 11))
    assert await county.due(county.there) == [0, 80, 100, 100]


async def test_two_changes_one_after_the_other_make_one_line_id_21(county: County) -> None:
    county.register.give_up(OLD, NEW, on=EFFECTIVE)
    county.register.give_up(NEW, NEIGHBOUR, on=date(2026, 7, 1))
    await county.hears()
    assert await county.due(county.there) == [80, 80, 100, 60]
    assert await county.found(
        "SELECT county FROM determination WHERE person_id = :person AND known_to = 'infinity'", county.there
    ) == [(f"{OLD}>2026-06:{NEW}>2026-07:{NEIGHBOUR}",)]


async def test_of_two_merged_counties_each_keeps_its_own_past_id_21(county: County) -> None:
    change_id = county.register.give_up(OLD, NEW, on=EFFECTIVE)
    county.register.give_up(NEIGHBOUR, NEW, on=EFFECTIVE, change_id=change_id)
    await county.hears()
    assert await county.due(county.there) == [80, 80, 100, 100]
    assert await county.due(county.elsewhere) == [60, 60, 100, 100]


async def test_a_successor_without_a_rate_is_an_error_held_for_a_clerk_never_the_old_rate_id_21_read_14(
    county: County,
) -> None:
    county.register.give_up(OLD, "341598", on=EFFECTIVE)
    await county.hears()
    nation = replace(pays("*", 0), schemes={Scheme.NURSING: replace(pays("*", 0).schemes[Scheme.NURSING], tariff=None)})
    async with county.work() as work:
        answers = await decide(
            work.connection,
            months=[Month(2026, 5), Month(2026, 6)],
            population=Population.of([county.there]),
            policy=[*POLICY, nation],
        )
    assert [(answer.month, answer.due_fen, answer.problem) for answer in sorted(answers, key=_by_month)] == [
        (Month(2026, 5), 8000, None),
        (Month(2026, 6), None, "NO_RATE"),
    ]


def _by_month(answer: Answer) -> Month:
    return answer.month


async def test_rights_are_those_of_the_successor_id_21(county: County) -> None:
    county.register.give_up(OLD, NEW, on=EFFECTIVE)
    await county.hears()
    ((award_id,),) = await county.found("SELECT award_id FROM award WHERE person_id = :person", county.there)
    async with county.work() as work:
        assert await work.awards.lock(award_id, within=Scope.of(NEW)) is not None
        assert await work.awards.lock(award_id, within=Scope.of(OLD)) is None
        assert await work.awards.lock(award_id, within=Scope.of(NEIGHBOUR)) is None


async def test_who_is_asked_for_all_who_are_alike_gives_the_same_answers_after_a_change_id_21(county: County) -> None:
    county.register.give_up(OLD, NEW, on=EFFECTIVE)
    await county.hears()
    async with county.work() as work:
        crowd = await engine.set_apart(
            work.connection, Population.within(NEW), months=MONTHS, books=[PolicyBook(POLICY)], homes=False
        )
        await engine.hold(work.connection, "asked", crowd, book=PolicyBook(POLICY))
        rows = await work.connection.execute(text("SELECT person_id, county, due_fen FROM asked ORDER BY month"))
        assert [tuple(row) for row in rows] == [(county.there, NEW, fen) for fen in (8000, 8000, 10000, 10000)], (
            "and whatever is open the successor pays"
        )


_THEIRS: Final = (
    (
        "INSERT INTO application (application_id, person_id, version, scheme, channel, filed_by, state, home, "
        "acceptance, application_date, entered_on, remote, pushed_late, decided_late, told_late, papers, "
        "asked_papers, accepted_by) "
        "VALUES (uuidv7(), :person, 1, 'living_subsidy', 'WINDOW', 'APPLICANT', 'SUBMITTED', :home, :home, "
        "'2026-05-04', '2026-05-04', false, false, false, false, '', '', 'clerk')"
    ),
    (
        "INSERT INTO finding (finding_id, version, kind, person_id, scheme, division, month, since, amount_fen, "
        "rules, state, found_at) VALUES (uuidv7(), 1, 'ELIGIBLE_UNPAID', :person, 'living_subsidy', :home, "
        "'2026-05-01', "
        "'2026-05-01', 8000, 0, 'OPEN', now())"
    ),
    (
        "INSERT INTO proactive_reminder (reminder_id, version, person_id, cause, cause_id, cause_on, schemes, "
        "amount_fen, division, division_found, found_on, state) VALUES (uuidv7(), 1, :person, 'NEW_CARD', uuidv7(), "
        "'2026-05-02', "
        "'{living_subsidy}', 8000, :home, :home, '2026-05-03', 'OPEN')"
    ),
    (
        "INSERT INTO suspect (suspect_id, version, check_id, person_id, division, month, facts, evidence, state, "
        "due_on, judgment_seen, reopened) VALUES (uuidv7(), 1, 'DX-10', :person, :home, '2026-05-01', '', "
        """'{"said": [], "drawn": {}}', 'IN_VERIFICATION', '2026-06-30', false, 0)"""
    ),
)
_WHERE: Final = (
    "SELECT home FROM application WHERE person_id = :person UNION ALL SELECT division FROM finding "
    "WHERE person_id = :person UNION ALL SELECT division FROM proactive_reminder WHERE person_id = :person "
    "UNION ALL SELECT division FROM suspect WHERE person_id = :person"
)


async def test_open_work_goes_on_in_the_successor_and_the_trail_says_from_where_to_where_and_how_much_id_21(
    county: County,
) -> None:
    async with county.work() as work:
        for statement in _THEIRS:
            await work.connection.execute(text(statement), {"person": county.there, "home": f"{OLD}001001"})
    county.register.give_up(OLD, NEW, on=EFFECTIVE)
    await county.hears()
    assert await county.found(_WHERE, county.there) == [(f"{NEW}001001",)] * 4
    ((told,),) = await county.found(
        "SELECT concat_ws(' ', division, detail) FROM audit "
        "WHERE what = 'division.succeeded' AND CAST(:person AS uuid) IS NOT NULL",
        county.there,
    )
    assert told.startswith(NEW)


async def test_an_explanation_names_the_counties_in_turn_id_21(county: County) -> None:
    county.register.give_up(OLD, NEW, on=EFFECTIVE)
    await county.hears()
    async with county.work() as work:
        for document in POLICY:
            stored = await POLICIES.draft(work.connection, work.new_id(), document, by="a")
            await POLICIES.put_in_force(work.connection, stored, approved_by="b")
        why = await explanations.explain(work.connection, county.there, Scheme.NURSING, Month(2026, 7), known_at=None)
    assert (why.county, why.succeeded, why.answer.due_fen) == (NEW, (OLD, NEW), 10000)
