"""Verification: numbers a second in calls of a thousand, calls a second with one number, and the cost of being careful.

Two processes of the API answer, one for each processor. Authorisation and trail are switched off and on in them in
short turns A-B-B-A: what else the machine does meanwhile meets both alike.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from signal import Signals
from typing import Final

import psutil

from deploy.local.ports import Ports
from deploy.local.process import ServiceProcess
from services.registry.entrypoints.http.verifications import ITEMS_MAX
from tests.bench.audit_switch import BARE, ON
from tests.bench.ground import Ground
from tests.bench.measure import Measurement, measured, percentile
from tests.bench.province import province
from tests.bench.wire import Wire

SWITCHED: Final = "tests.bench.audit_switch"
CONNECTIONS: Final = 16
BULK_CONNECTIONS: Final = 6
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
    first = await stack.spawn("registry.api", module=SWITCHED, extra_env={"API_PROCESSES": "2"})
    second = await _another(ground, first)
    token = stack.token(scopes=["certificate:verify"], divisions=["*"])
    wire = Wire(stack.url("registry"), token, (f"http://127.0.0.1:{second.env['HTTP_PORT']}",))
    pids = [process.pid for process in (first, second) if process.pid is not None]
    found: list[Measurement] = []
    try:
        for what, numbers in (
            ("certificate numbers", [each.certificate_no for each in samples]),
            ("identity numbers", [each.citizen_id_no for each in samples]),
        ):
            await _require_known(wire, numbers[:ITEMS_MAX])
            found += await _in_bulk(wire, pids, what, numbers)
            found += await _one_by_one(wire, pids, what, numbers)
    finally:
        await second.stop()
        await stack.spawn("registry.api")
    return found


async def _another(ground: Ground, first: ServiceProcess) -> ServiceProcess:
    """A second process of the same API, on ports of its own."""
    ports = Ports(ground.stack.var_dir / "second" / "ports.json")
    http, ops = ports.port("http"), ports.port("ops")
    process = ServiceProcess(
        "registry.api.2",
        SWITCHED,
        env={**first.env, "HTTP_PORT": str(http), "OPS_PORT": str(ops)},
        log_file=first.log_file.with_name("registry.api.2.log"),
        ops_url=f"http://127.0.0.1:{ops}",
        nursery=ground.stack.forkserver,
    )
    process.launch()
    await process.wait_ready()
    return process


async def _require_known(wire: Wire, numbers: Sequence[str]) -> None:
    """A number nobody has costs less to answer."""
    told = (await wire.ask(wire.post(PATH, {"items": list(numbers)}))).told()["items"]
    assert all(each["status"] != "UNKNOWN" for each in told)


@dataclass(frozen=True, slots=True)
class _Turn:
    """What came of a turn: calls a second, their slowest hundredth, and the processor time of the processes for one."""

    rate: float
    tail_ms: float
    processor_ms: float


async def _in_bulk(wire: Wire, pids: Sequence[int], what: str, numbers: Sequence[str]) -> list[Measurement]:
    size = min(ITEMS_MAX, len(numbers))
    calls = [
        wire.post(PATH, {"items": list(numbers[start : start + size])})
        for start in range(0, min(len(numbers), CALLS_MAX * size) - size + 1, size)
    ]
    careful, bare = await _switched(wire, pids, calls, BULK_CONNECTIONS)
    name = f"{what} verified, {size:,} a call"
    return [
        _against(name, "ids/s", [turn.rate * size for turn in careful], [turn.rate * size for turn in bare]),
        _against(f"{name}: processor", "ms a call", *_processor(careful, bare)),
    ]


async def _one_by_one(wire: Wire, pids: Sequence[int], what: str, numbers: Sequence[str]) -> list[Measurement]:
    calls = [wire.post(PATH, {"items": [number]}) for number in numbers[:SINGLE_MAX]]
    careful, bare = await _switched(wire, pids, calls, CONNECTIONS)
    name = f"{what} verified, one a call"
    return [
        _against(name, "req/s", [turn.rate for turn in careful], [turn.rate for turn in bare]),
        _against(f"{name}, p99", "ms", [turn.tail_ms for turn in careful], [turn.tail_ms for turn in bare]),
        _against(f"{name}: processor", "ms a call", *_processor(careful, bare)),
    ]


def _against(name: str, unit: str, values: Sequence[float], floor: Sequence[float]) -> Measurement:
    return measured(name, unit, values, floor_name=FLOOR, floor_values=floor)


def _processor(careful: Sequence[_Turn], bare: Sequence[_Turn]) -> tuple[list[float], list[float]]:
    """Where other programs want the processor too, this says what an idle one could do."""
    return [turn.processor_ms for turn in careful], [turn.processor_ms for turn in bare]


async def _switched(
    wire: Wire, pids: Sequence[int], calls: Sequence[bytes], connections: int
) -> tuple[list[_Turn], list[_Turn]]:
    """Turns with authorisation and trail, and turns without."""
    turns: dict[Signals, list[_Turn]] = {ON: [], BARE: []}
    await wire.during(WARM_UP_SECONDS, calls, connections=connections)
    for switch in islice(cycle((ON, BARE, BARE, ON)), TURNS):
        _switch(pids, switch)
        before, began = _processor_seconds(pids), time.perf_counter()
        seconds = await wire.during(TURN_SECONDS, calls, connections=connections)
        took = time.perf_counter() - began
        turns[switch].append(
            _Turn(
                rate=len(seconds) / took,
                tail_ms=percentile(seconds, 0.99) * 1_000,
                processor_ms=(_processor_seconds(pids) - before) * 1_000 / len(seconds),
            )
        )
    _switch(pids, ON)
    return turns[ON], turns[BARE]


def _switch(pids: Sequence[int], switch: Signals) -> None:
    for pid in pids:
        os.kill(pid, switch)


def _processor_seconds(pids: Sequence[int]) -> float:
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return sum(each.user + each.system for each in times)
