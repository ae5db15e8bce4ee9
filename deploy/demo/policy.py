"""Policy comes into force as in a county: drafted from a shipped profile by one person, approved by another."""

from deploy.demo.api import Api, Json
from deploy.demo.cast import Cast

PROFILES = ("national", "T-AH")
"""The national rules, and what prefectures and counties of Anhui pay."""


async def put_in_force(cast: Cast) -> int:
    """Draft, propose, approve, put in force; how many documents."""
    documents = [document for name in PROFILES for document in await _drafts(name, cast.drafter)]
    for document in documents:
        policy_id = document["policy_id"]
        asked = {"kind": "policy.in_force", "subject_id": policy_id, "note": "按文件施行"}
        proposed = (await cast.drafter.post("/api/v1/approvals", asked)).json()
        approval = f"/api/v1/approvals/{proposed['approval_id']}"
        seen = await cast.approver.get(approval)
        await cast.approver.post(f"{approval}/approval", {"digest": seen["digest"]})
        step = f"/api/v1/policies/{policy_id}/entry-into-force"
        await cast.drafter.post(step, {"approval_id": proposed["approval_id"]})
    return len(documents)


async def _drafts(name: str, drafter: Api) -> list[Json]:
    drafted: list[Json] = (await drafter.post(f"/api/v1/shipped-policies/{name}/drafts")).json()["items"]
    return drafted
