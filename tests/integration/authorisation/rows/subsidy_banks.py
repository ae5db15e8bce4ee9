"""Rows of the subsidy service: declarations of banks' files, trials, the dictionary of codes."""

from __future__ import annotations

from typing import Final

from services.subsidy.adapters.bank_declarations import dump
from tests.builders.banking import shipped
from tests.integration.authorisation.row import CONFLICT, CREATED, FORBIDDEN, Answer, Row, house, one, stale

_ALL: Final = "/api/v1/bank-declarations"
_ONE: Final = f"{_ALL}/{{declaration_id}}"
_SHIPPED: Final = "/api/v1/shipped-bank-declarations"
_READ, _WRITE = "bank:read", "bank:write"
_ELSEWHERE: Final = Answer(FORBIDDEN, "division_outside_scope")
_DOCUMENT: Final = dump(shipped("bank-csv")) | {"division": "{county}", "file_name": "{{batch}}{{part}}.csv"}
_TRIAL: Final = {
    "batch": "T1",
    "month": "2026-06",
    "purpose": "试发",
    "payments": [{"name": "测试户", "account": "62220000", "bank": "测试银行", "amount_fen": 1}],
}

ROWS: Final[tuple[Row, ...]] = (
    one("POST", _ALL, _WRITE, status=CREATED, body={"document": _DOCUMENT}, outside=_ELSEWHERE),
    house("GET", _ALL, _READ),
    house("GET", _SHIPPED, _READ),
    one(
        "POST", f"{_SHIPPED}/{{name}}/drafts", _WRITE, status=CREATED, at={"name": "name_of_a_declaration"},
        body={"division": "{county}"}, outside=_ELSEWHERE,
    ),
    house("GET", _ONE, _READ),
    house("GET", f"{_ONE}/return-codes", _READ),
    stale("PUT", _ONE, _WRITE, body={"document": _DOCUMENT}, outside=_ELSEWHERE),
    stale("POST", f"{_ONE}/discarding", _WRITE, outside=_ELSEWHERE),
    one(
        "POST", f"{_ONE}/entry-into-force", _WRITE, status=CONFLICT, code="approval_needed",
        body={"approval_id": "{declaration_id}"}, outside=_ELSEWHERE,
    ),
    one(
        "POST", f"{_ONE}/withdrawal", _WRITE, status=CONFLICT, code="declaration_step_not_allowed",
        body={"approval_id": "{declaration_id}"}, outside=_ELSEWHERE,
    ),
    house("POST", f"{_ONE}/trial-files", _WRITE, body=_TRIAL),
    house("POST", f"{_ONE}/trial-answers", _WRITE, body=_TRIAL | {"content": ""}),
)  # fmt: skip
