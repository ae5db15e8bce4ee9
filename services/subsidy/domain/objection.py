"""Somebody objects to what a public notice says (SUB-22, SUB-23)."""

from __future__ import annotations

from dataclasses import dataclass
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
    """``sealed_words`` may name anybody: encrypted where they came in; None: forgotten."""

    objection_id: UUID
    application_id: UUID
    filed_on: date
    sealed_words: bytes | None
    state: ObjectionState = ObjectionState.OPEN
    decided_on: date | None = None
