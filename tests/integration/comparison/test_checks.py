"""What is planted is found, and nothing else: the sixteen checks of RULES 9, each with its negative twins."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import pytest

from services.subsidy.adapters.schema import metadata
from services.subsidy.domain.comparison.checks import CHECKS
from services.subsidy.domain.comparison.lists import ListKind
from services.subsidy.domain.person_facts import FactKind
from shared.values.award import Scheme
from tests.builders.databases import empty
from tests.integration.comparison.conftest import County, Made, opened

L, F, S = ListKind, FactKind, Scheme
Plant = Callable[[County], Awaitable[UUID]]


@dataclass(frozen=True)
class Case:
    """Somebody, in a sentence, and the checks that hit them."""

    sentence: str
    plant: Plant
    hits: frozenset[str] = frozenset()


CASES: list[Case] = []


def planted(sentence: str, *hits: str) -> Callable[[Plant], Plant]:
    """One case."""

    def add(plant: Plant) -> Plant:
        CASES.append(Case(sentence, plant, frozenset(hits)))
        return plant

    return add


def listed(
    sentence: str, *hits: str, of: Callable[[County], Awaitable[UUID]] | None = None, told: tuple[object, ...]
) -> None:
    """Somebody in order, of whom a list says something."""
    kind, day, more = (*told, {})[:3] if len(told) == 2 else told

    async def plant(county: County) -> UUID:
        person = await (of or County.holder)(county)
        await county.told(kind, person, day, **more)  # type: ignore[arg-type]
        return person

    CASES.append(Case(sentence, plant, frozenset(hits)))


def holder(**given: object) -> Callable[[County], Awaitable[UUID]]:
    """Somebody otherwise in order."""
    return lambda county: county.holder(**given)  # type: ignore[arg-type]


@planted("in order, and on no list")
async def in_order(county: County) -> UUID:
    return await county.holder()


NURSED, LIVING = holder(schemes=(S.NURSING,), poor=False), holder(schemes=(S.LIVING,), grade=3)
listed(
    "died in April by the police, May was paid: nursing",
    "DX-10",
    "DX-12",
    of=NURSED,
    told=(L.DEATH_POLICE, "2026-04-20"),
)
listed("cremated in May, the living award runs", "DX-11", "DX-12", of=LIVING, told=(L.CREMATION, "2026-05-31"))
listed("a death certificate, both are drawn", "DX-10", "DX-11", "DX-12", told=(L.DEATH_HEALTH, "2026-03-02"))
listed("died this month: its month is due, the card is active (SUB-38)", "DX-12", told=(L.DEATH_POLICE, "2026-06-01"))


@planted("died, and the register knew at once: nothing is news")
async def known_death(county: County) -> UUID:
    person = await county.holder(paid=("2026-04",))
    await county.sql("UPDATE award SET status = 'SUSPENDED' WHERE person_id = :person", person=person)
    await county.sql("UPDATE copy_registry_person SET died_on = '2026-04-20' WHERE person_id = :person", person=person)
    await county.sql(
        "UPDATE copy_registry_certificate SET status = 'CANCELLED' WHERE person_id = :person", person=person
    )
    await county.told(L.DEATH_POLICE, person, "2026-04-20")
    return person


@planted("the register knows a death of May, a list tells of March: April and May were paid", "DX-10", "DX-11")
async def earlier_death(county: County) -> UUID:
    person = await known_death(county)
    await county.sql("UPDATE copy_registry_person SET died_on = '2026-05-20' WHERE person_id = :person", person=person)
    await county.told(L.CREMATION, person, "2026-03-03")
    return person


@planted("dead by the register, the card still active", "DX-12")
async def dead_with_card(county: County) -> UUID:
    person = await county.holder(schemes=(), grade=3, poor=False)
    await county.sql("UPDATE copy_registry_person SET died_on = '2026-06-03' WHERE person_id = :person", person=person)
    return person


def card_state(state: str, *, award: str = "SUSPENDED") -> Plant:
    async def plant(county: County) -> UUID:
        person = await county.holder(expires=date(2026, 5, 31))
        await county.sql("UPDATE award SET status = :status WHERE person_id = :person", status=award, person=person)
        await county.sql(
            "UPDATE copy_registry_certificate SET status = :state WHERE person_id = :person", state=state, person=person
        )
        return person

    return plant


CASES += [
    Case("alive, the card expired", card_state("EXPIRED"), frozenset({"DX-13"})),
    Case("past its expiry, and the card is shown as valid", card_state("VALID"), frozenset({"DX-14"})),
    Case("cancelled, the awards stopped with it", card_state("CANCELLED")),
    Case("cancelled, and the awards run on", card_state("CANCELLED", award="ACTIVE"), frozenset({"DX-15"})),
    Case("valid and lost: an active card (READ-09)", holder()),
]


@planted("expired, and somebody who never drew anything")
async def never_drew(county: County) -> UUID:
    person = await county.holder(schemes=())
    await county.sql("UPDATE copy_registry_certificate SET status = 'EXPIRED' WHERE person_id = :person", person=person)
    return person


listed(
    "the federation's list says cancelled", "DX-15", told=(L.CERTIFICATES, "2020-03-01", {"card_state": "CANCELLED"})
)
listed("the federation's list says valid", told=(L.CERTIFICATES, "2020-03-01", {"card_state": "VALID"}))
listed("an old list says expired, the card is newer", told=(L.CERTIFICATES, "2010-03-01", {"card_state": "EXPIRED"}))
ELSEWHERE: Final = L.PAID_ELSEWHERE
listed("May was paid in another province too", "DX-16", told=(ELSEWHERE, "2026-05-01", {"scheme": "nursing_subsidy"}))
listed(
    "another province pays the other subsidy", of=NURSED, told=(ELSEWHERE, "2026-05-01", {"scheme": "living_subsidy"})
)
listed(
    "another province paid before this one began",
    told=(ELSEWHERE, "2023-01-01", {"scheme": "nursing_subsidy", "until": date(2024, 1, 1)}),
)
listed("特困 and both subsidies (SUB-07)", "DX-17", told=(L.TEKUN, "2026-03-01"))
listed("work-injury care and nursing (SUB-08)", "DX-17", of=NURSED, told=(L.WORK_INJURY_CARE, "2026-03-01"))
listed("an orphan with the living subsidy (SUB-09)", "DX-17", of=LIVING, told=(L.ORPHAN, "2026-03-01"))
listed("an orphan with the nursing subsidy alone (SUB-09)", of=NURSED, told=(L.ORPHAN, "2026-03-01"))
listed("an unattended child in full, living (SUB-10)", "DX-17", of=LIVING, told=(L.UNATTENDED_FULL, "2026-03-01"))
listed(
    "a higher elder nursing payment (SUB-11)",
    "DX-17",
    of=NURSED,
    told=(L.ELDER_NURSING, "2026-03-01", {"amount_fen": 9_000}),
)
listed("特困 that ended before the award (READ-01)", told=(L.TEKUN, "2022-03-01", {"until": date(2023, 3, 1)}))
listed("特困 from this month on: the month is due", told=(L.TEKUN, "2026-06-02"))


@planted("特困, recorded as a fact: the one expression stops it")
async def known_tekun(county: County) -> UUID:
    person = await county.holder(paid=("2026-03",))
    await county.fact(person, F.TEKUN, "2026-03-01")
    await county.told(L.TEKUN, person, "2026-03-01")
    return person


listed("left dibao in April, living is drawn", "DX-18", told=(L.DIBAO_EXIT, "2026-04-30"))
listed("left dibao, only nursing is drawn (SUB-39)", of=holder(schemes=(S.NURSING,)), told=(L.DIBAO_EXIT, "2026-04-30"))
listed("left dibao before the award began: back since", told=(L.DIBAO_EXIT, "2023-04-30"))
TOWN_OF_ROSTER = "341502077001"


@planted("on the roster of May, missing from that of June", "DX-18")
async def gone_from_roster(county: County) -> UUID:
    person = await county.holder(schemes=(S.LIVING,), grade=3, division=TOWN_OF_ROSTER)
    await county.told(L.DIBAO_ROSTER, person)
    await county.sql("UPDATE list_entry SET last_seen_on = '2026-05-11' WHERE person_id = :person", person=person)
    return person


listed(
    "on the roster of June",
    of=holder(schemes=(S.LIVING,), grade=3, division=TOWN_OF_ROSTER),
    told=(L.DIBAO_ROSTER, None),
)
listed("judged in April, May was paid", "DX-19", told=(L.PRISON, "2026-04-02", {"judged": True}))
listed("detained: looked at, never by itself (SUB-42)", "DX-19", told=(L.PRISON, "2026-04-02"))
listed(
    "released before the award (READ-01)", told=(L.PRISON, "2020-01-01", {"until": date(2023, 1, 1), "judged": True})
)
listed("the household moved out in April", "DX-20", told=(L.HOUSEHOLD_MOVE, "2026-04-09"))
listed("moved out this month: it is due here (READ-09)", told=(L.HOUSEHOLD_MOVE, "2026-06-09"))
listed("moved before it applied here", told=(L.HOUSEHOLD_MOVE, "2023-06-09"))
NOT_POOR: Final = holder(schemes=(), grade=3, poor=False)
listed("on the roster with a card, no living award", "DX-21", of=NOT_POOR, told=(L.DIBAO_ROSTER, None))
CASES += [
    Case("grade 1, no nursing award", holder(schemes=(), grade=1, poor=False), frozenset({"DX-21"})),
    Case("grade 3, not poor: nothing is unpaid", NOT_POOR),
    Case(
        "a card of April, grade 2, nothing asked",
        holder(schemes=(), issued=date(2026, 4, 1), expires=date(2036, 4, 1), poor=False),
        frozenset({"DX-22"}),
    ),
    Case("a card of this month", holder(schemes=(), issued=date(2026, 6, 1), expires=date(2036, 6, 1), poor=False)),
    Case("a new card, and an award", holder(issued=date(2026, 4, 1), expires=date(2036, 4, 1))),
]
listed("特困 is no case of unpaid (SUB-07)", of=holder(schemes=(), grade=1, poor=False), told=(L.TEKUN, "2024-01-01"))


@planted("gave it up: nobody's case (SUB-43)")
async def own_wish(county: County) -> UUID:
    person = await county.holder(schemes=(), grade=1, poor=False)
    await county.fact(person, F.OWN_WISH, "2025-01-01")
    return person


SAME: Final = {"category": 4, "grade": 2, "card_state": "VALID"}
listed("another grade in the federation's list", "DX-23", told=(L.CERTIFICATES, "2020-03-01", SAME | {"grade": 3}))
listed("another category", "DX-23", told=(L.CERTIFICATES, "2020-03-01", SAME | {"category": 6}))
listed("the same card", told=(L.CERTIFICATES, "2020-03-01", SAME))


def sharing(index: str) -> Plant:
    async def plant(county: County) -> UUID:
        person = await county.holder()
        await county.sql(
            "UPDATE payee SET account_index = convert_to(:index, 'UTF8') WHERE person_id = :person",
            index=index,
            person=person,
        )
        return person

    return plant


CASES += [Case(f"one account of three persons: {n}", sharing("three"), frozenset({"DX-24"})) for n in (1, 2, 3)]
CASES += [Case(f"one account of two: a family, {n}", sharing("two")) for n in (1, 2)]


def returned(reason: str) -> Plant:
    async def plant(county: County) -> UUID:
        person = await county.holder(paid=("2026-05",), schemes=(S.NURSING,), poor=False)
        await county.sql(
            "INSERT INTO line_turn (month, person_id, scheme, seq, no, run_id, county, state, amount_fen, reason, at, "
            "recorded_by) SELECT month, person_id, scheme, seq, 2, run_id, county, 'RETURNED', amount_fen, :reason, "
            "clock_timestamp(), 'test' FROM line WHERE person_id = :person",
            reason=reason,
            person=person,
        )
        return person

    return plant


CASES += [
    Case("the bank says the account is another's", returned("NAME_MISMATCH"), frozenset({"DX-24"})),
    Case("the bank says the account is closed", returned("ACCOUNT_CLOSED")),
]
listed("papers said to be altered", "DX-25", told=(L.CERTIFICATE_ALTERED, "2026-06-02"))
listed(
    "papers said to be altered, nothing was ever drawn",
    of=holder(schemes=(), grade=3, poor=False),
    told=(L.CERTIFICATE_ALTERED, "2026-06-02"),
)


@dataclass(frozen=True)
class Planted:
    """Every case with its person, whom the checks hit, and the county as it stands then."""

    persons: dict[str, UUID]
    found: set[tuple[str, UUID]]
    county: County


@pytest.fixture(scope="module")
async def compared(made: Made) -> AsyncIterator[Planted]:
    await empty(made.works.engine, metadata)
    async with opened(made) as county:
        persons = {case.sentence: await case.plant(county) for case in CASES}
        await county.compare()
        yield Planted(persons, await county.found(), county)


@pytest.mark.parametrize("case", CASES, ids=[case.sentence for case in CASES])
async def test_each_case_is_hit_by_its_checks_and_by_no_other(compared: Planted, case: Case) -> None:
    person = compared.persons[case.sentence]
    assert {check for check, hit in compared.found if hit == person} == case.hits


async def test_recall_and_precision_are_whole_for_every_check(compared: Planted) -> None:
    """DX-10, DX-11, DX-12, DX-13, DX-14, DX-15, DX-16, DX-17; DX-18, DX-19, DX-20, DX-21,
    DX-22, DX-23, DX-24, DX-25.

    Printed: persons found of those planted, and planted of those found.
    """
    for check in CHECKS:
        wanted = {compared.persons[case.sentence] for case in CASES if check.id in case.hits}
        found = {person for hit, person in compared.found if hit == check.id}
        right = len(wanted & found)
        print(f"{check.id}: recall {right}/{len(wanted)}, precision {right}/{len(found)}")
        assert wanted, check.id
        assert found == wanted, check.id


async def test_the_same_comparison_again_changes_nothing_rules_12_7(compared: Planted) -> None:
    """SUB-70, SUB-76, DX-03: it may be run as often as anybody likes."""
    county, everything = compared.county, "SELECT * FROM suspect ORDER BY suspect_id"
    before = await county.rows(everything)
    again = await county.compare()
    assert sum(each.opened + each.reopened for each in again.values()) == 0
    assert await county.rows(everything) == before


async def test_evidence_names_lists_days_and_what_is_at_stake_and_no_person(compared: Planted) -> None:
    person = compared.persons["a death certificate, both are drawn"]
    (row,) = await compared.county.rows(
        "SELECT evidence, holds FROM suspect WHERE check_id = 'DX-10' AND person_id = :person", person=person
    )
    assert row.evidence["said"] == [{"list": "DEATH_HEALTH", "on": "2026-03-02", "until": None, "judged": False}]
    assert row.evidence["drawn"] == {
        "schemes": ["nursing_subsidy"],
        "first": "2026-04-01",
        "last": "2026-06-01",
        "months": 3,
        "amount_fen": 16_000,
    }
    assert row.holds


async def test_only_deaths_and_seen_judgments_hold_money_by_default_read_22(compared: Planted) -> None:
    rows = await compared.county.rows("SELECT check_id, judgment_seen FROM suspect WHERE holds")
    assert {row.check_id for row in rows} == {"DX-10", "DX-11", "DX-19"}
    assert all(row.judgment_seen for row in rows if row.check_id == "DX-19")
    assert await compared.county.rows("SELECT 1 FROM suspect WHERE check_id = 'DX-19' AND NOT judgment_seen")


async def test_another_county_is_left_alone(county: County) -> None:
    here, there = await county.holder(), await county.holder(division="341503001001")
    for person in (here, there):
        await county.told(L.DEATH_POLICE, person, "2026-04-01")
    await county.compare(division="341503")
    assert {person for _, person in await county.found()} == {there}
