"""The subsidy service's unit of work."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.facts import SqlFacts
from services.subsidy.adapters.repositories import SqlAwards, SqlHolders
from services.subsidy.announcements import announce
from services.subsidy.domain.facts import Fact
from shared.kit.clock import Clock
from shared.kit.permissions import Caller
from shared.kit.work import UnitOfWork

SYSTEM = "system"


class SubsidyWork(UnitOfWork):
    """See `use_cases.ports.Work`."""

    def __init__(self, connection: AsyncConnection, *, clock: Clock, caller: Caller | None, trace_id: str) -> None:
        super().__init__(connection, clock=clock, caller=caller, trace_id=trace_id)
        self.holders = SqlHolders(connection)
        by = SYSTEM if caller is None else caller.subject
        self.facts = SqlFacts(connection, by=by, trace_id=trace_id, audit=self.audit)
        self.awards = SqlAwards(connection, recorded_by=by, trace_id=trace_id, audit=self.audit)

    def tell(self, *facts: Fact) -> None:
        """Announce facts with this transaction."""
        self.publish(*(announce(fact) for fact in facts))
