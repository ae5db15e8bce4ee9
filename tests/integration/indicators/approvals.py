"""Two persons over HTTP."""

from tests.builders.callers import Caller


async def an_approval(kind: str, subject_id: str, maker: Caller, checker: Caller) -> str:
    """Proposed by one, approved by the other; the id of the approval."""
    proposed = await maker.post("/api/v1/approvals", {"kind": kind, "subject_id": subject_id, "note": "请复核"})
    assert proposed.status_code == 201, proposed.text
    approval = proposed.json()
    path = f"/api/v1/approvals/{approval['approval_id']}/approval"
    approved = await checker.post(path, {"digest": approval["digest"]})
    assert approved.status_code == 200, approved.text
    return str(approval["approval_id"])
