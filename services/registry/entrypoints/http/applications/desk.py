"""What every route about a case shares: find it, see that it is the caller's turn, tell how it stands."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from services.registry.adapters.work import RegistryWork
from services.registry.domain.application import Application
from services.registry.entrypoints.http.applications.schemas import ApplicationOut
from services.registry.use_cases.handle_application import load_application
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import open_work

Work = Annotated[RegistryWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("application:read")]
Writer = Annotated[Caller, Permit("application:write")]
Decider = Annotated[Caller, Permit("application:decide")]
Assessor = Annotated[Caller, Permit("assessment:write")]
Seen = Annotated[Precondition, Depends(if_match)]

APPLICATION_FIELDS = ("application",)


async def found(application_id: UUID, work: RegistryWork, caller: Caller, seen: Precondition) -> Application:
    """The case, at the version the caller saw. Raises `ApplicationNotFound`, 412."""
    application = await load_application(application_id, work, within=caller.scope)
    seen.check(application.version)
    return application


async def at_desk(application_id: UUID, work: RegistryWork, caller: Caller, seen: Precondition) -> Application:
    """The same, when it is the caller's turn: whoever only sees the case gets 403 (CERT-31)."""
    application = await found(application_id, work, caller, seen)
    caller.must_cover(application.desk.code)
    return application


def told(application: Application, response: Response) -> ApplicationOut:
    """How it stands, with its ETag."""
    tag(response, application.version)
    return ApplicationOut.of(application)
