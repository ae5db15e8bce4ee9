"""Proves the file of a seal, or names what was done to it: a line altered, removed or added, a seal exchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from itertools import pairwise
from typing import Final

from services.subsidy.domain.payroll import seal as form
from services.subsidy.domain.payroll.seal import GENESIS, LineKey, Seal, SealIsMalformed

FINDINGS_MAX: Final = 1_000

Verifies = Callable[[Seal], bool]
"""Whether a key of ours signed a seal."""
Open = Callable[[], Iterator[str]]
"""Reads a file from its beginning, line by line, without their ends."""


class SealFinding(StrEnum):
    """What was done to a file."""

    LINE_ALTERED = "LINE_ALTERED"
    """The line is not what was sealed."""
    LINE_REMOVED = "LINE_REMOVED"
    """The line was sealed and is not in the file, or not in its place."""
    LINE_ADDED = "LINE_ADDED"
    """The line was not sealed, or stands in another's place."""
    LIST_ALTERED = "LIST_ALTERED"
    """Keys and hashes are not those that were signed: hold the file against another of the same seal."""
    TOTALS_DIFFER = "TOTALS_DIFFER"
    """The lines do not come to the number and the sum that were signed."""
    NOT_AS_APPROVED = "NOT_AS_APPROVED"
    """When it was sealed the lines were not those that two persons had approved."""
    SEAL_MISPLACED = "SEAL_MISPLACED"
    """A seal stands in another's place: two were exchanged, one was left out or put in."""
    SEAL_ALTERED = "SEAL_ALTERED"
    """The seal is not the one that the next one names."""
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    """No key of ours signed the seal."""
    UNREADABLE = "UNREADABLE"
    """The file is no seal's, breaks off, or goes on behind its end."""
    OTHER_RUN = "OTHER_RUN"
    """The file it is held against has another list: it is of another seal, or was altered itself."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that is wrong: which line, which seal."""

    kind: SealFinding
    line: LineKey | None = None
    seal: int | None = None
    place: int | None = None
    """Where it stands among the lines of the file, from 1."""


@dataclass(slots=True)
class SealReport:
    """What a check saw. The first thousand findings are named."""

    seal: Seal | None = None
    lines: int = 0
    seals: int = 0
    finding_count: int = 0
    findings: list[Found] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        """Nothing is wrong."""
        return self.finding_count == 0

    def add(
        self, kind: SealFinding, *, line: LineKey | None = None, seal: int | None = None, place: int | None = None
    ) -> None:
        """Count a finding."""
        self.finding_count += 1
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Found(kind, line, seal, place))


def check(file: Open, verifies: Verifies, *, against: Open | None = None) -> SealReport:
    """Check a file by itself; its lines are held against the list of another file of the same seal where one is given.

    Both read as streams: memory does not grow with the run.
    """
    report = SealReport()
    try:
        seals = _seals(file)
    except SealIsMalformed:
        report.add(SealFinding.UNREADABLE)
        return report
    report.seal, report.seals = seals[-1], len(seals)
    _check_chain(seals, verifies, report)
    if against is not None and not _proves(against, seals[-1]):
        report.add(SealFinding.OTHER_RUN)
        against = None
    try:
        if _digest(file) != seals[-1].digest:
            report.add(SealFinding.LIST_ALTERED, seal=seals[-1].number)
        _check_lines(_list(against or file), form.sealed(file()), seals[-1], report)
    except SealIsMalformed:
        report.add(SealFinding.UNREADABLE, place=report.lines + 1)
    return report


def _proves(against: Open, seal: Seal) -> bool:
    """Whether the list of another file is the one that was signed."""
    try:
        return _digest(against) == seal.digest
    except SealIsMalformed:
        return False


def _check_chain(seals: tuple[Seal, ...], verifies: Verifies, report: SealReport) -> None:
    """Every seal in its place, signed, naming the one before it."""
    for place, seal in enumerate(seals, start=1):
        if seal.number != place or seal.division != seals[-1].division:
            report.add(SealFinding.SEAL_MISPLACED, seal=seal.number)
        if not verifies(seal):
            report.add(SealFinding.SIGNATURE_INVALID, seal=seal.number)
    if seals[0].number == 1 and seals[0].previous != GENESIS:
        report.add(SealFinding.SEAL_ALTERED, seal=1)
    for before, seal in pairwise(seals):
        if seal.number == before.number + 1 and seal.previous != before.chain:
            report.add(SealFinding.SEAL_ALTERED, seal=before.number)
    if seals[-1].as_approved is False:
        report.add(SealFinding.NOT_AS_APPROVED, seal=seals[-1].number)


def _check_lines(listed: Iterator[tuple[LineKey, str]], lines: Iterator[str], seal: Seal, report: SealReport) -> None:
    """Both are in order of key: what one has and the other has not is named."""
    expected, fen = next(listed, None), 0
    for place, line in enumerate(lines, start=1):
        key, settled = form.line_of(line)
        report.lines, fen = place, fen + settled
        while expected is not None and expected[0] < key:
            report.add(SealFinding.LINE_REMOVED, line=expected[0])
            expected = next(listed, None)
        if expected is None or key < expected[0]:
            report.add(SealFinding.LINE_ADDED, line=key, place=place)
            continue
        if form.hash_of(line) != expected[1]:
            report.add(SealFinding.LINE_ALTERED, line=key, place=place)
        expected = next(listed, None)
    while expected is not None:
        report.add(SealFinding.LINE_REMOVED, line=expected[0])
        expected = next(listed, None)
    if (report.lines, fen) != (seal.lines, seal.amount_fen):
        report.add(SealFinding.TOTALS_DIFFER, seal=seal.number)


def _seals(file: Open) -> tuple[Seal, ...]:
    return form.seals_of(next(file(), ""))


def _list(file: Open) -> Iterator[tuple[LineKey, str]]:
    return map(form.entry_of, form.listed(file()))


def _digest(file: Open) -> str:
    digest = sha256()
    for entry in form.listed(file()):
        digest.update(entry.encode())
    return digest.hexdigest()
