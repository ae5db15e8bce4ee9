"""A digest of a whole relation: what a comparison of copies costs the publisher."""

from __future__ import annotations

import os
import time
from typing import Final

from sqlalchemy import text

from shared.contracts.registry import CertificateState
from tests.bench.ground import Ground
from tests.bench.measure import Measurement, measured

ROWS: Final = int(os.environ.get("LIANGFU_BENCH_DIGEST_ROWS", "200000"))
REPEATS: Final = 5


async def digest_of_a_relation(ground: Ground) -> list[Measurement]:
    """Every published field of every certificate, hashed into 256 buckets, over HTTP."""
    async with ground.registry.connect() as connection:
        there = int((await connection.execute(text("SELECT count(*) FROM certificate"))).scalar_one())
    if there < ROWS:
        await ground.crowd(ROWS - there)
        there = ROWS
    await ground.until_quiet()
    hashing: list[float] = []
    scanning: list[float] = []
    params = {"relation": CertificateState.relation, "fields": ",".join(CertificateState.field_names())}
    async with ground.client() as client:
        for _ in range(REPEATS):
            began = time.perf_counter()
            answer = await client.get(f"{ground.stack.url('registry')}/api/v1/journal/digest", params=params)
            answer.raise_for_status()
            hashing.append((time.perf_counter() - began) * 1_000)
            scanning.append(await _scan(ground))
    name = f"digest of {there:,} certificates"
    return [measured(name, "ms", hashing, floor_name="sum(version) of the same rows", floor_values=scanning)]


async def _scan(ground: Ground) -> float:
    began = time.perf_counter()
    async with ground.registry.connect() as connection:
        await connection.execute(text("SELECT sum(version) FROM certificate"))
    return (time.perf_counter() - began) * 1_000
