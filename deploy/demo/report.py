"""What a run of the demonstration leaves behind: `var/demo/report.json` (ARCHITECTURE section 8)."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Step:
    """One thing the demonstration did. ``ms``: how long it took."""

    name: str
    ok: bool
    ms: float


@dataclass(frozen=True, slots=True)
class Spread:
    """A series of measurements in milliseconds."""

    n: int
    p50: float
    p99: float
    max: float

    @classmethod
    def of(cls, milliseconds: Sequence[float]) -> Self:
        """Nearest-rank percentiles: every figure is one that was measured. Raises ValueError for an empty series."""
        ordered = sorted(milliseconds)
        if not ordered:
            raise ValueError("nothing was measured")
        return cls(len(ordered), *(round(_rank(ordered, percent), 1) for percent in (50, 99, 100)))


def _rank(ordered: Sequence[float], percent: int) -> float:
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


@dataclass(frozen=True, slots=True)
class Target:
    """A figure the product promises (ARCHITECTURE section 9), and what this run measured. Smaller is better."""

    target: float
    measured: float

    @property
    def met(self) -> bool:
        """Whether the promise holds on this machine."""
        return self.measured <= self.target


@dataclass(slots=True)
class Report:
    """Everything in one document. ``facts`` are further keys; ``finished``: it was not interrupted."""

    finished: bool = False
    steps: list[Step] = field(default_factory=list)
    targets: dict[str, Target] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the run came to its end and every step was right."""
        return self.finished and all(step.ok for step in self.steps)

    def document(self) -> dict[str, Any]:
        """What is written."""
        targets = {name: asdict(target) | {"met": target.met} for name, target in self.targets.items()}
        return {"ok": self.ok, "steps": [asdict(step) for step in self.steps], **self.facts, "targets": targets}

    def write(self, path: Path) -> None:
        """Replace the report of the run before."""
        path.parent.mkdir(parents=True, exist_ok=True)
        arriving = path.with_suffix(".arriving")
        arriving.write_text(json.dumps(self.document(), ensure_ascii=False, indent=2) + "\n")
        arriving.replace(path)
