"""Verification: numbers a second in calls of a thousand, calls a second with one number, and the cost of being careful.

One process answers all of it. Authorisation and trail are switched off and on in it in short turns A-B-B-A: what else
the machine does meanwhile meets both alike.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import cycle, islice
from signal import Signals
from typing import Final

from services.registry.entrypoints.http.verifications import ITEMS_MAX
from tests.bench.audit_switch import BARE, ON
from tests.bench.ground import Ground
from tests.bench.measure import Measurement, measured, percentile
from tests.bench.province import province
from tests.bench.wire import Wire

CONNECTIONS: Final = 16
BULK_CONNECTIONS: Final = 2
TURN_SECONDS: Final = 2.0
TURNS: Final = 12
WARM_UP_SECONDS: Final = 2.0
SINGLE_MAX: Final = 20_000
CALLS_MAX: Final = 100
PATH: Final = "/api/v1/verifications"
FLOOR: Final = "the same without authorisation and trail"


async def verification_of_numbers(ground: Ground) -> list[Measurement]:
    """Certificate and identity numbers apart: they are found by different indexes."""
    samples = list(await province(ground))
    stack = ground.stack
    pid = (await stack.spawn("registry.api", module="tests.bench.audit_switch")).pid
    assert pid is not None
    wire = Wire(stack.url("registry"), stack.token(scopes=["certificate:verify"], divisions=["*"]))
    found: list[Measurement] = []
    try:
        for what, numbers in (
            ("certificate numbers", [each.certificate_no for each in samples]),
            ("identity numbers", [each.citizen_id_no for each in samples]),
        ):
            await _require_known(wire, numbers[:ITEMS_MAX])
            found += await _in_bulk(wire, pid, what, numbers)
            found += await _one_by_one(wire, pid, what, numbers)
    finally:
        await stack.spawn("registry.api")
    return found


async def _require_known(wire: Wire, numbers: Sequence[str]) -> None:
    """A number nobody has costs less to answer."""
    told = (await wire.ask(wire.post(PATH, {"items": list(numbers)}))).told()["items"]
    assert all(each["status"] != "UNKNOWN" for each in told)


async def _in_bulk(wire: Wire, pid: int, what: str, numbers: Sequence[str]) -> list[Measurement]:
    size = min(ITEMS_MAX, len(numbers))
    calls = [
        wire.post(PATH, {"items": list(numbers[start : start + size])})
        for start in range(0, min(len(numbers), CALLS_MAX * size) - size + 1, size)
    ]
    rates, _ = await _switched(wire, pid, calls, BULK_CONNECTIONS)
    name = f"{what} verified, {size:,} a call"
    return [measured(name, "ids/s", _times(rates[ON], size), floor_name=FLOOR, floor_values=_times(rates[BARE], size))]


async def _one_by_one(wire: Wire, pid: int, what: str, numbers: Sequence[str]) -> list[Measurement]:
    calls = [wire.post(PATH, {"items": [number]}) for number in numbers[:SINGLE_MAX]]
    rates, tails = await _switched(wire, pid, calls, CONNECTIONS)
    name = f"{what} verified, one a call"
    return [
        measured(name, "req/s", rates[ON], floor_name=FLOOR, floor_values=rates[BARE]),
        measured(f"{name}, p99", "ms", tails[ON], floor_name=FLOOR, floor_values=tails[BARE]),
    ]


async def _switched(
    wire: Wire, pid: int, calls: Sequence[bytes], connections: int
) -> tuple[dict[Signals, list[float]], dict[Signals, list[float]]]:
    """Calls a second and their slowest hundredth in milliseconds, of each turn."""
    rates: dict[Signals, list[float]] = {ON: [], BARE: []}
    tails: dict[Signals, list[float]] = {ON: [], BARE: []}
    await wire.during(WARM_UP_SECONDS, calls, connections=connections)
    for turn in islice(cycle((ON, BARE, BARE, ON)), TURNS):
        os.kill(pid, turn)
        seconds = await wire.during(TURN_SECONDS, calls, connections=connections)
        rates[turn].append(len(seconds) / TURN_SECONDS)
        tails[turn].append(percentile(seconds, 0.99) * 1_000)
    os.kill(pid, ON)
    return rates, tails


def _times(values: Sequence[float], factor: int) -> list[float]:
    return [value * factor for value in values]
