"""Rows of the subsidy service: payroll runs, their lines, answers of the bank, what a person was paid."""

from __future__ import annotations

from typing import Any, Final

from tests.integration.authorisation.row import (
    ACCEPTED,
    CONFLICT,
    FORBIDDEN,
    UNKNOWN,
    Answer,
    Row,
    house,
    many,
    one,
    stale,
)

_RUNS, _READ, _WRITE = "/api/v1/payroll-runs", "payroll:read", "payroll:write"
_RUN = f"{_RUNS}/{{run_id}}"
_ELSEWHERE: Final = Answer(FORBIDDEN, "division_outside_scope")
_NOT_YET: Final = "run_step_not_allowed"
_AUDITS, _AUDIT = "/api/v1/integrity-audits", "payroll:audit"
_NOBODY: Final = "01970000-0000-7000-8000-00000000ffff"
_GROUNDS: Final = "/api/v1/persons/{person_id}/payments/{scheme}/{month}/{seq}/grounds"
_LINE: Final = {"scheme": "=nursing_subsidy", "month": "=2026-06", "seq": "=0"}
_NO_LINE: Final[dict[str, Any]] = {"status": UNKNOWN, "code": "line_not_found"}
_REASON: Final = {"reason": "OTHER"}

ROWS: Final[tuple[Row, ...]] = (
    one(
        "POST", _RUNS, _WRITE, status=CONFLICT, code="run_overlaps", outside=_ELSEWHERE,
        body={"division": "{county}", "month": "2026-06", "schemes": ["nursing_subsidy"]},
    ),
    many(_RUNS, _READ, shows="run_id", query="?limit=1000"),
    many(_RUNS, _READ, shows="run_id", query="?division={county}&state=DRAFT", note="of a county"),
    one("GET", _RUN, _READ, shows="run_id"),
    one("GET", f"{_RUN}/steps", _READ),
    one("GET", f"{_RUN}/checks", _READ),
    one("GET", f"{_RUN}/reconciliation", _READ),
    one(
        "POST", f"{_RUN}/checks/{{name}}/waiver", _WRITE, status=CONFLICT, code=_NOT_YET,
        at={"name": "a_check"}, body=_REASON,
    ),
    stale("POST", f"{_RUN}/drawing-up", _WRITE, body={}),
    stale("POST", f"{_RUN}/locking", _WRITE, body={"digest": "0" * 64}),
    stale("POST", f"{_RUN}/rejection", _WRITE, body=_REASON),
    stale("POST", f"{_RUN}/abandonment", _WRITE, body=_REASON),
    stale("POST", f"{_RUN}/sending", _WRITE, body={}),
    stale("POST", f"{_RUN}/reopening", _WRITE, body=_REASON),
    stale("POST", f"{_RUN}/approval", "payroll:approve", body={"approval_id": _NOBODY}),
    stale("POST", f"{_RUN}/funding", "payroll:fund", body={"budget_code": "2081107", "lines": 0, "amount_fen": 0}),
    one("GET", f"{_RUN}/lines", "payment:read"),
    one("GET", f"{_RUN}/differences", "payment:read"),
    one("GET", f"{_RUN}/instructions", "payroll:read"),
    one(
        "POST", f"{_RUN}/line-steps", "payment:write", status=CONFLICT, code=_NOT_YET,
        body={"person_id": _NOBODY, "scheme": "nursing_subsidy", "month": "2026-06", "step": "hold"} | _REASON,
    ),
    one(
        "POST", f"{_RUN}/answers", "payroll:answer", status=CONFLICT, code=_NOT_YET,
        body={
            "results": [
                {
                    "instruction_key": _NOBODY,
                    "outcome": "SETTLED",
                    "amount_fen": 1,
                    "at": "2026-06-12T10:00:00+08:00",
                }
            ]
        },
    ),
    one("GET", f"{_RUN}/dispatches", _READ),
    one(
        "POST", f"{_RUN}/dispatches/{{dispatch_no}}/bank-files", _WRITE, status=CONFLICT, code="declaration_not_usable",
        at={"dispatch_no": "=1"}, body={"declaration_id": _NOBODY},
    ),
    one("GET", f"{_RUN}/bank-files", _READ),
    one(
        "GET", f"{_RUN}/bank-files/{{file_id}}/content", "payroll:answer", status=UNKNOWN, code="bank_file_not_found",
        at={"file_id": f"={_NOBODY}"},
    ),
    stale("POST", f"{_RUN}/bank-files/{{file_id}}/loss", "payroll:answer", at={"file_id": f"={_NOBODY}"}, body={}),
    one(
        "POST", f"{_RUN}/bank-answers", "payroll:answer", status=CONFLICT, code=_NOT_YET,
        query=f"?declaration_id={_NOBODY}", files={"file": ("a.csv", b"a,b", "text/csv")},
    ),
    one("GET", f"{_RUN}/bank-answers", _READ),
    one(
        "GET", f"{_RUN}/bank-answers/{{answer_id}}/lines", _READ, status=UNKNOWN, code="bank_answer_not_found",
        at={"answer_id": f"={_NOBODY}"},
    ),
    many("/api/v1/payroll-seals", _READ, shows="seal_id", query="?limit=1000"),
    many("/api/v1/payroll-seals", _READ, shows="seal_id", query="?division={county}", note="of a county"),
    one("GET", "/api/v1/payroll-seals/{seal_id}", _READ, shows="seal_id"),
    one(
        "GET", "/api/v1/payroll-seals/{seal_id}/content", "payment:read", status=UNKNOWN, code="blob_not_found",
    ),
    one("POST", _AUDITS, _AUDIT, status=ACCEPTED, outside=_ELSEWHERE, body={"division": "{county}"}),
    many(_AUDITS, _AUDIT, shows="audit_id", query="?limit=1000"),
    one("GET", f"{_AUDITS}/{{audit_id}}", _AUDIT, shows="audit_id"),
    one("GET", f"{_AUDITS}/{{audit_id}}/findings", _AUDIT, shows="county", query="?rule=DEAD&standing=NEW"),
    house("POST", "/api/v1/integrity-exports", _AUDIT, status=ACCEPTED, body={"audit_id": "{audit_id}"}),
    one("GET", "/api/v1/persons/{person_id}/payments", "payment:read"),
    one("GET", "/api/v1/persons/{person_id}/balances", "payment:read"),
    one("GET", _GROUNDS, "entitlement:read", "payment:read", at=_LINE, **_NO_LINE),
    one("GET", f"{_GROUNDS}/page", "entitlement:read", "payment:read", at=_LINE, **_NO_LINE),
)  # fmt: skip
