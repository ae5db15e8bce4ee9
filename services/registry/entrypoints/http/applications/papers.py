"""Papers of a case: scans are taken in, and shown to whoever states what for (CERT-03)."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Request, Response

from services.registry.adapters import application_queries as queries
from services.registry.domain.application_errors import ApplicationNotFound
from services.registry.domain.papers import Paper
from services.registry.entrypoints.http.applications.desk import Seen, Work, Writer, found
from services.registry.entrypoints.http.applications.schemas import PaperOut
from services.registry.use_cases.application_ports import PaperReceived
from shared.kit.audit import Change, Look
from shared.kit.blobs import JPEG, PDF, PNG, BlobIsUnknown, Blobs, MediaTypeIsNotAccepted
from shared.kit.job_routes import blob_response
from shared.kit.limits import Budget
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router
from shared.kit.uploads import FORM_SCHEMA, receive_file
from shared.values.division import Scope
from shared.values.purpose import Purpose

SIZE_BYTES_MAX: Final = 10 * 1024 * 1024
MEDIA_TYPES: Final = {".jpg": JPEG, ".jpeg": JPEG, ".png": PNG, ".pdf": PDF}
EVERYWHERE: Final = Scope.everywhere()
Unmasker = Annotated[Caller, Permit("person:unmask")]


def paper_router(blobs: Blobs) -> Router:
    """``PUT`` and ``GET /api/v1/applications/{application_id}/papers/{paper}/scan``."""
    router = Router(prefix="/api/v1/applications/{application_id}/papers/{paper}/scan", tags=["applications"])

    @router.put("", openapi_extra=FORM_SCHEMA, summary="上传材料扫描件")
    async def upload(
        *, caller: Writer, application_id: UUID, paper: Paper, request: Request, work: Work, seen: Seen
    ) -> PaperOut:
        """A scan (.jpg, .png or .pdf, up to 10 MB), encrypted; one that was there before is replaced."""
        file = await receive_file(request)
        media_type = MEDIA_TYPES.get(PurePath(file.name).suffix.lower())
        if media_type is None:
            raise MediaTypeIsNotAccepted(declared=PurePath(file.name).suffix, accepted=", ".join(MEDIA_TYPES))
        # Written before the first statement: no transaction waits for a slow sender.
        blob = await blobs.put(
            file.content,
            media_type=media_type,
            name=file.name,
            division="*",
            owner=caller.subject,
            size_bytes_max=SIZE_BYTES_MAX,
        )
        application = await found(application_id, work, caller, seen)
        await blobs.record(work.connection, blob)
        await work.applications.receive(application, [PaperReceived(paper, blob.id)], within=EVERYWHERE)
        after = {"application_id": application_id, "paper": paper, "blob_id": blob.id}
        work.audit(Change(application.person_id, "application.paper", after=after, division=application.home.code))
        return PaperOut(paper=paper, received_on=application.entered_on, blob_id=blob.id)

    @router.get(
        "",
        response_class=Response,
        dependencies=[Budget("application.paper", subject="60/minute;2000/day")],
        summary="查看材料扫描件",
    )
    async def show(
        caller: Unmasker, application_id: UUID, paper: Paper, purpose: Annotated[Purpose, Query()], work: Work
    ) -> Response:
        """The scan in clear, for a stated purpose."""
        application = await queries.application_by_id(work.connection, application_id, within=caller.scope)
        if application is None:
            raise ApplicationNotFound
        papers = await queries.papers_of(work.connection, application_id, within=caller.scope)
        blob_id = next((each["blob_id"] for each in papers if each["paper"] == paper.value), None)
        if blob_id is None:
            raise BlobIsUnknown(blob_id=paper.value)
        blob = await blobs.find(work.connection, blob_id, within=EVERYWHERE)
        work.audit(Look(application.person_id, (paper.value,), "revealed", application.home.code, purpose.value))
        return await blob_response(blobs, blob)

    return router
