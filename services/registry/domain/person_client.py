"""Who is served without a certificate: children under seven (CERT-37), severe mental disorder (CERT-36)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, assert_never
from uuid import UUID

from services.registry.domain.errors import DateInFuture
from services.registry.domain.person_errors import ClientGroundNotMet, ClientHasEnded
from shared.values.dates import add_years
from shared.values.division import Division
from shared.values.person import ClientGround

CHILD_YEARS: Final = 7
RISK_LEVEL_MIN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An admission; ``valid_to`` is the last day."""

    client_id: UUID
    person_id: UUID
    version: int
    division: Division
    ground: ClientGround
    valid_from: date
    valid_to: date | None

    def end(self, *, on: date, version: int) -> Client:
        """The ground has gone. Raises `ClientHasEnded` when it had gone before that day."""
        if self.valid_to is not None and self.valid_to <= on:
            raise ClientHasEnded(valid_to=self.valid_to.isoformat())
        return replace(self, valid_to=max(on, self.valid_from), version=version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What somebody shows instead of a certificate."""

    ground: ClientGround
    diagnosed_on: date
    risk_level: int | None = None
    guardian_applied: bool = False

    def last_day(self, *, born: date, today: date) -> date | None:
        """The last day this ground serves; None: until further notice.

        Raises `ClientGroundNotMet` naming what is missing, `DateInFuture`.
        """
        if self.diagnosed_on > today:
            raise DateInFuture(field="diagnosed_on", given=self.diagnosed_on.isoformat(), today=today.isoformat())
        match self.ground:
            case ClientGround.CHILD_DIAGNOSED:
                last = add_years(born, CHILD_YEARS) - timedelta(days=1)
                if today > last:
                    raise ClientGroundNotMet(rule="CERT-37", missing="age_under_7")
                return last
            case ClientGround.SEVERE_MENTAL:
                if self.risk_level is None or self.risk_level < RISK_LEVEL_MIN:
                    raise ClientGroundNotMet(rule="CERT-36", missing="risk_level_3")
                if not self.guardian_applied:
                    raise ClientGroundNotMet(rule="CERT-36", missing="guardian_application")
                return None
        assert_never(self.ground)
