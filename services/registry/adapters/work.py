"""The registry's unit of work: one transaction with its repositories."""

from __future__ import annotations

from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.repositories import SqlCertificates, SqlPersons, SqlStops
from services.registry.adapters.secrets import Secrets
from services.registry.announcements import announce
from services.registry.domain.facts import Fact
from shared.kit.clock import Clock
from shared.kit.crypto import Keys
from shared.kit.permissions import Caller
from shared.kit.work import UnitOfWork

SYSTEM = "system"


class RegistryWork(UnitOfWork):
    """See `use_cases.ports.Work`."""

    def __init__(
        self,
        connection: AsyncConnection,
        *,
        clock: Clock,
        caller: Caller | None,
        trace_id: str,
        secrets: Secrets,
    ) -> None:
        super().__init__(connection, clock=clock, caller=caller, trace_id=trace_id)
        by = SYSTEM if caller is None else caller.subject
        self.secrets = secrets
        self.persons = SqlPersons(connection, secrets, by)
        self.certificates = SqlCertificates(connection, secrets)
        self.stops = SqlStops(
            connection,
            recorded_by=by,
            client_id=SYSTEM if caller is None else caller.client_id,
            trace_id=trace_id,
        )

    def tell(self, *facts: Fact) -> None:
        """Announce facts with this transaction."""
        self.publish(*(announce(fact) for fact in facts))


def work_with(keys: Keys) -> partial[RegistryWork]:
    """Units of work that can open and seal personal values."""
    return partial(RegistryWork, secrets=Secrets(keys))
