"""A visit of the yearly survey of basic status and needs, as others may know of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.values.division import Division
from shared.values.person import VisitOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """``needs``: codes of need items answered yes; none when nobody answered."""

    visit_id: UUID
    person_id: UUID
    version: int
    division: Division
    year: int
    outcome: VisitOutcome
    visited_on: date
    needs: frozenset[str] = frozenset()

    @property
    def needs_text(self) -> str:
        """``N03;N17``, in order."""
        return ";".join(sorted(self.needs))
