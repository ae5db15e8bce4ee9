"""Seals of settled runs, and their files for whoever proves them offline."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel, ConfigDict

from services.subsidy.adapters.payroll import sealing
from services.subsidy.adapters.work import SubsidyWork
from shared.kit.audit import Change
from shared.kit.blobs import Blobs
from shared.kit.job_routes import blob_response
from shared.kit.limits import Budget
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_work
from shared.kit.scoping import DivisionAsked
from shared.values.division import Division, Scope
from shared.values.month import Month

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("payroll:read")]
LinesReader = Annotated[Caller, Permit("payment:read")]


class SealOut(BaseModel):
    """A seal: the lines of a settled run, hashed in order, chained to the seal before of the same division.

    ``as_approved`` is null where the run was drawn up under an earlier digest; ``previous`` and ``chain`` in hex.
    """

    model_config = ConfigDict(frozen=True)

    seal_id: UUID
    division: str
    number: int
    run_id: UUID
    run_version: int
    month: str
    schemes: list[str]
    lines: int
    amount_fen: int
    digest: str
    approved: str
    as_approved: bool | None
    previous: str
    chain: str
    sealed_at: str
    key_id: str
    signature: str

    @classmethod
    def of(cls, row: Any) -> SealOut:
        """From its row."""
        told = {name: getattr(row, name) for name in cls.model_fields}
        return cls(**told | {"month": str(Month.of(row.month))})


def seal_router(blobs: Blobs) -> Router:
    """List, one, and the file."""
    router = Router(prefix="/api/v1/payroll-seals", tags=["payroll seals"])

    @router.get("", summary="批次封存列表")
    async def list_seals(
        *,
        caller: Reader,
        work: Work,
        page: PageAsked,
        division: DivisionAsked = None,
        run_id: UUID | None = None,
    ) -> Listed[SealOut]:
        """Seals of the caller's divisions, the newest first."""
        asked = None if division is None else Division.parse(division)
        rows, following = await sealing.page_of(
            work.connection, page, within=caller.scope, division=asked, run_id=run_id
        )
        return Listed(items=[SealOut.of(row) for row in rows], next=following)

    @router.get("/{seal_id}", summary="批次封存详情")
    async def read_seal(caller: Reader, seal_id: UUID, work: Work) -> SealOut:
        """One seal."""
        return SealOut.of(await sealing.get(work.connection, seal_id, within=caller.scope))

    @router.get(
        "/{seal_id}/content",
        response_class=Response,
        dependencies=[Budget("payroll.seal", subject="60/minute;2000/day")],
        summary="下载封存文件",
    )
    async def fetch(caller: LinesReader, seal_id: UUID, work: Work) -> Response:
        """Seals, hashes and lines as one file, to be proved with ``python -m services.subsidy.seal_verify``."""
        row = await sealing.get(work.connection, seal_id, within=caller.scope)
        blob = await blobs.find(work.connection, row.blob_id, within=Scope.everywhere())
        told = {"seal_id": seal_id, "run_id": row.run_id, "lines": row.lines, "sha256": blob.sha256.hex()}
        work.audit(Change(None, "payroll.seal_fetched", after=told, division=row.division))
        return await blob_response(blobs, blob)

    return router
