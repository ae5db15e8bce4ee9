"""What every route about a case shares: find it, see that it is the caller's turn, tell how it stands."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response

from services.subsidy.adapters.forms import Forms
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.application import Application
from services.subsidy.entrypoints.http.applications.schemas import ApplicationOut
from services.subsidy.use_cases.handle_application import load_application
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import open_work

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("subsidy:read")]
Acceptor = Annotated[Caller, Permit("subsidy:accept")]
Reviewer = Annotated[Caller, Permit("subsidy:review")]
Determiner = Annotated[Caller, Permit("subsidy:determine")]
Seen = Annotated[Precondition, Depends(if_match)]
ONCE = Idempotent()

APPLICATION_FIELDS = ("scheme", "state", "refusal", "amount_fen")
FORM_FIELDS = ("name", "citizen_id_no", "phone", "payee_name", "account", "bank")


async def forms_of(request: Request) -> Forms:
    """Opens and seals what applicants wrote."""
    return Forms(request.app.state.settings.key_ring())


FormsOf = Annotated[Forms, Depends(forms_of)]


async def found(application_id: UUID, work: SubsidyWork, caller: Caller, seen: Precondition) -> Application:
    """The case, at the version the caller saw. Raises `ApplicationNotFound`, 412."""
    application = await load_application(application_id, work, within=caller.scope)
    seen.check(application.version)
    return application


async def at_desk(application_id: UUID, work: SubsidyWork, caller: Caller, seen: Precondition) -> Application:
    """The same, when it is the caller's turn: whoever only sees the case gets 403."""
    application = await found(application_id, work, caller, seen)
    caller.must_cover(application.desk.code)
    return application


def told(application: Application, response: Response, caller: Caller) -> ApplicationOut:
    """How it stands, with its ETag."""
    tag(response, application.version)
    return seen_by(application, caller)


def seen_by(application: Application, caller: Caller) -> ApplicationOut:
    """What a caller may see of it: what the rules said is the home authority's."""
    return ApplicationOut.of(application, at_home=caller.scope.covers(application.home))
