"""Two records of one person: which survives, what forbids it, how it is undone.

A merge is a link and moves nothing: both histories stay where they are, so undoing it is taking the link away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.registry.domain.person import Person
from services.registry.domain.person_errors import (
    AbsorbedHoldsCertificate,
    DeathsDisagree,
    MergeIsUndone,
    MergeOfOne,
)
from shared.values.division import Division


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """``person_id`` survives, ``absorbed_id`` is read as the survivor's."""

    merge_id: UUID
    person_id: UUID
    absorbed_id: UUID
    version: int
    division: Division
    merged_on: date
    undone: bool = False

    def undo(self, survivor: Person, absorbed: Person) -> tuple[Person, Person, Merge]:
        """Two persons again. Raises `MergeIsUndone`."""
        if self.undone:
            raise MergeIsUndone
        survivor = survivor.moved_on()
        absorbed = replace(absorbed.moved_on(), merged_into=None)
        return survivor, absorbed, replace(self, undone=True, version=survivor.last_version)


def merge(
    survivor: Person, absorbed: Person, *, living_certificate: UUID | None, merge_id: UUID, today: date
) -> tuple[Person, Person, Merge]:
    """Find two records to be one person's.

    ``living_certificate``: what the absorbed record holds: the one who holds a certificate must be the survivor, and
    of two holders one certificate is cancelled first. Raises `MergeOfOne`, `PersonIsMerged`,
    `AbsorbedHoldsCertificate`, `DeathsDisagree`.
    """
    if survivor.person_id in {absorbed.person_id, absorbed.merged_into}:
        raise MergeOfOne
    survivor.must_stand()
    absorbed.must_stand()
    if living_certificate is not None:
        raise AbsorbedHoldsCertificate(certificate_id=str(living_certificate))
    if survivor.died_on != absorbed.died_on:
        raise DeathsDisagree(survivor=_told(survivor.died_on), absorbed=_told(absorbed.died_on))
    survivor = survivor.moved_on()
    absorbed = replace(absorbed.moved_on(), merged_into=survivor.person_id)
    return (
        survivor,
        absorbed,
        Merge(
            merge_id=merge_id,
            person_id=survivor.person_id,
            absorbed_id=absorbed.person_id,
            version=survivor.last_version,
            division=survivor.division,
            merged_on=today,
        ),
    )


def _told(died_on: date | None) -> str:
    return "–" if died_on is None else died_on.isoformat()
