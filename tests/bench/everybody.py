"""The one expression over a province of 3.5 million: a month for everybody, both work lists, a trial, an explanation.

Every figure stands beside a plain scan and join of the same tables in the same run. The personas of the province say
what the answers must be, so recall and precision of the lists are printed for each reason.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.subsidy.adapters import engine, explanations, findings, policy_documents, trials
from services.subsidy.adapters.findings import FindingKind
from services.subsidy.adapters.policies import POLICIES
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.policy_book import PolicyBook
from tests.bench.ground import Ground
from tests.bench.measure import Measurement, measured
from tests.builders import province

PERSONS: Final = int(os.environ.get("LIANGFU_BENCH_PERSONS", "3500000"))
STEP: Final = 500_000
REPEATS: Final = 3
EXPLAINED: Final = 200
_TABLES: Final = ("held_card", "home", "level", "spell", "determination", "award", "payment_line", "pause", "finding")
Work = Callable[[AsyncConnection], Awaitable[None]]
_FLOOR: Final = text(
    "CREATE TEMPORARY TABLE floor ON COMMIT DROP AS "
    "SELECT d.person_id, d.scheme, d.county, d.award_id, k.component, k.expires_on, h.county AS home, l.value, s.kind, "
    "coalesce(p.amount_fen, 0) AS paid_fen FROM determination d "
    "JOIN held_card k ON k.person_id = d.person_id "
    "JOIN home h ON h.person_id = d.person_id AND h.valid_to = 'infinity' "
    "LEFT JOIN level l ON l.person_id = d.person_id AND l.valid_to = 'infinity' "
    "LEFT JOIN spell s ON s.person_id = d.person_id LEFT JOIN payment_line p ON p.person_id = d.person_id "
    "AND p.scheme = d.scheme AND p.month = :month"
)
_SETTINGS: Final = ("work_mem = '192MB'", "idle_in_transaction_session_timeout = 0")
_FLOOR_NAME: Final = "scan and join of the same tables"


@dataclass(frozen=True)
class _Working:
    connection: AsyncConnection


async def settle(database: AsyncEngine, persons: int) -> None:
    """The province, with its policy in force."""
    for first in range(0, persons, STEP):
        async with database.begin() as connection:
            await connection.execute(text("SET LOCAL synchronous_commit = off"))
            await province.settle(connection, min(STEP, persons - first), first=first)
    async with database.begin() as connection:
        await in_force(connection)
    async with database.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        for table in _TABLES:
            await alone.execute(text(f"VACUUM ANALYZE {table}"))


async def in_force(connection: AsyncConnection) -> None:
    """The policy of the province."""
    for number, document in enumerate(province.policy()):
        stored = await POLICIES.draft(connection, province.person_of(number), document, by="bench")
        await POLICIES.put_in_force(connection, stored, approved_by="second")


async def measure(database: AsyncEngine, persons: int) -> list[Measurement]:
    """All figures of a province that is on record."""
    floor = await _times(database, _floor)
    due = await _times(database, lambda connection: _due(connection, persons))
    lists = await _lists(database, persons)
    trial = await _times(database, _trial)
    explained = await _explained(database, persons)
    millions = f"{persons:,} persons"
    return [
        measured(f"due in one month, {millions}", "s", due, floor_name=_FLOOR_NAME, floor_values=floor),
        measured(f"eligible-unpaid and should-have-stopped, {millions}", "s", lists, floor_name=_FLOOR_NAME,
                 floor_values=floor),
        measured(f"what-if of a draft, {millions}", "s", trial, floor_name=_FLOOR_NAME, floor_values=floor),
        measured("one explanation at that size", "ms", explained, floor_name="none", floor_values=[0.0] * REPEATS),
    ]  # fmt: skip


async def _times(database: AsyncEngine, work: Work) -> list[float]:
    """Seconds of each repeat; nothing of them stays."""
    seconds = []
    for _ in range(REPEATS):
        async with database.connect() as connection:
            await connection.begin()
            for setting in _SETTINGS:
                await connection.execute(text(f"SET LOCAL {setting}"))
            begun = time.perf_counter()
            await work(connection)
            seconds.append(time.perf_counter() - begun)
            await connection.rollback()
    return seconds


async def _floor(connection: AsyncConnection) -> None:
    await connection.execute(_FLOOR, {"month": province.MONTH.first_day})


async def _due(connection: AsyncConnection, persons: int) -> None:
    book = PolicyBook(province.policy())
    crowd = await engine.set_apart(
        connection, Population.everyone(), months=[province.MONTH], books=[book], homes=False
    )
    await engine.hold(connection, "answers", crowd, book=book)
    rows = await connection.execute(text("SELECT scheme, sum(due_fen) AS fen FROM answers GROUP BY scheme"))
    found = {row.scheme: int(row.fen) for row in rows}
    if found != province.due_in_all(persons):
        raise AssertionError(f"{found} is due, not {province.due_in_all(persons)}")


async def _lists(database: AsyncEngine, persons: int) -> list[float]:
    """Seconds of each look from nothing to findings that are committed, as the job does it, proved after each."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[findings.Working]:
        async with database.begin() as connection:
            for setting in _SETTINGS:
                await connection.execute(text(f"SET LOCAL {setting}"))
            yield _Working(connection)

    seconds = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        await findings.look_over(begin, province.MONTH, division=None, at=datetime.now(UTC))
        seconds.append(time.perf_counter() - begun)
        async with database.begin() as connection:
            await _judge(connection, persons)
            await connection.execute(text("TRUNCATE finding"))
    return seconds


async def _judge(connection: AsyncConnection, persons: int) -> None:
    found = await connection.execute(text("SELECT kind, scheme, person_id FROM finding WHERE state = 'OPEN'"))
    print(_judged({(row.kind, row.scheme, int(row.person_id.hex[-12:], 16)) for row in found}, persons), flush=True)


def _judged(found: set[tuple[str, str, int]], persons: int) -> str:
    """Recall and precision of each planted case; fails unless all are 100 %."""
    lines, known = [], set()
    for kind in FindingKind:
        for scheme in (province.LIVING, province.NURSING):
            for persona, slots in province.slots():
                wanted = {
                    (kind.value, scheme, thousand + slot)
                    for thousand in range(0, persons, province.THOUSAND)
                    for slot in slots
                    if province.is_planted(persona, kind.value, scheme)
                }
                hit = len(wanted & found)
                known |= wanted
                if wanted:
                    lines.append(
                        f"{kind:<16} {scheme:<16} {persona.name:<34} {len(wanted):>8} recall {hit / len(wanted):.2%}"
                    )
    precision = len(found & known) / len(found)
    if found != known:
        raise AssertionError(
            f"{len(found - known)} found that were not planted, {len(known - found)} planted and not found"
        )
    return "\n".join([*lines, f"precision over all {len(found)} findings: {precision:.2%}"])


async def _trial(connection: AsyncConnection) -> None:
    dearer = {
        "division": "34",
        "title": "a fifth more for severe persons",
        "legal_basis": "bench",
        "since": str(province.MONTH),
        "schemes": {province.NURSING: {"tariff": {"rows": [{"case": {}, "amount": {"fen": 9_600}}]}}},
    }
    trial = await trials.try_out(connection, [policy_documents.parse(dearer)], province.MONTH, division=None)
    if not trial.effects:
        raise AssertionError("a dearer tariff changed nothing")


async def _explained(database: AsyncEngine, persons: int) -> list[float]:
    """Milliseconds of explanations of persons all over the province."""
    milliseconds = []
    async with database.connect() as connection:
        for setting in _SETTINGS:
            await connection.execute(text(f"SET LOCAL {setting}"))
        for number in range(0, persons, persons // EXPLAINED):
            person_id = province.person_of(number + number % 997)
            begun = time.perf_counter()
            await explanations.explain(connection, person_id, province.NURSING, province.MONTH, known_at=None)
            milliseconds.append((time.perf_counter() - begun) * 1000)
    return milliseconds


async def one_expression_over_a_province(ground: Ground) -> list[Measurement]:
    """Settle a province beside the running stack and measure."""
    await settle(ground.subsidy, PERSONS)
    return await measure(ground.subsidy, PERSONS)
