"""The one expression and the oracle give the same answers: in every case of the text, and in random lives."""

import os
from typing import Final

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.oracles.entitlement.asking import CASES, alike, differences, history_of, smallest, stored, wrong_answers
from tests.oracles.entitlement.drawing import batch
from tests.oracles.entitlement.histories import TIMES

FULL: Final = os.environ.get("LIANGFU_PROFILE") == "full"
BATCHES, SIZE = (200, 100) if FULL else (3, 30)


async def test_every_case_of_the_text_comes_out_of_the_engine(subsidy_engine: AsyncEngine) -> None:
    async with stored(subsidy_engine, map(history_of, CASES)) as connection:
        wrong = [line for cases in alike(CASES) for line in await wrong_answers(connection, cases)]
    assert wrong == []


@pytest.mark.parametrize("number", range(BATCHES))
async def test_engine_and_oracle_agree_to_the_fen_on_random_lives(subsidy_engine: AsyncEngine, number: int) -> None:
    drawn = batch(number, SIZE)
    known_at = (None, TIMES[2], TIMES[4])[number % 3]
    found = await differences(subsidy_engine, drawn.histories, drawn.policy, known_at)
    if found:
        person_id = next(iter(found))[0]
        (history,) = (each for each in drawn.histories if each.person_id == person_id)
        small = await smallest(subsidy_engine, history, drawn.policy, known_at)
        left = await differences(subsidy_engine, [small], drawn.policy, known_at)
        lines = [f"{scheme} {month}: engine {said}, oracle {want}" for (_, scheme, month), (said, want) in left.items()]
        told = [str(thing) for moment in small.moments for thing in (moment.at, *moment.learned, *moment.withdrawn)]
        pytest.fail("\n".join([f"{len(found)} differences in batch {number}; one of them:", *told, *lines[:12]]))
