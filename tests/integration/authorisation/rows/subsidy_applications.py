"""Rows of the subsidy service: applications, notices, clocks, the calendar; one's own applications."""

from __future__ import annotations

from typing import Final

from tests.integration.authorisation.row import (
    CONFLICT,
    FORBIDDEN,
    INVALID,
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

_V1, _ME = "/api/v1", "/api/v1/me"
_ALL = f"{_V1}/applications"
_ONE = f"{_ALL}/{{application_id}}"
_READ, _ACCEPT, _REVIEW, _DETERMINE = (f"subsidy:{power}" for power in ("read", "accept", "review", "determine"))
_SHOWN = Answer(OK, shows="application_id")
_REFUSAL: Final = {"reason": "NOT_ELIGIBLE", "words": "不符合条件"}
_FORM: Final = {
    "scheme": "living_subsidy",
    "acceptance": "{division}",
    "person_id": "{person_id}",
    "name": "王小明",
    "citizen_id_no": "{applicant_no}",
    "account": "62220212345678999",
    "bank": "徽商银行",
}

ROWS: Final[tuple[Row, ...]] = (
    one(
        "POST", _ALL, _ACCEPT, status=CONFLICT, code="person_has_open_application",
        body=_FORM, outside=Answer(FORBIDDEN, "division_outside_scope"),
    ),
    many(_ALL, _READ, shows="application_id"),
    many(_ALL, _READ, shows="application_id", query="?person_id={person_id}", note="of one person"),
    house("GET", f"{_V1}/overdue-applications", _READ),
    house("GET", f"{_V1}/public-notices", _READ),
    house("GET", f"{_V1}/application-counters", _READ, query="?since=2026-01-01&until=2026-12-31"),
    one("GET", _ONE, _READ, shows="application_id"),
    one("GET", f"{_ONE}/form", _READ, shows="application_id"),
    one("GET", f"{_ONE}/steps", _READ),
    one("GET", f"{_ONE}/objections", _READ),
    one("GET", f"{_ONE}/certificate-check", _READ),
    one("GET", f"{_ONE}/refusal-notice", _READ, status=CONFLICT, code="application_step_not_allowed"),
    *(
        stale("POST", f"{_ONE}/{step}", _ACCEPT)
        for step in ("completion-request", "push", "first-check", "withdrawal", "review-request", "notification")
    ),
    stale("POST", f"{_ONE}/completion", _ACCEPT, body={"papers": ["BANK_CARD"]}),
    stale("POST", f"{_ONE}/refusal", _ACCEPT, body=_REFUSAL),
    one(
        "POST", f"{_ONE}/objections", _ACCEPT, status=CONFLICT, code="application_step_not_allowed",
        body={"words": "不应享受"},
    ),
    stale("POST", f"{_ONE}/review", _REVIEW),
    stale("POST", f"{_ONE}/review-refusal", _REVIEW, body=_REFUSAL),
    *(
        stale("POST", f"{_ONE}/{step}", _DETERMINE)
        for step in ("pre-determination", "notice", "determination", "death-closing")
    ),
    stale("POST", f"{_ONE}/determination-refusal", _DETERMINE, body=_REFUSAL),
    stale("POST", f"{_ONE}/review-decision", _DETERMINE, body={"granted": False, "words": "维持原决定"}),
    stale(
        "POST", f"{_ONE}/objections/{{objection_id}}/decision", _DETERMINE,
        at={"objection_id": "application_id"}, body={"upheld": False},
    ),
    own("GET", f"{_ME}/applications", "own:read", person=(_SHOWN, _SHOWN), guardian=(NOBODYS, NOBODYS)),
    own(
        "GET", f"{_ME}/wards/{{person_id}}/applications", "own:read",
        person=(NOBODYS, NOBODYS), guardian=(_SHOWN, NOBODYS),
    ),
    house("GET", f"{_V1}/working-years/{{year}}", "calendar:read", at={"year": "=2026"}),
    house(
        "PUT", f"{_V1}/working-years/{{year}}", "calendar:write", at={"year": "=2026"}, status=INVALID,
        code="body_invalid", body={},
    ),
)  # fmt: skip
