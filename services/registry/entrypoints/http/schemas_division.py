"""Requests and answers about changes of divisions."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.registry.domain.division_change import (
    ChangeState,
    DivisionChange,
    Succession,
    allowed_steps,
)
from services.registry.entrypoints.http.schemas import CountyDivision
from shared.kit.routing import RequestModel
from shared.values.division import Division
from shared.values.person import DivisionChangeKind


class SuccessionIn(RequestModel):
    """One step: what was given up, what its area belongs to, and what that is called."""

    predecessor: CountyDivision
    successor: CountyDivision
    name: Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]


class DivisionChangeIn(RequestModel):
    """A merger, a split, a new name or a new code. ``basis``: the document that decides it."""

    kind: DivisionChangeKind
    effective_on: date
    basis: Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
    successions: Annotated[list[SuccessionIn], Field(min_length=1, max_length=500)]

    def change(self, change_id: UUID) -> DivisionChange:
        """As a value. Raises `SuccessionsAreWrong`."""
        return DivisionChange(
            change_id=change_id,
            kind=self.kind,
            effective_on=self.effective_on,
            basis=self.basis,
            successions=tuple(
                Succession(
                    predecessor=Division.parse(step.predecessor),
                    successor=Division.parse(step.successor),
                    name=step.name,
                )
                for step in self.successions
            ),
        )


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class SuccessionOut(_Out):
    """One step; ``persons`` and ``certificates``: how many are there, in a preview."""

    predecessor: str
    successor: str
    name: str
    moves: bool = Field(description="原区划人员是否随之变更")


class DivisionChangeOut(_Out):
    """A change as it stands."""

    change_id: UUID
    version: int
    kind: DivisionChangeKind
    effective_on: date
    basis: str
    state: ChangeState
    allowed: list[str]
    successions: list[SuccessionOut]

    @classmethod
    def of(cls, change: DivisionChange) -> DivisionChangeOut:
        """From the domain."""
        moving = set(change.moving)
        return cls(
            change_id=change.change_id,
            version=change.version,
            kind=change.kind,
            effective_on=change.effective_on,
            basis=change.basis,
            state=change.state,
            allowed=[step.value for step in allowed_steps(change.state)],
            successions=[
                SuccessionOut(
                    predecessor=step.predecessor.code,
                    successor=step.successor.code,
                    name=step.name,
                    moves=step in moving,
                )
                for step in change.successions
            ],
        )


class ChangeEffectOut(_Out):
    """What carrying it out would move, by what is given up."""

    predecessor: str
    successor: str
    persons: int
    certificates: int
    households: int
    open_applications: int


class BecameOut(_Out):
    """A division and what became of it, or what it came from."""

    change_id: UUID
    kind: DivisionChangeKind
    predecessor: str
    successor: str
    name: str
    effective_on: date
    state: ChangeState

    @classmethod
    def of(cls, row: Any) -> BecameOut:
        """From the adapter."""
        return cls.model_validate(dict(row._mapping))
