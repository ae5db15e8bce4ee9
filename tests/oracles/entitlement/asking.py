"""Asks the engine what the oracle was asked: stores histories, decides, and takes everything back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.subsidy.adapters.engine import decide
from services.subsidy.domain.decisions import Answer
from services.subsidy.domain.entitlement.decision import ALL_RULES, RuleSet
from services.subsidy.domain.entitlement.rules import RULES
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.policy import PolicyDocument
from shared.values.month import Month
from tests.builders.facts import learn, withdraw
from tests.oracles.entitlement.compare import NOTHING, Key, Three, expected, simpler, together
from tests.oracles.entitlement.histories import MONTHS, SCHEMES, History
from tests.oracles.entitlement.policy import Policy
from tests.oracles.entitlement.profile_cases import PROFILE_CASES
from tests.oracles.entitlement.rule_cases import RULE_CASES
from tests.oracles.entitlement.worked_cases import WORKED_CASES, WorkedCase

CASES: Final = (*WORKED_CASES, *RULE_CASES, *PROFILE_CASES)


@asynccontextmanager
async def stored(engine: AsyncEngine, histories: Iterable[History]) -> AsyncIterator[AsyncConnection]:
    """A connection that sees these histories; nothing of them stays."""
    async with engine.connect() as connection:
        await connection.begin()
        # What a batch expects is worked out while its transaction waits; on a busy machine every statement is slow.
        await connection.execute(text("SET LOCAL statement_timeout = 0"))
        await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        for moment in together(histories):
            if moment.learned:
                await learn(connection, *moment.learned, at=moment.at)
            if moment.withdrawn:
                await withdraw(connection, *moment.withdrawn, at=moment.at)
        yield connection
        await connection.rollback()


async def said_by_engine(
    connection: AsyncConnection,
    histories: Sequence[History],
    policy: Sequence[PolicyDocument],
    months: Sequence[Month],
    known_at: datetime | None = None,
    *,
    rules: RuleSet = ALL_RULES,
) -> dict[Key, Three]:
    """The engine's answers."""
    answers = await answers_of(connection, histories, policy, months, known_at, rules=rules)
    return {key: three_of(answer) for key, answer in answers.items()}


async def answers_of(
    connection: AsyncConnection,
    histories: Sequence[History],
    policy: Sequence[PolicyDocument],
    months: Sequence[Month],
    known_at: datetime | None = None,
    *,
    rules: RuleSet = ALL_RULES,
) -> dict[Key, Answer]:
    """The engine's answers with all they tell."""
    answers = await decide(
        connection,
        months=months,
        population=Population.of([history.person_id for history in histories]),
        known_at=known_at,
        policy=policy,
        rules=rules,
    )
    return {(answer.person_id, answer.scheme, answer.month): answer for answer in answers}


def three_of(answer: Answer | None) -> Three:
    """The amounts of an answer; no answer is nothing."""
    return NOTHING if answer is None else Three(answer.entitled_fen, answer.due_fen, answer.payable_fen)


def apart(said: dict[Key, Three], wanted: dict[Key, Three]) -> dict[Key, tuple[Three, Three]]:
    """Where they differ: what was said, what was wanted."""
    return {key: (said.get(key, NOTHING), want) for key, want in wanted.items() if said.get(key, NOTHING) != want}


async def differences(
    engine: AsyncEngine,
    histories: Sequence[History],
    policy: Sequence[PolicyDocument],
    known_at: datetime | None = None,
) -> dict[Key, tuple[Three, Three]]:
    """Where engine and oracle differ."""
    async with stored(engine, histories) as connection:
        said = await said_by_engine(connection, histories, policy, MONTHS, known_at)
    return apart(said, expected(histories, Policy(policy), SCHEMES, MONTHS, known_at))


async def smallest(
    engine: AsyncEngine, history: History, policy: Sequence[PolicyDocument], known_at: datetime | None
) -> History:
    """A history from which nothing can be left out without the difference going away."""
    room = 1 << 16
    tried = [less.about(UUID(int=room * number)) for number, less in enumerate(simpler(history), start=1)]
    found = {person_id for person_id, *_ in await differences(engine, tried, policy, known_at)} if tried else set()
    less = next((each for each in tried if each.person_id in found), None)
    return history if less is None else await smallest(engine, less, policy, known_at)


def alike(cases: Iterable[WorkedCase]) -> list[list[WorkedCase]]:
    """The cases in groups that can be asked together: of one policy and one day of knowing."""
    groups: dict[object, list[WorkedCase]] = defaultdict(list)
    for case in cases:
        groups[tuple(map(id, case.policy)), case.known_at].append(case)
    return list(groups.values())


def history_of(case: WorkedCase) -> History:
    """The history behind a case."""
    return History(case.person_id, case.history)


async def wrong_answers(
    connection: AsyncConnection, cases: Sequence[WorkedCase], rules: RuleSet = ALL_RULES
) -> list[str]:
    """What the engine says of cases that are alike and the text does not."""
    wanted = {
        (case, result, scheme, Month.parse(month)): None if yuan is None else yuan * 100
        for case in cases
        for result in ("entitled", "due", "payable")
        for scheme, amounts in getattr(case, result).items()
        for month, yuan in amounts.items()
    }
    reasons = {
        (case, scheme, Month.parse(month)): set(named.split())
        for case in cases
        for scheme, told in case.because.items()
        for month, named in told.items()
    }
    months = sorted({month for *_, month in wanted} | {month for *_, month in reasons})
    said = await answers_of(
        connection, [history_of(case) for case in cases], cases[0].policy, months, cases[0].known_at, rules=rules
    )
    found = {key: getattr(three_of(said.get((key[0].person_id, key[2], key[3]))), key[1]) for key in wanted}
    amounts = [
        f"{case.name}: {result} {scheme} {month} is {found[case, result, scheme, month]}, not {fen}"
        for (case, result, scheme, month), fen in wanted.items()
        if found[case, result, scheme, month] != fen
    ]
    silent = [
        f"{case.name}: {scheme} {month} does not name {', '.join(sorted(untold))}"
        for (case, scheme, month), named in reasons.items()
        if (untold := named - _named(said.get((case.person_id, scheme, month))))
    ]
    return amounts + silent


def _named(answer: Answer | None) -> set[str]:
    """The rules that say no."""
    return set() if answer is None else {rule.id for rule in RULES if answer.rules >> rule.number & 1}
