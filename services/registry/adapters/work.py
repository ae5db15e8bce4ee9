"""The registry's unit of work: one transaction with its repositories."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.applications import SqlApplications
from services.registry.adapters.certificates import SqlCertificates, SqlStops
from services.registry.adapters.clients import Clients
from services.registry.adapters.division_changes import DivisionChanges
from services.registry.adapters.guardians import Guardians
from services.registry.adapters.households import Households
from services.registry.adapters.institutions import SqlInstitutions
from services.registry.adapters.local_rules import all_local_rules
from services.registry.adapters.matching import Matching
from services.registry.adapters.merges import Merges
from services.registry.adapters.names import Names
from services.registry.adapters.places import Places
from services.registry.adapters.portals import Portals
from services.registry.adapters.reports import Reports
from services.registry.adapters.repositories import SqlPersons
from services.registry.adapters.search_index import SearchIndex
from services.registry.adapters.secrets import Secrets
from services.registry.adapters.surveys import Surveys
from services.registry.adapters.tables import working_days
from services.registry.adapters.trail import Trail
from services.registry.announcements import announce
from services.registry.domain.facts import Fact
from services.registry.domain.timing import Timing
from services.registry.use_cases.ports import Identity
from shared.kit.audit import Change
from shared.kit.calendar import working_days as working_days_of
from shared.kit.clock import Clock
from shared.kit.crypto import Keys
from shared.kit.permissions import Caller
from shared.kit.work import UnitOfWork
from shared.values.division import Division
from shared.values.personal import AddressDetail, Phone

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
        self.trail = Trail(self.audit)
        self.places = Places(connection, secrets, recorded_by=by, today=self.today())
        self.persons = SqlPersons(connection, secrets, by, self.trail, places=self.places)
        self.guardians = Guardians(connection, secrets, recorded_by=by)
        self.names = Names(connection, secrets, recorded_by=by)
        self.households = Households(connection, secrets, recorded_by=by)
        self.clients = Clients(connection, secrets, recorded_by=by)
        self.surveys = Surveys(connection, secrets, recorded_by=by)
        self.portals = Portals(connection)
        self.division_changes = DivisionChanges(connection, recorded_by=by)
        self.merges = Merges(connection, recorded_by=by)
        self.matching = Matching(connection, secrets)
        self.search = SearchIndex(connection, secrets)
        self.reports = Reports(
            connection,
            secrets,
            recorded_by=by,
            client_id=SYSTEM if caller is None else caller.client_id,
            trace_id=trace_id,
        )
        self.certificates = SqlCertificates(connection, secrets, self.trail)
        origin = {"recorded_by": by, "client_id": SYSTEM if caller is None else caller.client_id, "trace_id": trace_id}
        self.applications = SqlApplications(connection, secrets, self.audit, **origin)
        self.institutions = SqlInstitutions(connection, recorded_by=by)
        self.stops = SqlStops(connection, secrets, **origin, trail=self.trail)

    def contact_changed(
        self, person_id: UUID, before: Identity, phone: Phone | None, address: AddressDetail | None
    ) -> None:
        """Tell the audit trail: fingerprints, not values."""
        self.audit(
            Change(
                person_id,
                "person.contact_changed",
                before={"phone": before.phone, "address": before.address},
                after={"phone": phone, "address": address},
            )
        )

    async def timing(self, division: Division) -> Timing:
        """Today, the calendar of a division and everybody's local rules."""
        return Timing(
            today=self.today(),
            calendar=await working_days_of(self.connection, working_days, division),
            rules=await all_local_rules(self.connection),
        )

    def tell(self, *facts: Fact) -> None:
        """Announce facts with this transaction."""
        self.publish(*(announce(fact) for fact in facts))


def work_with(keys: Keys) -> partial[RegistryWork]:
    """Units of work that can open and seal personal values."""
    return partial(RegistryWork, secrets=Secrets(keys))
