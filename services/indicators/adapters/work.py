"""The indicators service's unit of work."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.indicators.adapters.spells import SqlSpells
from shared.kit.clock import Clock
from shared.kit.permissions import Caller
from shared.kit.work import UnitOfWork


class IndicatorsWork(UnitOfWork):
    """See `use_cases.ports.Work`."""

    def __init__(self, connection: AsyncConnection, *, clock: Clock, caller: Caller | None, trace_id: str) -> None:
        super().__init__(connection, clock=clock, caller=caller, trace_id=trace_id)
        self.spells = SqlSpells(connection)
