"""Divisions given up for others, as the register announced it: who followed where (ID-21)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """``predecessor`` is given up for ``successor`` from a day on; one step of a change."""

    change_id: UUID
    predecessor: str
    successor: str
    effective_on: date

    def follow(self, code: str) -> str | None:
        """The new code of a place within the predecessor; None for any other."""
        inside = code.startswith(self.predecessor) and self.predecessor != self.successor
        return self.successor + code[len(self.predecessor) :] if inside else None


@dataclass(frozen=True, slots=True)
class Step:
    """What a succession did to one code."""

    succession: Succession
    before: str
    after: str


def path(before: str, after: str, successions: Iterable[Succession]) -> Sequence[Step]:
    """The steps that lead from one code to another, in the order of their days; none: it was no succession.

    Of the steps of one change the one with the longest predecessor decides.
    """
    code, steps, done = before, list[Step](), set[UUID]()
    for each in sorted(successions, key=lambda one: (one.effective_on, one.change_id, -len(one.predecessor))):
        if each.change_id in done or (following := each.follow(code)) is None:
            continue
        done.add(each.change_id)
        steps.append(Step(each, code, following))
        code = following
        if code == after:
            return steps
    return ()
