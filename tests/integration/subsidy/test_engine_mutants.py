"""Every rule of the list matters: taken away or turned round, a case of the text or a random life gives it away.

Prints a table: which rule, what was done to it, by what it was caught.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import not_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.subsidy.domain.entitlement.decision import ALL_RULES, RuleSet
from services.subsidy.domain.entitlement.rules import BARS, CONDITIONS, Bar, Rule
from tests.oracles.entitlement.asking import (
    CASES,
    alike,
    apart,
    history_of,
    said_by_engine,
    stored,
    wrong_answers,
)
from tests.oracles.entitlement.compare import Key, Three, expected
from tests.oracles.entitlement.drawing import Batch, batch
from tests.oracles.entitlement.histories import MONTHS, SCHEMES
from tests.oracles.entitlement.policy import Policy
from tests.oracles.entitlement.worked_cases import WorkedCase

FULL: Final = os.environ.get("LIANGFU_PROFILE") == "full"
BATCHES, SIZE = (20, 60) if FULL else (0, 0)
"""Cases of the text catch every mutant already; the full profile has random lives behind them."""
EVERY: Final = 1 if FULL else 10
"""Of how many mutants the quick profile takes one."""


@dataclass(frozen=True)
class Mutant:
    """The list with something wrong about one rule."""

    rule: Rule
    done: str
    rules: RuleSet


def mutants() -> Iterator[Mutant]:
    """Each rule taken away, and each that bars turned round."""
    for rule in (*CONDITIONS, *BARS):
        yield Mutant(rule, "taken away", ALL_RULES.without(rule))
    for bar in BARS:
        turned = tuple(_turned(each) if each is bar else each for each in BARS)
        yield Mutant(bar, "turned round", replace(ALL_RULES, bars=turned))


def _turned(bar: Bar) -> Bar:
    return replace(bar, bars=lambda case: not_(bar.bars(case)))


def _names(cases: list[WorkedCase], rule: Rule) -> bool:
    """Whether the text of one of the cases names the rule: these are asked first."""
    return any(rule.id.split("/")[0] in case.rules for case in cases)


async def _caught_by(
    connection: AsyncConnection, mutant: Mutant, batches: list[tuple[Batch, dict[Key, Three]]]
) -> str | None:
    for cases in sorted(alike(CASES), key=lambda cases: not _names(cases, mutant.rule)):
        wrong = await wrong_answers(connection, cases, mutant.rules)
        if wrong:
            return wrong[0].split(":")[0]
    for drawn, wanted in batches:
        said = await said_by_engine(connection, drawn.histories, drawn.policy, MONTHS, rules=mutant.rules)
        if apart(said, wanted):
            return f"random lives, batch {drawn.number}"
    return None


async def test_no_rule_can_be_missing_or_turned_round_unseen(subsidy_engine: AsyncEngine) -> None:
    drawn = [batch(number, SIZE) for number in range(BATCHES)]
    batches = [(each, expected(each.histories, Policy(each.policy), SCHEMES, MONTHS)) for each in drawn]
    histories = [*map(history_of, CASES), *(history for each in drawn for history in each.histories)]
    unseen = []
    async with stored(subsidy_engine, histories) as connection:
        for mutant in list(mutants())[::EVERY]:
            caught = await _caught_by(connection, mutant, batches)
            print(f"{mutant.rule.number:>3} {mutant.rule.id:<24} {mutant.done:<13} {caught or 'UNSEEN'}")
            if caught is None:
                unseen.append(f"{mutant.rule.id} {mutant.done}")
    assert unseen == []
