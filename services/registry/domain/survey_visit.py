"""A visit of the yearly survey of basic status and needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    form_id: UUID
    year: int
    outcome: VisitOutcome
    visited_on: date
    needs: frozenset[str] = frozenset()

    @property
    def needs_text(self) -> str:
        """``N03;N17``, in order."""
        return ";".join(sorted(self.needs))

    def corrected(self, said: Visit, *, version: int) -> Visit:
        """What was written down was wrong; ``said`` is how it was."""
        return replace(said, visit_id=self.visit_id, version=version)
