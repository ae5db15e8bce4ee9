"""A portal hands in a case: once, however often it says so (KPI-35)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from services.registry.domain.application import Application
from services.registry.domain.portal import PortalCase
from services.registry.use_cases.application_ports import CaseWork
from services.registry.use_cases.handle_application import load_application
from services.registry.use_cases.submit_application import Applicant, SubmitApplication, submit_application
from shared.values.division import Scope


class Portals(Protocol):
    """Cases of portals."""

    async def found(self, portal: str, case_no: str) -> PortalCase | None:
        """What was handed in under this number; whoever asks next for the same waits for this transaction."""

    async def add(self, case: PortalCase) -> None:
        """Insert."""


class PortalWork(CaseWork, Protocol):
    """One transaction about a portal's case."""

    @property
    def portals(self) -> Portals:
        """Cases of portals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandIn:
    """``portal``: who hands it in; ``case_no``: what it is called there."""

    portal: str
    case_no: str
    received_on: date
    asked: SubmitApplication


async def take_portal_case(handed: HandIn, work: PortalWork, *, within: Scope) -> tuple[PortalCase, Application, bool]:
    """The case, how it stands, and whether it is new. Raises `PortalCaseDiffers`, and what `submit_application` does.

    What is refused leaves nothing behind: the portal corrects it and hands it in again under the same number.
    """
    known = await work.portals.found(handed.portal, handed.case_no)
    if known is not None:
        person_id = await _who(handed.asked.applicant, work)
        known.must_be(person_id=person_id, matter=handed.asked.matter, received_on=handed.received_on)
        return known, await load_application(known.application_id, work, within=Scope.everywhere()), False
    application = await submit_application(handed.asked, work, within=within)
    case = PortalCase(
        intake_id=work.new_id(),
        portal=handed.portal,
        case_no=handed.case_no,
        matter=application.matter,
        division=handed.asked.acceptance,
        received_on=handed.received_on,
        person_id=application.person_id,
        application_id=application.application_id,
    )
    await work.portals.add(case)
    return case, application, True


async def _who(applicant: Applicant, work: CaseWork) -> UUID | None:
    if applicant.identity is None:
        return applicant.person_id
    return await work.persons.by_number(applicant.identity.citizen_id_no, within=Scope.everywhere())
