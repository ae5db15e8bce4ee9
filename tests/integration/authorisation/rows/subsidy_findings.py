"""Rows of the subsidy service: work lists, trials of policy, import of facts."""

from __future__ import annotations

from typing import Final

from tests.integration.authorisation.row import ACCEPTED, FORBIDDEN, UNKNOWN, Answer, Row, house, many, one, stale

_LIST, _READ, _WRITE = "/api/v1/findings", "entitlement:read", "fact:write"
_ONE = f"{_LIST}/{{finding_id}}"
_ELSEWHERE: Final = Answer(FORBIDDEN, "division_outside_scope")

ROWS: Final[tuple[Row, ...]] = (
    one(
        "POST", "/api/v1/finding-looks", _WRITE, status=ACCEPTED, outside=_ELSEWHERE,
        body={"division": "{division}", "month": "2026-06"},
    ),
    many(_LIST, _READ, shows="finding_id", query="?limit=1000"),
    many(_LIST, _READ, shows="finding_id", query="?person_id={person_id}", note="of one person"),
    many(_LIST, _READ, shows="finding_id", query="?kind=ELIGIBLE_UNPAID&state=OPEN", note="of one kind"),
    one("GET", _ONE, _READ, shows="finding_id"),
    stale("POST", f"{_ONE}/closing", _WRITE, body={"reason": "已经核实"}),
    house(
        "POST", "/api/v1/policy-trials", "policy:write", status=UNKNOWN, code="policy_not_found",
        body={"policies": ["01970000-0000-7000-8000-00000000ffff"], "division": "{division}", "month": "2026-06"},
    ),
    house(
        "POST", "/api/v1/fact-imports", "fact:import", status=ACCEPTED,
        files={"file": ("名单.csv", "人员编号,事项,起始日期,来源\n".encode())}, query="?dry_run=true",
    ),
)  # fmt: skip
