"""``python -m tests.bench [name ...]``: measure, print a table, write ``var/bench/report.json``."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from deploy.local.catalogue import SERVICES, Service
from tests.bench.audit_bench import cost_of_auditing, trail_proved
from tests.bench.cancelling import cancellation_to_suspension, cancellations_over_http
from tests.bench.comparing import digest_of_a_relation
from tests.bench.events import events_end_to_end
from tests.bench.everybody import one_expression_over_a_province
from tests.bench.expiring import expiry_of_a_day
from tests.bench.exporting import export_of_a_list
from tests.bench.figuring import figures_of_a_prefecture
from tests.bench.ground import Ground, ground
from tests.bench.importing import import_of_a_file
from tests.bench.measure import Measurement, table, write_report
from tests.bench.reading import reads_of_the_register
from tests.bench.verifying import verification_of_numbers

REPORT: Final = Path("var/bench/report.json")
Bench = Callable[[Ground], Awaitable[list[Measurement]]]
WHOLE: Final[Mapping[str, Bench]] = {
    "latency": cancellation_to_suspension,
    "http": cancellations_over_http,
    "events": events_end_to_end,
    "digest": digest_of_a_relation,
    "audit": cost_of_auditing,
    "proof": trail_proved,
    "everybody": one_expression_over_a_province,
}
ALONE: Final[Mapping[str, Bench]] = {"import": import_of_a_file}
"""On the registry alone, and empty: what others make of its events is measured by theirs."""
PROVINCE: Final[Mapping[str, Bench]] = {
    "registry": reads_of_the_register,
    "verification": verification_of_numbers,
    "expiry": expiry_of_a_day,
    "export": export_of_a_list,
}
"""On the registry alone: its persons are put there at once, without the events by which others would know them."""
FIGURES: Final[Mapping[str, Bench]] = {"figures": figures_of_a_prefecture}
"""On the indicators alone: a past of years, written at once."""
_REGISTRY: Final = [service for service in SERVICES if service.name == "registry"]
GROUNDS: Final[Sequence[tuple[Mapping[str, Bench], Sequence[Service]]]] = (
    (WHOLE, SERVICES),
    (ALONE, _REGISTRY),
    (PROVINCE, _REGISTRY),
    (FIGURES, [service for service in SERVICES if service.name == "indicators"]),
)
BENCHES: Final = {**WHOLE, **ALONE, **PROVINCE, **FIGURES}


async def run(names: list[str]) -> list[Measurement]:
    """The named benchmarks one after the other; those of one ground on the same stack."""
    found: list[Measurement] = []
    for benches, services in GROUNDS:
        if chosen := [benches[name] for name in names if name in benches]:
            found += await _run(chosen, services)
    return found


async def _run(chosen: list[Bench], services: Sequence[Service]) -> list[Measurement]:
    found: list[Measurement] = []
    directory = Path(tempfile.mkdtemp(prefix="liangfu-bench-", dir=os.environ.get("LIANGFU_BENCH_DIR")))
    try:
        async with ground(directory, services) as ready:
            for bench in chosen:
                load = os.getloadavg()[0]
                measurements = await bench(ready)
                print(
                    table(measurements),
                    f"(load before: {load:.1f}, after: {os.getloadavg()[0]:.1f})\n",
                    sep="\n",
                    flush=True,
                )
                found += measurements
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return found


def main() -> None:
    """Command line entry."""
    names = sys.argv[1:] or list(BENCHES)
    if unknown := sorted(set(names) - BENCHES.keys()):
        sys.exit(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    measurements = asyncio.run(run(names))
    write_report(measurements, REPORT)
    print(f"\n{table(measurements)}\n\nwritten: {REPORT}")


if __name__ == "__main__":
    main()
