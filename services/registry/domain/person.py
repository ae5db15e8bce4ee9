"""The holder, reduced to what decisions need; names and numbers stay in the adapters, encrypted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.registry.domain.errors import DateInFuture, PersonHasDied, PersonIsAlive
from services.registry.domain.person_errors import PersonIsMerged
from services.registry.domain.stop import Stop
from shared.values.certificate import StopKind
from shared.values.division import Division


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """``version`` is this row's; ``last_version`` counts every event about the person, certificates included.

    ``merged_into``: the surviving record, when this one was found to be the same person's.
    """

    person_id: UUID
    version: int
    last_version: int
    division: Division
    registered_on: date
    died_on: date | None = None
    merged_into: UUID | None = None

    def moved_on(self) -> Person:
        """The person after one more event that changes another row than this."""
        return replace(self, last_version=self.last_version + 1)

    def changed(self, *, died_on: date | None = None, division: Division | None = None) -> Person:
        """The person after one more event that changes this row."""
        number = self.last_version + 1
        return replace(self, version=number, last_version=number, died_on=died_on, division=division or self.division)

    def must_stand(self) -> None:
        """Raise `PersonIsMerged` for a step on a record that is another person's."""
        if self.merged_into is not None:
            raise PersonIsMerged(survivor_id=str(self.merged_into))

    def must_live(self) -> None:
        """Raise `PersonHasDied`, or `PersonIsMerged`, for a step that needs a living person."""
        self.must_stand()
        if self.died_on is not None:
            raise PersonHasDied(died_on=self.died_on.isoformat())

    def dies(self, *, on: date, today: date, stop_id: UUID, reason: str) -> tuple[Person, Stop]:
        """A death is reported; money stops from the following month (SUB-38).

        Raises `PersonHasDied` when a death is on record, `DateInFuture` for a later date than today.
        """
        self.must_live()
        if on > today:
            raise DateInFuture(field="died_on", given=on.isoformat(), today=today.isoformat())
        person = self.changed(died_on=on)
        return person, Stop(
            stop_id=stop_id,
            person_id=self.person_id,
            certificate_id=None,
            version=person.version,
            division=self.division,
            kind=StopKind.DEATH,
            reason=reason,
            event_date=on,
        )

    def moves(self, *, to: Division) -> Person:
        """Belongs to another division from now on. Raises `PersonIsMerged`."""
        self.must_stand()
        return self.changed(died_on=self.died_on, division=to)

    def lives_after_all(self, stop: Stop | None) -> tuple[Person, Stop]:
        """The report was wrong: as if it had never been (RULES 4.7). Raises `PersonIsAlive`."""
        if self.died_on is None or stop is None:
            raise PersonIsAlive
        person = self.changed(died_on=None)
        return person, stop.withdraw(version=person.version)
