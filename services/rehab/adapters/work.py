"""The rehab service's unit of work."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.rehab.adapters.repositories import SqlCases, SqlClients
from services.rehab.announcements import announce
from services.rehab.domain.facts import Fact
from shared.kit.clock import Clock
from shared.kit.permissions import Caller
from shared.kit.work import UnitOfWork

SYSTEM = "system"


class RehabWork(UnitOfWork):
    """See `use_cases.ports.Work`."""

    def __init__(self, connection: AsyncConnection, *, clock: Clock, caller: Caller | None, trace_id: str) -> None:
        super().__init__(connection, clock=clock, caller=caller, trace_id=trace_id)
        self.clients = SqlClients(connection)
        self.cases = SqlCases(
            connection,
            self.clients,
            recorded_by=SYSTEM if caller is None else caller.subject,
            trace_id=trace_id,
            audit=self.audit,
        )

    def tell(self, *facts: Fact) -> None:
        """Announce facts with this transaction."""
        self.publish(*(announce(fact) for fact in facts))
