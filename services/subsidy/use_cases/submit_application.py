"""Hand in an application (RULES 4.6): at the window, away from home, online, or because somebody went there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from services.subsidy.domain.application import Application, Channel, FiledBy, Paper, submit
from services.subsidy.domain.application_errors import PersonHasOpenApplication
from services.subsidy.domain.errors import AwardExists, PersonHasDied, PersonNotKnown
from services.subsidy.use_cases.application_ports import CaseWork, Sealed
from services.subsidy.use_cases.known_schemes import must_be_known
from shared.values.award import Scheme
from shared.values.division import Division, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitApplication:
    """``acceptance``: where it is taken in. ``form``: sealed for ``application_id``."""

    application_id: UUID
    person_id: UUID
    scheme: Scheme
    channel: Channel
    filed_by: FiledBy
    acceptance: Division
    papers: Collection[Paper]
    form: Sealed
    by: str


async def submit_application(command: SubmitApplication, work: CaseWork) -> Application:
    """Any township in the country takes it in (SUB-25): that the person was found by their papers is the caller's part.

    Raises `SchemeNotKnown`, `PersonNotKnown`, `PersonHasDied`, `AwardExists`, `PersonHasOpenApplication`.
    """
    await must_be_known([command.scheme], work)
    holder = (await work.holders.get([command.person_id], within=Scope.everywhere())).get(command.person_id)
    home = await work.home(command.person_id)
    if holder is None or home is None:
        raise PersonNotKnown
    if holder.died_on is not None:
        raise PersonHasDied(died_on=holder.died_on.isoformat())
    if await work.has_running(command.person_id, command.scheme):
        raise AwardExists(scheme=command.scheme.value)
    application = submit(
        command.application_id,
        command.person_id,
        command.scheme,
        channel=command.channel,
        filed_by=command.filed_by,
        home=home,
        acceptance=command.acceptance,
        papers=command.papers,
        by=command.by,
        timing=await work.timing(home=home, acceptance=command.acceptance),
    )
    if not await work.applications.add(application, command.form):
        raise PersonHasOpenApplication(scheme=command.scheme.value)
    return application
