"""The end of a day: certificates whose last valid day is over are announced, each with its entry in the journal."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import date
from typing import Any, Final

from sqlalchemy import text

from shared.values.dates import ONE_DAY
from tests.bench.ground import Ground
from tests.bench.measure import Measurement, measured
from tests.bench.province import province
from tests.bench.working import processor_seconds

CERTIFICATES: Final = int(os.environ.get("LIANGFU_BENCH_EXPIRING", "30000"))
REPEATS: Final = 3
POLL_SECONDS: Final = 0.2
SECONDS_MAX: Final = 300.0

_CHOSEN: Final = (
    "WITH chosen AS (SELECT certificate_id FROM certificate WHERE status = 'VALID' AND expires_on > :day "
    "ORDER BY certificate_id LIMIT :count) "
)
_END_TODAY: Final = text(
    f"{_CHOSEN} UPDATE certificate c SET expires_on = :day FROM chosen WHERE c.certificate_id = chosen.certificate_id"
)
_REMINDED: Final = text(
    "INSERT INTO certificate_reminder (certificate_id, expires_on, months, person_id, division, due_on, channel, "
    "state, sent_at, evidence) SELECT certificate_id, expires_on, m, person_id, division, expires_on, 'SMS', 'SENT', "
    "now(), '-' FROM certificate, (VALUES (6), (1)) AS r(m) WHERE status = 'VALID' AND expires_on = :day "
    "ON CONFLICT DO NOTHING"
)
_WITHOUT_WORDS: Final = text(
    f"{_CHOSEN} UPDATE certificate c SET effective_on = :day FROM chosen WHERE c.certificate_id = chosen.certificate_id"
)
_WAITING: Final = text("SELECT count(*) FROM certificate WHERE status = 'VALID' AND expires_on = :day")
_ANNOUNCED: Final = text(
    "SELECT count(*) FROM journal WHERE position > :position AND type = 'registry.certificate.expired.v1'"
)
_PUBLISHED: Final = text(
    "SELECT (SELECT coalesce(max(position), 0) FROM journal) - (SELECT position FROM relay_cursor)"
)


async def expiry_of_a_day(ground: Ground) -> list[Measurement]:
    """From the first moment of the next day until every entry is in the journal and published."""
    await province(ground)
    seconds: list[float] = []
    computed: list[float] = []
    floors: list[float] = []
    day = await _today(ground)
    try:
        for _ in range(REPEATS):
            expected = await _ending(ground, day)
            floors.append(await _without_words(ground, day))
            position, idle = await ground.published(), processor_seconds(ground)
            began = time.perf_counter()
            day += ONE_DAY
            await _show(ground, day)
            await _until_announced(ground, position, expected)
            seconds.append(time.perf_counter() - began)
            computed.append(processor_seconds(ground) - idle)
    finally:
        await _show(ground, None)
    floor = "one UPDATE of as many certificates, nothing announced"
    name = f"{expected:,} certificates expired, published"
    return [
        measured(name, "s", seconds, floor_name=floor, floor_values=floors),
        measured(f"{name}: processor of the worker", "s", computed, floor_name=floor, floor_values=floors),
    ]


async def _today(ground: Ground) -> date:
    async with ground.client() as client:
        told = (await client.get(f"{ground.stack.url('registry')}/api/v1/clock")).raise_for_status().json()
    return date.fromisoformat(told["today"])


async def _show(ground: Ground, day: date | None) -> None:
    token = ground.stack.token("system_administrator", divisions=["*"])
    async with ground.client() as client:
        answer = await client.put(
            f"{ground.stack.url('registry')}/api/v1/clock",
            json={"today": None if day is None else day.isoformat()},
            headers={"Authorization": f"Bearer {token}"},
        )
    answer.raise_for_status()


async def _ending(ground: Ground, day: date) -> int:
    """Let so many end on that day whose holders were reminded; how many end then altogether."""
    async with ground.registry.begin() as connection:
        await connection.execute(_END_TODAY, {"day": day, "count": CERTIFICATES})
        await connection.execute(_REMINDED, {"day": day})
        return int((await connection.execute(_WAITING, {"day": day})).scalar_one())


async def _without_words(ground: Ground, day: date) -> float:
    began = time.perf_counter()
    async with ground.registry.begin() as connection:
        await connection.execute(_WITHOUT_WORDS, {"day": day, "count": CERTIFICATES})
    return time.perf_counter() - began


async def _until_announced(ground: Ground, position: int, expected: int) -> None:
    deadline = time.perf_counter() + SECONDS_MAX
    given: dict[str, Any] = {"position": position}
    async with ground.registry.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        while True:
            announced = int((await plain.execute(_ANNOUNCED, given)).scalar_one())
            if announced >= expected and not (await plain.execute(_PUBLISHED)).scalar_one():
                break
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{announced:,} of {expected:,} were announced within {SECONDS_MAX:g} s")
            await asyncio.sleep(POLL_SECONDS)
    assert announced == expected, f"{announced:,} announcements of {expected:,} certificates"
