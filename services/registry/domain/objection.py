"""Somebody objects to what a public notice says (CERT-05)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID


class ObjectionState(StrEnum):
    """Whether it was answered, and how."""

    OPEN = "OPEN"
    UPHELD = "UPHELD"
    DISMISSED = "DISMISSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """``words`` may name anybody: they are kept encrypted. ``evidence_id`` is a file."""

    objection_id: UUID
    application_id: UUID
    filed_on: date
    words: str
    evidence_id: UUID | None = None
    state: ObjectionState = ObjectionState.OPEN
    decided_on: date | None = None

    def decided(self, state: ObjectionState, *, on: date) -> Objection:
        """Upheld or dismissed."""
        return replace(self, state=state, decided_on=on)
