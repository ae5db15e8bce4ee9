"""The first command on a fresh machine: `python -m deploy.demo` (or `make demo`).

Starts everything, loads a synthetic prefecture, tells the main story over HTTP with timings, stops everything, and
writes `var/demo/report.json`. Sizes come from the options or from DEMO_PERSONS, DEMO_SEED and DEMO_CANCELLATIONS.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Final

from deploy.demo.run import Demonstration, StepFailed, Wishes
from deploy.demo.screen import Screen
from deploy.local.claim import StackIsRunning

PERSONS: Final = 20_000
SEED: Final = 3415
CANCELLATIONS: Final = 1_000
PERSONS_MIN: Final = 100
INTERRUPTED: Final = 130
"""What a shell expects of a command ended by Ctrl-C."""


async def perform(wishes: Wishes, screen: Screen, *, began: float) -> int:
    """Run until the end or until asked to stop; the exit code. Whatever happens, the stack is stopped."""
    asked_to_end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked_to_end.set)
    running = asyncio.create_task(Demonstration(wishes, screen, began=began).run())
    waiting = asyncio.create_task(asked_to_end.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        screen.line("\n正在停止 stopping...")
        running.cancel()
        await asyncio.wait({running})
    waiting.cancel()
    if running.cancelled():
        return INTERRUPTED
    try:
        running.result()
    except (StepFailed, StackIsRunning) as error:
        screen.fail(str(error))
        return 1
    return 0


def _wishes() -> Wishes:
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description="The demonstration.")
    parser.add_argument("--var", type=Path, default=Path("var"), help="files go to <var>/demo")
    for name, usual, meaning in (
        ("persons", PERSONS, f"how many to import, at least {PERSONS_MIN}"),
        ("seed", SEED, "another seed, other persons"),
        ("cancellations", CANCELLATIONS, "how many in a row, as far as awards reach"),
    ):
        variable = f"DEMO_{name.upper()}"
        given = os.environ.get(variable, str(usual))
        parser.add_argument(f"--{name}", type=int, default=given, help=f"{meaning} (default {usual}, or {variable})")
    arguments = parser.parse_args()
    if arguments.persons < PERSONS_MIN or arguments.cancellations < 1:
        parser.error(f"at least {PERSONS_MIN} persons and 1 cancellation")
    return Wishes(arguments.var.resolve(), arguments.persons, arguments.seed, arguments.cancellations)


def main() -> None:
    """Read the command line, run, exit with 0 only when every step was right."""
    began = time.monotonic()
    wishes = _wishes()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    sys.exit(asyncio.run(perform(wishes, Screen(), began=began)))


if __name__ == "__main__":
    main()
