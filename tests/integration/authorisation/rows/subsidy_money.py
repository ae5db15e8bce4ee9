"""Rows of the subsidy service: facts, policy, what is due and why, decisions about awards."""

from __future__ import annotations

from typing import Final

from tests.integration.authorisation.row import (
    CONFLICT,
    CREATED,
    FORBIDDEN,
    Answer,
    Row,
    house,
    many,
    one,
    stale,
)

_V1: Final = "/api/v1"
_FACTS, _POLICIES, _AWARD = f"{_V1}/facts", f"{_V1}/policies", f"{_V1}/awards/{{award_id}}"
_FACT, _POLICY = f"{_FACTS}/{{fact_id}}", f"{_POLICIES}/{{policy_id}}"
_DUE = f"{_V1}/persons/{{person_id}}/entitlements"
_MONTH = {"scheme": "=nursing_subsidy", "month": "=2026-06"}
_TOLD: Final = {"valid_from": "2020-01-01", "value": "OTHER"}
_ELSEWHERE: Final = Answer(FORBIDDEN, "division_outside_scope")
_DOCUMENT: Final = {"division": "{county}", "title": "试行办法", "legal_basis": "县文件", "since": "2030-01"}

FACTS: Final = (
    one(
        "POST", _FACTS, "fact:write", status=CREATED,
        body={"person_id": "{person_id}", "kind": "OLD_AGE_ALLOWANCE", "valid_from": "2026-01-01"},
    ),
    many(_FACTS, "fact:read", shows="fact_id", query="?limit=1000"),
    many(_FACTS, "fact:read", shows="fact_id", query="?person_id={person_id}", note="of one person"),
    one("GET", _FACT, "fact:read", shows="fact_id"),
    one("GET", f"{_FACT}/revisions", "fact:read", shows="fact_id"),
    stale("PUT", _FACT, "fact:write", body=_TOLD),
    stale("POST", f"{_FACT}/withdrawal", "fact:write"),
)  # fmt: skip
POLICY: Final = (
    one("POST", _POLICIES, "policy:write", status=CREATED, body={"document": _DOCUMENT}, outside=_ELSEWHERE),
    house("GET", _POLICIES, "policy:read"),
    house("GET", f"{_V1}/effective-policies", "policy:read", query="?division=341502&month=2026-06"),
    house("GET", f"{_V1}/shipped-policies", "policy:read"),
    one(
        "POST", f"{_V1}/shipped-policies/{{name}}/drafts", "policy:write", status=CREATED,
        at={"name": "name_of_a_profile"}, outside=_ELSEWHERE,
    ),
    house("GET", _POLICY, "policy:read"),
    house("GET", f"{_POLICY}/comparison", "policy:read", query="?other_id={policy_id}"),
    stale("PUT", _POLICY, "policy:write", body={"document": _DOCUMENT}, outside=_ELSEWHERE),
    stale("POST", f"{_POLICY}/discarding", "policy:write", outside=_ELSEWHERE),
    one(
        "POST", f"{_POLICY}/entry-into-force", "policy:write", status=CONFLICT, code="approval_needed",
        body={"approval_id": "{policy_id}"}, outside=_ELSEWHERE,
    ),
    one(
        "POST", f"{_POLICY}/withdrawal", "policy:write", status=CONFLICT, code="policy_step_not_allowed",
        body={"approval_id": "{policy_id}"}, outside=_ELSEWHERE,
    ),
)  # fmt: skip
MONEY: Final = (
    one("GET", _DUE, "entitlement:read", query="?first=2026-06&last=2026-07"),
    one("GET", f"{_DUE}/{{scheme}}/{{month}}", "entitlement:read", at=_MONTH),
    one("GET", f"{_DUE}/{{scheme}}/{{month}}/page", "entitlement:read", at=_MONTH),
    one(
        "GET", f"{_DUE}/{{scheme}}/{{month}}/comparison", "entitlement:read", at=_MONTH,
        query="?before=2026-01-01T00:00:00Z",
    ),
    stale("POST", f"{_AWARD}/pausing", "award:write", body={"reason": "OTHER"}),
    stale("POST", f"{_AWARD}/resumption", "award:write", body={"reason": "OTHER"}),
    stale("POST", f"{_AWARD}/termination", "award:write"),
    stale("POST", f"{_AWARD}/back-payment", "award:write", body={"reason": "OTHER"}),
)  # fmt: skip
ROWS: Final[tuple[Row, ...]] = (*FACTS, *POLICY, *MONEY)
