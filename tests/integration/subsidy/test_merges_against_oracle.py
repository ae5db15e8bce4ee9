"""Records merged and unmerged in any order: engine and oracle agree to the fen, as known at any moment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tests.builders.facts import Merged, Succeeded, learn, withdraw
from tests.oracles.entitlement.asking import apart, said_by_engine
from tests.oracles.entitlement.compare import NOTHING, Key, Three, three, together
from tests.oracles.entitlement.drawing import batch
from tests.oracles.entitlement.histories import MONTHS, SCHEMES, TIMES, History
from tests.oracles.entitlement.life import Moment, known
from tests.oracles.entitlement.merging import one_life
from tests.oracles.entitlement.policy import Policy

FULL: Final = os.environ.get("LIANGFU_PROFILE") == "full"
BATCHES, SIZE = (100, 60) if FULL else (2, 12)


@dataclass(frozen=True)
class Couple:
    """Two records, and the times at which they were taken for one person's (or no longer were), survivor first."""

    first: History
    second: History
    merged: tuple[tuple[datetime, Merged], ...]

    def standing(self, at: datetime | None) -> Merged | None:
        """The merge that stands at a time."""
        told = [merge for time, merge in self.merged if at is None or time <= at]
        return told[-1] if told and not told[-1].undone else None


def couples(number: int) -> Iterator[Couple]:
    """Lives two by two, merged either way, unmerged and merged again."""
    random = Random(number)
    lives = [
        History(
            life.person_id,
            tuple(
                replace(each, learned=tuple(thing for thing in each.learned if not isinstance(thing, Succeeded)))
                for each in life.moments
            ),
        )
        for life in batch(number, SIZE).histories
    ]
    for one, other in zip(lives[::2], lives[1::2], strict=True):
        told: list[tuple[datetime, Merged]] = []
        for place, time in enumerate(sorted(random.sample(TIMES, random.randint(1, 4)))):
            if told and not told[-1][1].undone:
                merge = replace(told[-1][1], undone=True)
            else:
                pair = [one.person_id, other.person_id]
                random.shuffle(pair)
                day = date(2022, 1, 1) + timedelta(days=random.randint(0, 1000))
                merge = Merged(
                    merge_id=UUID(int=one.person_id.int | 0xF000 | place),
                    person_id=pair[0],
                    absorbed_id=pair[1],
                    merged_on=day,
                )
            told.append((time + timedelta(hours=2), merge))
        yield Couple(one, other, tuple(told))


def wanted(found: Sequence[Couple], policy: Policy, known_at: datetime | None) -> dict[Key, Three]:
    """What the oracle says of each record."""
    answers: dict[Key, Three] = {}
    for couple in found:
        lives = {each.person_id: known(each.moments, known_at) for each in (couple.first, couple.second)}
        merge = couple.standing(known_at)
        if merge is not None:
            absorbed = lives.pop(merge.absorbed_id)
            lives[merge.person_id] = one_life(lives[merge.person_id], absorbed, merge.merged_on)
            answers |= {(merge.absorbed_id, scheme, month): NOTHING for scheme in SCHEMES for month in MONTHS}
        answers |= {
            (person_id, scheme, month): three(life, policy, scheme, month)
            for person_id, life in lives.items()
            for scheme in SCHEMES
            for month in MONTHS
        }
    return answers


async def store(connection: AsyncConnection, found: Sequence[Couple]) -> None:
    """Everything that was ever learned, in the order of time."""
    await connection.execute(text("SET LOCAL statement_timeout = 0"))
    await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    moments = [*together(life for couple in found for life in (couple.first, couple.second))]
    merges: dict[datetime, list[Merged]] = {}
    for couple in found:
        for time, merge in couple.merged:
            merges.setdefault(time, []).append(merge)
    moments += [Moment(at=at, learned=tuple(told)) for at, told in merges.items()]
    for moment in sorted(moments, key=lambda moment: moment.at):
        if moment.learned:
            await learn(connection, *moment.learned, at=moment.at)
        if moment.withdrawn:
            await withdraw(connection, *moment.withdrawn, at=moment.at)


@pytest.mark.parametrize("number", range(BATCHES))
async def test_engine_and_oracle_agree_on_persons_with_several_records(
    subsidy_engine: AsyncEngine, number: int
) -> None:
    policy, found = batch(number, SIZE).policy, [*couples(number)]
    lives = [life for couple in found for life in (couple.first, couple.second)]
    async with subsidy_engine.connect() as connection:
        await connection.begin()
        await store(connection, found)
        for known_at in (None, TIMES[3] + timedelta(hours=3), TIMES[1] + timedelta(hours=3)):
            said = await said_by_engine(connection, lives, policy, MONTHS, known_at)
            wrong = apart(said, wanted(found, Policy(policy), known_at))
            assert not wrong, _told(wrong, found, known_at)
        await connection.rollback()


def _told(wrong: dict[Key, tuple[Three, Three]], found: Sequence[Couple], known_at: datetime | None) -> str:
    person_id = next(iter(wrong))[0]
    (couple,) = (each for each in found if person_id in {each.first.person_id, each.second.person_id})
    lines = [f"{len(wrong)} differences as known at {known_at}; one of them: {couple.standing(known_at)}"]
    for life in (couple.first, couple.second):
        lines += [f"{life.person_id}"]
        lines += [f"  {each.at:%F}: {thing}" for each in life.moments for thing in (*each.learned, *each.withdrawn)]
    lines += [
        f"{scheme} {month}: engine {said}, oracle {want}"
        for (who, scheme, month), (said, want) in wrong.items()
        if who == person_id
    ]
    return "\n".join(lines[:80])
