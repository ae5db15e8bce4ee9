"""What a benchmark says: a value beside its floor from the same run, with the spread of its repeats."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import orjson

REPEATS_MIN: Final = 3


@dataclass(frozen=True, slots=True)
class Spread:
    """Least, middle and greatest of the repeats, in the unit of the measurement."""

    min: float
    median: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """At least three repeats: fewer say nothing about how much they differ."""
        if len(values) < REPEATS_MIN:
            raise ValueError(f"{len(values)} repeats are fewer than {REPEATS_MIN}")
        return cls(min=min(values), median=statistics.median(values), max=max(values))


@dataclass(frozen=True, slots=True)
class Measurement:
    """``value`` is the median of ``n`` repeats; ``floor`` what the same machine does with the least possible work."""

    name: str
    unit: str
    spread: Spread
    n: int
    floor_name: str
    floor: Spread

    @property
    def value(self) -> float:
        """The median."""
        return self.spread.median

    @property
    def ratio(self) -> float:
        """Value to floor."""
        return self.value / self.floor.median if self.floor.median else float("nan")

    def line(self) -> dict[str, object]:
        """As written to the report."""
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "floor_name": self.floor_name,
            "floor_value": round(self.floor.median, 3),
            "ratio": round(self.ratio, 4),
            "n": self.n,
            "spread": {key: round(value, 3) for key, value in asdict(self.spread).items()},
        }


def measured(
    name: str, unit: str, values: Sequence[float], *, floor_name: str, floor_values: Sequence[float]
) -> Measurement:
    """A measurement out of its repeats."""
    return Measurement(name, unit, Spread.of(values), len(values), floor_name, Spread.of(floor_values))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def write_report(measurements: Sequence[Measurement], file: Path) -> None:
    """`var/bench/report.json`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(orjson.dumps([each.line() for each in measurements], option=orjson.OPT_INDENT_2) + b"\n")


def table(measurements: Sequence[Measurement]) -> str:
    """For people."""
    rows = [("what", "median", "min … max", "unit", "n", "floor", "floor value", "ratio")]
    rows += [
        (
            each.name,
            f"{each.value:,.1f}",
            f"{each.spread.min:,.1f} … {each.spread.max:,.1f}",
            each.unit,
            str(each.n),
            each.floor_name,
            f"{each.floor.median:,.1f}",
            f"{each.ratio:.3f}",
        )
        for each in measurements
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
