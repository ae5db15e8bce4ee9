"""Memory of the stack: the proportional set size (PSS), which counts a shared page once over all who share it."""

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

SUPERVISOR = "supervisor"


@dataclass(frozen=True)
class Share:
    """What one named process, with the unnamed ones it started (PostgreSQL's backends), takes."""

    name: str
    processes: int
    pss_bytes: int


@dataclass(frozen=True)
class MemoryReport:
    """Shares, largest first."""

    shares: tuple[Share, ...]

    @property
    def total_bytes(self) -> int:
        """All of it."""
        return sum(share.pss_bytes for share in self.shares)

    def __str__(self) -> str:
        rows = [(share.name, share.processes, share.pss_bytes) for share in self.shares]
        total = ("total", sum(share.processes for share in self.shares), self.total_bytes)
        return "\n".join(
            f"{name:<20} {count:>3} processes {size / 2**20:>8.1f} MiB" for name, count, size in [*rows, total]
        )


def pss_bytes(pid: int) -> int:
    """PSS of one process; 0 when it is gone. Needs to be its owner, or root."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def measure(supervisor: int, names: Mapping[int, str]) -> MemoryReport:
    """The stack under a supervisor. ``names``: process id -> name; others count to their nearest named ancestor."""
    named = {supervisor: SUPERVISOR, **names}
    root = psutil.Process(supervisor)
    sums: dict[str, list[int]] = defaultdict(list)
    for process in (root, *root.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):  # PostgreSQL's helpers come and go
            sums[_name(process, named)].append(pss_bytes(process.pid))
    return MemoryReport(tuple(sorted(_shares(sums.items()), key=lambda share: -share.pss_bytes)))


def _shares(sums: Iterable[tuple[str, list[int]]]) -> Iterable[Share]:
    return (Share(name, len(sizes), sum(sizes)) for name, sizes in sums)


def _name(process: psutil.Process, named: Mapping[int, str]) -> str:
    while process.pid not in named:
        parent = process.parent()
        if parent is None:
            return SUPERVISOR
        process = parent
    return named[process.pid]
