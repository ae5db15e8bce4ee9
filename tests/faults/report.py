"""One line per scenario while it runs, one table at the end, one file for machines."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """``recovered_ms``: from the end of the fault until both services agreed; None where there was no fault to end."""

    scenario: str
    recovered_ms: float | None
    facts: dict[str, Any]

    def __str__(self) -> str:
        time = "" if self.recovered_ms is None else f"{self.recovered_ms:7.0f} ms"
        return f"{self.scenario:<66} {time:>10}  {', '.join(f'{k} {v}' for k, v in self.facts.items())}"


@dataclass(slots=True)
class Report:
    """Of one run of the suite."""

    say: Callable[[str], None] = print
    lines: list[Line] = field(default_factory=list)

    def add(self, scenario: str, seconds: float | None = None, **facts: Any) -> None:
        """A scenario passed."""
        line = Line(scenario, None if seconds is None else round(seconds * 1000, 1), facts)
        self.lines.append(line)
        self.say(str(line))

    def table(self) -> list[str]:
        """Everything again, with the extremes."""
        times = [line.recovered_ms for line in self.lines if line.recovered_ms is not None]
        if not times:
            return []
        longest = max(self.lines, key=lambda line: line.recovered_ms or 0)
        extremes = f"median {statistics.median(times):.0f} ms, longest {max(times):.0f} ms ({longest.scenario})"
        return [*map(str, self.lines), "", f"{len(times)} recoveries: {extremes}"]

    def write(self, *files: Path) -> None:
        """As JSON."""
        text = json.dumps([asdict(line) for line in self.lines], ensure_ascii=False, indent=2) + "\n"
        for file in files:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
