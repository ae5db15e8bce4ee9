"""Rows of the subsidy service: awards, payees; one's own awards."""

from __future__ import annotations

from typing import Final

from tests.integration.authorisation.row import (
    ACCEPTED,
    CONFLICT,
    NOBODYS,
    OK,
    Answer,
    Row,
    house,
    many,
    one,
    own,
    stale,
)
from tests.integration.authorisation.rows import house as common
from tests.integration.authorisation.rows import subsidy_applications as applications
from tests.integration.authorisation.rows import subsidy_banks as banks
from tests.integration.authorisation.rows import subsidy_findings as findings
from tests.integration.authorisation.rows import subsidy_money as money
from tests.integration.authorisation.rows import subsidy_payroll as payroll
from tests.integration.authorisation.rows import subsidy_reminders as reminders
from tests.integration.authorisation.rows import subsidy_suspects as suspects

_AWARDS, _ME = "/api/v1/awards", "/api/v1/me"
_AWARD, _READ = f"{_AWARDS}/{{award_id}}", "award:read"
_SHOWN = Answer(OK, shows="award_id")
_PAYEE: Final = {"name": "收款人甲", "account": "6222021234567890123", "bank": "徽商银行"}

ROWS: Final[tuple[Row, ...]] = (
    *common.basics("purpose"),
    *common.publishing("subsidy.award"),
    *common.reading(),
    *common.trust(),
    *common.erasures(),
    *common.requests(),
    *applications.ROWS,
    *money.ROWS,
    *findings.ROWS,
    *reminders.ROWS,
    *suspects.ROWS,
    *payroll.ROWS,
    *banks.ROWS,
    one(
        "POST", _AWARDS, "award:write", status=CONFLICT, code="award_exists",
        body={"person_id": "{person_id}", "scheme": "nursing_subsidy"},
    ),
    many(_AWARDS, _READ, shows="award_id", query="?limit=1000"),
    many(_AWARDS, _READ, shows="award_id", query="?person_id={person_id}", note="of one person"),
    many(_AWARDS, _READ, shows="award_id", query="?division=341502", note="by division"),
    one("GET", _AWARD, _READ, shows="award_id"),
    one("GET", f"{_AWARD}/steps", _READ),
    one("GET", f"{_AWARD}/payee", _READ, shows="award_id"),
    stale("PUT", f"{_AWARD}/payee", "payee:write", body=_PAYEE),
    one(
        "POST", f"{_AWARDS}/{{subject_id}}/disclosure", "person:unmask", shows="account",
        at={"subject_id": "award_id"}, body={"fields": ["account"], "purpose": "PAYMENT"},
    ),
    house(
        "POST", "/api/v1/award-imports", "award:import", status=ACCEPTED,
        files={"file": ("名单.csv", "人员编号,补贴种类,申请日期\n".encode())}, query="?dry_run=true",
    ),
    own("GET", f"{_ME}/awards", "own:read", person=(_SHOWN, _SHOWN), guardian=(NOBODYS, NOBODYS)),
    own(
        "GET", f"{_ME}/wards/{{person_id}}/awards", "own:read",
        person=(NOBODYS, NOBODYS), guardian=(_SHOWN, NOBODYS),
    ),
)  # fmt: skip
