"""A worker under a sampling profiler: ``PROFILED_MODULE`` is run, what it did is in ``PROFILE_FILE`` at its end.

Samples are of processor time (a thousand a second), so waiting does not show; each line is a function with the share of
samples it was on the stack of, and the share in which it was running itself.
"""

from __future__ import annotations

import atexit
import importlib
import os
import signal
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Final

INTERVAL_SECONDS: Final = 0.001
LINES_MAX: Final = 90


class Sampler:
    """Counts the functions on the stack whenever the processor clock ticks."""

    def __init__(self) -> None:
        self.samples = 0
        self.inside: Counter[str] = Counter()
        self.own: Counter[str] = Counter()

    def start(self) -> None:
        """Sample until the process ends."""
        signal.signal(signal.SIGPROF, self._tick)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)

    def _tick(self, _: int, frame: FrameType | None) -> None:
        self.samples += 1
        seen: set[str] = set()
        while frame is not None:
            code = frame.f_code
            name = f"{Path(code.co_filename).parent.name}/{Path(code.co_filename).name}:{code.co_qualname}"
            if not seen:
                self.own[f"{name}:{frame.f_lineno}"] += 1
            seen.add(name)
            frame = frame.f_back
        self.inside.update(seen)

    def report(self) -> str:
        """Both rankings."""
        parts = []
        for title, counter in (("on the stack", self.inside), ("running", self.own)):
            parts.append(f"-- {title}, {self.samples} samples")
            parts += [f"{count / self.samples:7.1%}  {name}" for name, count in counter.most_common(LINES_MAX)]
        return "\n".join(parts) + "\n"


def main() -> None:
    """Run the module's own ``main`` under the sampler."""
    sampler = Sampler()
    atexit.register(lambda: Path(os.environ["PROFILE_FILE"]).write_text(sampler.report()))
    sampler.start()
    importlib.import_module(os.environ["PROFILED_MODULE"]).main()
    Path(os.environ["PROFILE_FILE"]).write_text(sampler.report())
