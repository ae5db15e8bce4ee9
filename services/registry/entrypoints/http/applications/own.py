"""One's own applications (本人): how they stand, and how it was (CERT-31)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from services.registry.adapters import application_queries as queries
from services.registry.domain.application_errors import ApplicationNotFound
from services.registry.entrypoints.http.applications.desk import APPLICATION_FIELDS, Seen, Work
from services.registry.entrypoints.http.applications.schemas import ApplicationOut, RatingIn
from services.registry.use_cases.handle_application import load_application, rate_application
from shared.kit.audit import Look
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router
from shared.values.division import Scope
from shared.values.purpose import Purpose

router = Router(prefix="/api/v1/me/applications", tags=["me"])
Self = Annotated[Caller, Permit("own:read")]
Asking = Annotated[Caller, Permit("own:request")]
EVERYWHERE = Scope.everywhere()


@router.get("", summary="我的申请")
async def list_own(caller: Self, work: Work, page: PageAsked) -> Listed[ApplicationOut]:
    """Every application of one's own, wherever it was taken in."""
    if caller.person_id is None:
        raise ApplicationNotFound
    wanted = queries.Wanted(person_id=caller.person_id)
    items, following = await queries.applications_page(work.connection, page, wanted, within=EVERYWHERE)
    work.audit(Look(caller.person_id, APPLICATION_FIELDS, "own", purpose=Purpose.OWN_REQUEST.value, count=len(items)))
    return Listed(items=[ApplicationOut.of(item) for item in items], next=following)


@router.post("/{application_id}/rating", dependencies=[Idempotent()], summary="评价我的申请")
async def rate_own(caller: Asking, application_id: UUID, body: RatingIn, work: Work, seen: Seen) -> ApplicationOut:
    """One to five stars for a case that was decided."""
    application = await load_application(application_id, work, within=EVERYWHERE)
    if caller.person_id is None or application.person_id != caller.person_id:
        raise ApplicationNotFound
    seen.check(application.version)
    return ApplicationOut.of(await rate_application(application, work, stars=body.stars))
