"""What every route about a case shares: who may see it, find it at the version that was seen, tell how it stands."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from services.rehab.adapters.work import RehabWork
from services.rehab.domain.case import Case
from services.rehab.entrypoints.http.schemas import CaseOut
from services.rehab.use_cases.close_case import load
from services.rehab.use_cases.ports import Sight, Subject
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import open_work

Work = Annotated[RehabWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("case:read")]
Writer = Annotated[Caller, Permit("case:write")]
Server = Annotated[Caller, Permit("case:serve")]
Seen = Annotated[Precondition, Depends(if_match)]
ONCE = Idempotent()

CASE_FIELDS = ("status", "programme", "category", "opened_on", "closed_on", "closing_reason", "flag")


def sight_of(caller: Caller) -> Sight:
    """An institution sees the cases that are with it; confidential ones are for few (REH-60)."""
    serves = caller.may("case:serve") and not caller.may("case:write")
    return Sight(account=caller.subject if serves else None, confidential=caller.may("case:confidential"))


async def found(case_id: UUID, work: RehabWork, caller: Caller, seen: Precondition) -> Subject:
    """The case, locked, at the version the caller saw. Raises `CaseNotFound`, 412."""
    subject = await load(case_id, work, within=caller.scope, sight=sight_of(caller))
    seen.check(subject.case.version)
    return subject


def told(case: Case, response: Response) -> CaseOut:
    """How it stands, with its ETag."""
    tag(response, case.version)
    return CaseOut.of(case)
