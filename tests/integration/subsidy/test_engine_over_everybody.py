"""Work over everybody asks about one of those who are alike; what it says of each is what is said of them alone."""

from collections import Counter
from typing import Final

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.subsidy.adapters import engine, tables_facts
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


async def said_over_everybody(
    connection: AsyncConnection, policy: list[PolicyDocument], months: list[Month]
) -> dict[Key, Three]:
    """Each month by the work over everybody, in a transaction of its own."""
    said: dict[Key, Three] = {}
    for month in months:
        savepoint = await connection.begin_nested()
        book = PolicyBook(policy)
        crowd = await set_apart(connection, Population.everyone(), months=[month], books=[book])
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


async def test_who_has_a_second_award_of_a_scheme_is_like_nobody(subsidy_engine: AsyncEngine) -> None:
    drawn = batch(1, 30)
    async with stored(subsidy_engine, drawn.histories) as connection:
        award = tables_facts.determination.c
        rows = (await connection.execute(select(award.person_id, award.scheme, award.single))).all()
    number = Counter((row.person_id, row.scheme) for row in rows)
    assert max(number.values()) > 1
    assert all(row.single == (number[row.person_id, row.scheme] == 1) for row in rows)
