"""``python -m tests.bench [name ...]``: measure, print a table, write ``var/bench/report.json``."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from tests.bench.audit_bench import cost_of_auditing, trail_proved
from tests.bench.cancelling import cancellation_to_suspension, cancellations_over_http
from tests.bench.comparing import digest_of_a_relation
from tests.bench.events import events_end_to_end
from tests.bench.ground import Ground, ground
from tests.bench.importing import import_of_a_file
from tests.bench.measure import Measurement, table, write_report

REPORT: Final = Path("var/bench/report.json")
BENCHES: Final[Mapping[str, Callable[[Ground], Awaitable[list[Measurement]]]]] = {
    "latency": cancellation_to_suspension,
    "http": cancellations_over_http,
    "import": import_of_a_file,
    "events": events_end_to_end,
    "digest": digest_of_a_relation,
    "audit": cost_of_auditing,
    "proof": trail_proved,
}


async def run(names: list[str]) -> list[Measurement]:
    """The named benchmarks one after the other, each on the same stack."""
    found: list[Measurement] = []
    directory = Path(tempfile.mkdtemp(prefix="liangfu-bench-", dir=os.environ.get("LIANGFU_BENCH_DIR")))
    try:
        async with ground(directory) as ready:
            for name in names:
                measurements = await BENCHES[name](ready)
                print(table(measurements), flush=True)
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
