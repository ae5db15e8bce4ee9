"""Work over everybody asks about one of those who are alike; what it says of each is what is said of them alone."""

from collections import Counter
from typing import Final

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.subsidy.adapters import engine, policy_documents, tables_facts
from services.subsidy.adapters.engine import answer_of, hold, set_apart
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.policy import PolicyDocument
from services.subsidy.domain.policy_book import PolicyBook
from shared.values.month import Month
from tests.builders import province
from tests.oracles.entitlement.asking import CASES, alike, apart, history_of, said_by_engine, stored
from tests.oracles.entitlement.compare import Key, Three
from tests.oracles.entitlement.drawing import batch
from tests.oracles.entitlement.histories import MONTHS

SOME: Final = MONTHS[::18]


_MANY: Final = 3 * province.THOUSAND
_EXCEPTIONS: Final = {
    "division": "3415",
    "title": "a transition, and dates that are not included",
    "legal_basis": "test",
    "since": "2018-07",
    "transitions": [{"first_day": "2025-01-15", "last_day": "2025-04-20", "reason": "test"}],
    "switches": {"expiry_inclusive": False},
    "schemes": {"living_subsidy": {"coverage": {"cards": [{"grades": [1, 2, 3]}], "income": {"classes": ["DIBAO"]}}}},
}
_MONTH_OF: Final = "CAST(12 * extract(year FROM {0}) + extract(month FROM {0}) - 1 AS int)"


def _moved(table: str, *days: str, salt: str = "person") -> str:
    """A statement that moves dates by some days, as many for one person as the salt says."""
    by = f"(abs(hashtext('{salt}' || person_id)) % :spread - :spread / 2)"
    return f"UPDATE {table} SET " + ", ".join(
        f"{day} = CASE WHEN isfinite({day}) THEN {day} + {by} ELSE {day} END" for day in days
    )


_SHIFTED: Final = (
    _moved("held_card", "issued_on", salt="issue"),
    _moved("held_card", "expires_on", salt="expiry"),
    _moved("held_card", "cancelled_on", salt="spell"),
    "UPDATE held_card SET issued_month = " + _MONTH_OF.format("issued_on") + ", expiry_month = "
    + _MONTH_OF.format("expires_on"),
    _moved("determination", "application_date", salt="application"),
    "UPDATE determination SET application_month = " + _MONTH_OF.format("application_date"),
    _moved("level", "valid_from", "valid_to", salt="level"),
    "UPDATE level SET month_before = " + _MONTH_OF.format("(valid_from - 1)") + " WHERE isfinite(valid_from)",
    _moved("spell", "valid_from", "run_from", salt="spell"),
    "UPDATE spell SET event_month = " + _MONTH_OF.format("run_from"),
)  # fmt: skip


async def said_over_everybody(
    connection: AsyncConnection,
    policy: list[PolicyDocument],
    months: list[Month],
    schemes: list[str] | None = None,
) -> dict[Key, Three]:
    """Each month by the work over everybody, in a transaction of its own."""
    said: dict[Key, Three] = {}
    for month in months:
        savepoint = await connection.begin_nested()
        book = PolicyBook(policy)
        crowd = await set_apart(connection, Population.everyone(), months=[month], books=[book], schemes=schemes)
        await hold(connection, "answers", crowd, book=book)
        for row in await connection.execute(text("SELECT * FROM answers")):
            answer = answer_of(row)
            said[answer.person_id, answer.scheme, answer.month] = Three(
                answer.entitled_fen, answer.due_fen, answer.payable_fen
            )
        await savepoint.rollback()
    return said


async def test_the_cases_of_the_text_come_out_alike_over_everybody(subsidy_engine: AsyncEngine) -> None:
    for cases in alike(CASES)[::12]:
        histories = [history_of(case) for case in cases]
        policy = list(cases[0].policy)
        months = sorted({Month.parse(month) for case in cases for amounts in case.due.values() for month in amounts})
        async with stored(subsidy_engine, histories) as connection:
            alone = await said_by_engine(connection, histories, policy, months)
            everybody = await said_over_everybody(connection, policy, months)
        assert apart(everybody, alone) == {}


@pytest.mark.parametrize("number", [1])
async def test_random_lives_come_out_alike_over_everybody(subsidy_engine: AsyncEngine, number: int) -> None:
    drawn = batch(number, 30)
    async with stored(subsidy_engine, drawn.histories) as connection:
        alone = await said_by_engine(connection, drawn.histories, drawn.policy, SOME)
        everybody = await said_over_everybody(connection, list(drawn.policy), list(SOME))
    assert apart(everybody, alone) == {}


async def test_a_scheme_comes_out_alone_as_it_does_among_all(subsidy_engine: AsyncEngine) -> None:
    drawn = batch(2, 30)
    entitled = set()
    async with stored(subsidy_engine, drawn.histories) as connection:
        alone = await said_by_engine(connection, drawn.histories, drawn.policy, SOME)
        for scheme in PolicyBook(drawn.policy).schemes:
            said = await said_over_everybody(connection, list(drawn.policy), list(SOME), [scheme])
            of_it = {key: three for key, three in said.items() if key[1] == scheme}
            assert apart(of_it, {key: three for key, three in alone.items() if key[1] == scheme}) == {}
            entitled |= {scheme for three in of_it.values() if three.entitled}
    assert entitled


async def test_a_province_comes_out_alike_and_few_of_it_are_asked_about(subsidy_engine: AsyncEngine) -> None:
    months = [province.MONTH, province.MONTH.previous(), province.MONTH.plus(-80)]
    persons = [province.person_of(number) for number in range(province.THOUSAND)]
    async with subsidy_engine.connect() as connection:
        await connection.begin()
        await province.settle(connection, province.THOUSAND)
        everybody = await said_over_everybody(connection, province.policy(), months)
        book = PolicyBook(province.policy())
        crowd = await set_apart(connection, Population.everyone(), months=months, books=[book])
        asked = await connection.scalar(text("SELECT count(*) FROM alike"))
        answers = await engine.decide(
            connection, months=months, population=Population.of(persons), policy=province.policy()
        )
        await connection.rollback()
    alone = {
        (each.person_id, each.scheme, each.month): Three(each.entitled_fen, each.due_fen, each.payable_fen)
        for each in answers
    }
    assert apart(everybody, alone) == {}
    assert apart(alone, everybody) == {}
    assert crowd.months == months
    assert asked is not None
    assert 0 < asked <= province.THOUSAND // 5


@pytest.mark.parametrize("spread", [40, 900, 5_000])
async def test_lives_that_differ_in_their_dates_come_out_alike(subsidy_engine: AsyncEngine, spread: int) -> None:
    persons = Population.of(province.person_of(number) for number in range(_MANY))
    book = PolicyBook([*province.policy(), policy_documents.parse(_EXCEPTIONS)])
    asked = []
    async with subsidy_engine.connect() as connection:
        await connection.begin()
        await province.settle(connection, _MANY)
        for statement in _SHIFTED:
            await connection.execute(text(statement), {"spread": spread})
        for month in (province.MONTH.plus(-back) for back in (0, 2, 7, 14, 60, 84, 95)):
            savepoint = await connection.begin_nested()
            crowd = await set_apart(connection, Population.everyone(), months=[month], books=[book])
            await hold(connection, "answers", crowd, book=book)
            everybody = {answer_of(row) for row in await connection.execute(text("SELECT * FROM answers"))}
            asked.append(await connection.scalar(text("SELECT count(*) FROM alike")))
            await savepoint.rollback()
            alone = await engine.decide(connection, months=[month], population=persons, policy=book.documents)
            assert everybody == set(alone)
        await connection.rollback()
    assert min(asked) < _MANY * 2 / 3


async def test_who_has_a_second_award_of_a_scheme_is_like_nobody(subsidy_engine: AsyncEngine) -> None:
    drawn = batch(1, 30)
    async with stored(subsidy_engine, drawn.histories) as connection:
        award = tables_facts.determination.c
        rows = (await connection.execute(select(award.person_id, award.scheme, award.single))).all()
        merges = (await connection.execute(text("SELECT absorbed_id, person_id FROM copy_registry_merge"))).all()
    number = Counter((row.person_id, row.scheme) for row in rows)
    merged = {one for pair in merges for one in pair}
    assert max(number.values()) > 1
    assert not any(row.single for row in rows if number[row.person_id, row.scheme] > 1 or row.person_id in merged)
    assert all(row.single for row in rows if number[row.person_id, row.scheme] == 1 and row.person_id not in merged)


@pytest.mark.parametrize("homes", [True, False])
async def test_an_award_of_somebody_whose_home_is_not_known_comes_out_as_it_does_alone(
    subsidy_engine: AsyncEngine, *, homes: bool
) -> None:
    persons = [province.person_of(number) for number in range(province.THOUSAND)]
    astray = set(persons[::7])
    book, months = PolicyBook(province.policy()), [province.MONTH]
    async with subsidy_engine.connect() as connection:
        await connection.begin()
        await province.settle(connection, province.THOUSAND)
        await connection.execute(text("DELETE FROM home WHERE person_id = ANY(:astray)"), {"astray": list(astray)})
        crowd = await set_apart(connection, Population.everyone(), months=months, books=[book], homes=homes)
        await hold(connection, "answers", crowd, book=book)
        everybody = [answer_of(row) for row in await connection.execute(text("SELECT * FROM answers"))]
        alone = await engine.decide(
            connection, months=months, population=Population.of(persons), policy=book.documents, homes=homes
        )
        await connection.rollback()
    assert len(everybody) == len(set(everybody))
    assert set(everybody) == set(alone)
    assert any(each.award_id and each.due_fen for each in everybody if each.person_id in astray)
