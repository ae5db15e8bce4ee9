"""Papers of a suspect: scans are laid beside it for its steps to stand on, and shown for a stated purpose."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.subsidy.adapters.comparison import suspects
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.comparison.suspect import PaperIsAnother, SuspectNotFound
from services.subsidy.entrypoints.http.suspect_schemas import PaperKind, PaperOut
from shared.kit.audit import Change, Look
from shared.kit.blobs import JPEG, PDF, PNG, BlobIsUnknown, Blobs, MediaTypeIsNotAccepted
from shared.kit.job_routes import blob_response
from shared.kit.limits import Budget
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_work
from shared.kit.uploads import FORM_SCHEMA, receive_file
from shared.values.division import Scope
from shared.values.purpose import Purpose

SIZE_BYTES_MAX: Final = 10 * 1024 * 1024
MEDIA_TYPES: Final = {".jpg": JPEG, ".jpeg": JPEG, ".png": PNG, ".pdf": PDF}

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Writer = Annotated[Caller, Permit("suspect:write")]
Unmasker = Annotated[Caller, Permit("person:unmask")]


def suspect_paper_router(blobs: Blobs) -> Router:
    """``PUT`` and ``GET /api/v1/suspects/{suspect_id}/papers/{paper_id}``."""
    router = Router(prefix="/api/v1/suspects/{suspect_id}/papers/{paper_id}", tags=["suspects"])

    @router.put("", openapi_extra=FORM_SCHEMA, summary="上传疑点佐证材料")
    async def upload(
        *,
        caller: Writer,
        suspect_id: UUID,
        paper_id: UUID,
        kind: Annotated[PaperKind, Query(description="材料种类，见代码表")],
        request: Request,
        work: Work,
    ) -> PaperOut:
        """A scan (.jpg, .png or .pdf, up to 10 MB), encrypted, under an id of the sender's: sent again it is the same
        paper, and never another."""
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
        found = await suspects.get(work.connection, suspect_id, within=caller.scope, lock=True)
        if found is None:
            await blobs.discard(blob)
            raise SuspectNotFound
        known = await suspects.paper(work.connection, paper_id)
        if known is not None:
            await blobs.discard(blob)
            stored = await blobs.find(work.connection, known.blob_id, within=Scope.everywhere())
            if (known.suspect_id, known.kind, stored.sha256) != (suspect_id, kind, blob.sha256):
                raise PaperIsAnother
            work.audit(Look(found.suspect.person_id, ("papers",), "read", found.suspect.division))
            return PaperOut.model_validate(known)
        await blobs.record(work.connection, blob)
        added = await suspects.add_paper(
            work.connection, suspect_id, paper_id, blob_id=blob.id, kind=kind, by=caller.subject
        )
        told = {"suspect_id": suspect_id, "paper_id": paper_id, "kind": kind}
        work.audit(Change(found.suspect.person_id, "suspect.paper", after=told, division=found.suspect.division))
        return PaperOut.model_validate(added)

    @router.get(
        "",
        response_class=Response,
        dependencies=[Budget("suspect.paper", subject="60/minute;2000/day")],
        summary="查看疑点佐证材料",
    )
    async def show(
        caller: Unmasker, suspect_id: UUID, paper_id: UUID, purpose: Annotated[Purpose, Query()], work: Work
    ) -> Response:
        """The scan in clear, for a stated purpose."""
        found = await suspects.get(work.connection, suspect_id, within=caller.scope)
        if found is None:
            raise SuspectNotFound
        known = await suspects.paper(work.connection, paper_id)
        if known is None or known.suspect_id != suspect_id:
            raise BlobIsUnknown(blob_id=str(paper_id))
        blob = await blobs.find(work.connection, known.blob_id, within=Scope.everywhere())
        one = found.suspect
        work.audit(Look(one.person_id, (known.kind,), "revealed", one.division, purpose.value))
        return await blob_response(blobs, blob)

    return router
