"""The subsidy service's unit of work."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import case_terms, policy_documents
from services.subsidy.adapters.applications import SqlApplications
from services.subsidy.adapters.decisions import SqlDecisions
from services.subsidy.adapters.facts import SqlFacts
from services.subsidy.adapters.repositories import SqlAwards, SqlHolders
from services.subsidy.adapters.verdicts import verdict_of
from services.subsidy.announcements import announce
from services.subsidy.domain.application import Application
from services.subsidy.domain.application_timing import Timing
from services.subsidy.domain.award import Award
from services.subsidy.domain.facts import Fact
from services.subsidy.domain.policy_book import PolicyBook
from services.subsidy.domain.verdict import Verdict
from shared.kit.clock import Clock
from shared.kit.permissions import Caller
from shared.kit.work import UnitOfWork
from shared.values.award import TWO_SUBSIDIES, Scheme
from shared.values.division import Division, Scope

SYSTEM = "system"


class SubsidyWork(UnitOfWork):
    """See `use_cases.ports.Work`."""

    def __init__(self, connection: AsyncConnection, *, clock: Clock, caller: Caller | None, trace_id: str) -> None:
        super().__init__(connection, clock=clock, caller=caller, trace_id=trace_id)
        self.holders = SqlHolders(connection)
        by = SYSTEM if caller is None else caller.subject
        self.facts = SqlFacts(connection, by=by, trace_id=trace_id, audit=self.audit)
        self.decisions = SqlDecisions(connection, by=by, audit=self.audit)
        self.awards = SqlAwards(
            connection, recorded_by=by, trace_id=trace_id, audit=self.audit, caught_up=self.caught_up
        )
        self.applications = SqlApplications(
            connection,
            audit=self.audit,
            recorded_by=by,
            client_id=SYSTEM if caller is None else caller.client_id,
            trace_id=trace_id,
        )
        self._by = by

    async def home(self, person_id: UUID) -> Division | None:
        """Where the person is registered."""
        code = (await self.facts.divisions([person_id], within=Scope.everywhere())).get(person_id)
        return None if code is None else Division(code)

    async def timing(self, *, home: Division, acceptance: Division) -> Timing:
        """Today, the limits of the home county and the calendars of both places."""
        return await case_terms.timing(self.connection, self.clock, home=home, acceptance=acceptance)

    async def verdict(self, one: Application) -> Verdict:
        """What the rules say about the day of an application."""
        return await verdict_of(self.connection, one, self.new_id())

    async def schemes(self) -> frozenset[str]:
        """The codes of the schemes that the policies in force have, and the two of the national text."""
        book = PolicyBook(await policy_documents.in_force(self.connection, None))
        return frozenset(book.schemes) | {scheme.value for scheme in TWO_SUBSIDIES}

    async def quota(self, one: Application) -> int | None:
        """How many awards of the scheme the home county may have."""
        return await case_terms.quota(self.connection, one)

    async def running(self, scheme: Scheme, county: Division) -> int:
        """How many awards of the scheme the county has."""
        return await case_terms.running(self.connection, scheme, county)

    async def has_running(self, person_id: UUID, scheme: Scheme) -> bool:
        """Whether an award of the scheme is being paid to the person."""
        return await case_terms.has_running(self.connection, person_id, scheme)

    async def supersede(self, person_id: UUID, scheme: Scheme) -> list[Award]:
        """A suspended award ends where a new application follows it."""
        ended = await case_terms.supersede(self.connection, person_id, scheme, by=self._by, trace_id=self.trace_id)
        self.audit(*(case_terms.superseded(each) for each in ended))
        return ended

    def tell(self, *facts: Fact) -> None:
        """Announce facts with this transaction."""
        self.publish(*(announce(fact) for fact in facts))
