"""The rehab service's unit of work."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.rehab.adapters.aid import SqlAid
from services.rehab.adapters.care import SqlCare
from services.rehab.adapters.institutions import SqlInstitutions, limits_of
from services.rehab.adapters.needs import SqlNeeds
from services.rehab.adapters.repositories import SqlCases, SqlClients
from services.rehab.adapters.tables import working_days
from services.rehab.announcements import announce
from services.rehab.domain.facts import Fact
from services.rehab.domain.limits import Timing
from shared.kit.calendar import working_days as working_days_of
from shared.kit.clock import Clock
from shared.kit.permissions import Caller
from shared.kit.work import UnitOfWork
from shared.values.division import Division

SYSTEM = "system"


class RehabWork(UnitOfWork):
    """See `use_cases.ports.Work`."""

    def __init__(self, connection: AsyncConnection, *, clock: Clock, caller: Caller | None, trace_id: str) -> None:
        super().__init__(connection, clock=clock, caller=caller, trace_id=trace_id)
        by = SYSTEM if caller is None else caller.subject
        self.clients = SqlClients(connection)
        self.cases = SqlCases(connection, self.clients, recorded_by=by, trace_id=trace_id, audit=self.audit)
        self.care = SqlCare(connection, recorded_by=by, audit=self.audit)
        self.aid = SqlAid(connection, recorded_by=by, audit=self.audit)
        self.needs = SqlNeeds(connection, recorded_by=by, audit=self.audit)
        self.institutions = SqlInstitutions(connection, recorded_by=by, audit=self.audit)

    async def timing(self, division: Division) -> Timing:
        """Today, the calendar and the limits of a place."""
        return Timing(
            today=self.today(),
            calendar=await working_days_of(self.connection, working_days, division),
            limits=await limits_of(self.connection, division),
        )

    def tell(self, *facts: Fact) -> None:
        """Announce facts with this transaction."""
        self.publish(*(announce(fact) for fact in facts))
