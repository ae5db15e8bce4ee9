"""Rows of the rehab service: cases and their care, institutions, the catalogue, time limits, the calendar."""

from __future__ import annotations

from typing import Final

from tests.integration.authorisation.row import (
    CONFLICT,
    FORBIDDEN,
    INVALID,
    NOBODYS,
    OK,
    UNKNOWN,
    Answer,
    Row,
    house,
    many,
    one,
    own,
    stale,
)
from tests.integration.authorisation.rows import house as common

_CASES = "/api/v1/cases"
_ME, _READ, _WRITE = "/api/v1/me", "case:read", "case:write"
_SHOWN = Answer(OK, shows="case_id")
_CASE = f"{_CASES}/{{case_id}}"
_SERVE, _INSTITUTIONS = "case:serve", "/api/v1/institutions"
_INSTITUTION, _DESIGNATE = f"{_INSTITUTIONS}/{{institution_id}}", "institution:write"
_CATALOGUE, _LIMITS, _YEAR = "/api/v1/catalogue-items", "/api/v1/case-limits", "/api/v1/working-years/{year}"
_NOT_THERE = Answer(FORBIDDEN, "division_outside_scope")
_ID = "0199a0a0-0000-7000-8000-000000000000"

_CARE: Final = (
    one("GET", _CASE, _READ, "case:confidential", at={"case_id": "confidential_case_id"}, note="a mental one"),
    stale("POST", f"{_CASE}/check", _WRITE, body={"suitable": True, "category": 4, "age_band": "ADULT"}),
    stale("POST", f"{_CASE}/referral", _WRITE, body={"institution_id": _ID}),
    stale("POST", f"{_CASE}/recall", _WRITE),
    stale("POST", f"{_CASE}/follow-ups", _WRITE, body={"outcome": "STABLE"}),
    stale("POST", f"{_CASE}/acceptance", _SERVE),
    stale("POST", f"{_CASE}/declining", _SERVE, body={"reason": "NO_PLACE"}),
    stale("POST", f"{_CASE}/pause", _SERVE, body={"reason": "ILLNESS"}),
    stale("POST", f"{_CASE}/resumption", _SERVE),
    stale("POST", f"{_CASE}/medical-referral", _SERVE, body={"reason": "RECURRENCE"}),
    stale("POST", f"{_CASE}/medical-return", _SERVE),
    stale(
        "POST", f"{_CASE}/assessments", _SERVE,
        body={"kind": "FINAL", "instrument": "BARTHEL", "score": 1, "staff_id": _ID, "assessed_on": "2026-06-15"},
    ),
    stale(
        "POST", f"{_CASE}/plans", _SERVE,
        body={
            "begins_on": "2026-06-01", "ends_on": "2026-06-30", "assess_on": "2026-06-30",
            "signed_by": "SELF", "signed_on": "2026-06-15",
            "items": [
                {
                    "item_id": _ID, "staff_id": _ID, "begins_on": "2026-06-01", "ends_on": "2026-06-30",
                    "sessions": 1, "mode": "CENTRE", "payer": "SELF", "amount_fen": 1,
                    "instrument": "BARTHEL", "target": 50,
                }
            ],
        },
    ),
    one(
        "POST", f"{_CASE}/sessions", _SERVE, status=UNKNOWN, code="plan_item_not_found",
        body={
            "item_no": 9, "staff_id": _ID, "mode": "CENTRE",
            "begins_at": "2026-06-15T01:00:00Z", "ends_at": "2026-06-15T02:00:00Z",
        },
    ),
    one("POST", f"{_CASE}/sessions/{{session_id}}/voiding", _SERVE, status=CONFLICT, code="session_is_void"),
    one("GET", f"{_CASE}/assessments", _READ),
    one("GET", f"{_CASE}/plans", _READ, shows="case_id"),
    one("GET", f"{_CASE}/sessions", _READ, shows="session_id"),
    one("GET", f"{_CASE}/follow-ups", _READ),
    one("GET", f"{_CASE}/referrals", _READ),
    many(f"{_INSTITUTION}/sessions", _READ, shows="session_id", query="?month=2026-06"),
)  # fmt: skip

_SUPPLY: Final = (
    one(
        "POST", _INSTITUTIONS, _DESIGNATE, status=201, outside=_NOT_THERE,
        body={"division": "{division}", "name": "康复中心"},
    ),
    house("GET", _INSTITUTIONS, "institution:read"),
    house("GET", _INSTITUTION, "institution:read"),
    *(
        stale("POST", f"{_INSTITUTION}/{step}", _DESIGNATE)
        for step in ("confirmation", "reinstatement", "clearing")
    ),
    *(
        stale("POST", f"{_INSTITUTION}/{step}", _DESIGNATE, body={"reason": "SAFETY"})
        for step in ("refusal", "suspension", "warning", "blacklisting", "exit")
    ),
    one(
        "POST", f"{_INSTITUTION}/agreements", _DESIGNATE, status=CONFLICT, code="agreement_overlaps",
        body={
            "agreement_no": "2", "begins_on": "2026-06-01", "ends_on": "2026-06-30", "categories": [4], "capacity": 1,
        },
    ),
    one(
        "POST", f"{_INSTITUTION}/staff", _DESIGNATE, status=CONFLICT, code="staff_exists",
        body={
            "staff_no": "T-1", "qualification": "NURSE",
            "qualified_from": "2026-01-01", "qualified_until": "2026-12-31",
        },
    ),
    one(
        "POST", f"{_INSTITUTION}/safety-checks", _DESIGNATE, status=CONFLICT, code="check_exists",
        body={"year": 2026, "quarter": 1, "checked_on": "2026-03-31", "passed": True},
    ),
    one(
        "POST", _CATALOGUE, "rule:write", status=CONFLICT, code="catalogue_item_exists", outside=_NOT_THERE,
        body={
            "division": "{division}", "item_code": "MOTOR", "name": "训练", "kind": "TRAINING", "categories": [4],
            "age_bands": ["ADULT"], "modes": ["CENTRE"], "payers": ["SELF"], "cycle": "SESSION", "price_fen": 1,
            "valid_from": "2026-06-01", "basis": "文件",
        },
    ),
    house("GET", _CATALOGUE, "rule:read"),
    one(
        "POST", f"{_CATALOGUE}/{{item_id}}/ending", "rule:write", status=INVALID, code="period_is_invalid",
        body={"valid_to": "2020-01-01"},
    ),
    house("GET", _LIMITS, "rule:read"),
    one(
        "POST", _LIMITS, "rule:write", status=CONFLICT, code="limit_exists", outside=_NOT_THERE,
        body={
            "division": "{division}", "programme": "GENERAL", "stage": "CHECK", "valid_from": "2030-01-01", "days": 1,
            "basis": "文件",
        },
    ),
    house("GET", _YEAR, "calendar:read", at={"year": "=2026"}),
    house(
        "PUT", _YEAR, "calendar:write", at={"year": "=2026"}, status=INVALID, code="body_invalid", body={},
    ),
)  # fmt: skip

_PROGRAMMES, _PLACE = "/api/v1/programmes", "/api/v1/places/{place_id}"
_PROGRAMME, _DELIVERY = f"{_PROGRAMMES}/{{programme_id}}", "/api/v1/deliveries/{delivery_id}"
_SETTLEMENTS = "/api/v1/settlements"
_SETTLEMENT = f"{_SETTLEMENTS}/{{settlement_id}}"
_DECLARE = "programme:write"
_DOCUMENT: Final = {
    "division": "{division}", "code": "DRAFT", "title": "项目", "basis": "文件", "funding": "LOCAL", "purchase": "OWN",
    "begins_on": "2026-01-01", "ends_on": "2026-12-31", "quota": 1, "budget_fen": 0,
    "items": [{"code": "REFERRAL", "name": "转介", "most_fen": 0, "every": "DAY"}],
}  # fmt: skip

_AID: Final = (
    one(
        "POST", "/api/v1/needs", _WRITE, outside=Answer(OK),
        body={
            "needs": [
                {
                    "person_id": "{person_id}", "item_code": "REFERRAL", "source": "SURVEY",
                    "registered_on": "2026-06-01",
                }
            ]
        },
    ),
    many("/api/v1/needs", _WRITE, shows="need_id", query="?limit=1000"),
    one(
        "POST", "/api/v1/needs/{need_id}/withdrawal", _WRITE, at={"need_id": f"={_ID}"}, status=UNKNOWN,
        code="need_not_found",
    ),
    house("GET", "/api/v1/need-figures", "programme:read", query="?division=341502"),
    one("GET", f"{_PROGRAMME}/waiting", _WRITE),
    one("POST", f"{_PROGRAMME}/refill", _WRITE),
    many(_PROGRAMMES, "programme:read", shows="programme_id", query="?limit=1000"),
    one("GET", _PROGRAMME, "programme:read", shows="programme_id"),
    house("GET", "/api/v1/shipped-programmes", "programme:read"),
    one(
        "POST", "/api/v1/shipped-programmes/{name}/drafts", _DECLARE, at={"name": "=day-care"}, status=201,
        outside=_NOT_THERE, body={"division": "{division}"},
    ),
    one("POST", _PROGRAMMES, _DECLARE, status=201, outside=_NOT_THERE, body={"document": _DOCUMENT}),
    one("GET", f"{_PROGRAMME}/progress", "programme:read"),
    stale("PUT", _PROGRAMME, _DECLARE, body={"document": _DOCUMENT}),
    one(
        "POST", f"{_PROGRAMME}/entry-into-force", _DECLARE, status=CONFLICT, code="programme_step_not_allowed",
        body={"approval_id": _ID},
    ),
    one(
        "POST", f"{_PROGRAMME}/withdrawal", _DECLARE, status=CONFLICT, code="approval_needed",
        body={"approval_id": _ID},
    ),
    stale("POST", f"{_PROGRAMME}/discarding", _DECLARE),
    one("POST", f"{_PROGRAMME}/enrolments", _WRITE, body={"person_ids": ["{person_id}"]}),
    many(f"{_PROGRAMME}/places", _READ, shows="place_id"),
    many(f"{_PROGRAMME}/deliveries", _READ, shows="delivery_id"),
    one("GET", f"{_PROGRAMME}/unserved", _WRITE),
    one("GET", _PLACE, _READ, shows="place_id"),
    stale("POST", f"{_PLACE}/release", _WRITE, body={"reason": "DECLINED"}),
    one(
        "POST", f"{_PLACE}/stages", _SERVE, status=CONFLICT, code="aid_stage_out_of_order",
        body={"item_code": "REFERRAL", "stage": "SURVEY", "done_on": "2026-06-15"},
    ),
    one(
        "POST", f"{_PLACE}/deliveries", _SERVE, status=INVALID, code="aid_item_unknown",
        body={"item_code": "NOTHING", "delivered_on": "2026-06-15", "amount_fen": 0},
    ),
    many("/api/v1/deliveries", _READ, shows="delivery_id", query="?person_id={person_id}"),
    *(
        stale("POST", f"{_DELIVERY}/{step}", needs, body=body)
        for step, needs, body in (
            ("acceptance", _WRITE, {"confirmed_by": "SELF"}),
            ("refusal", _WRITE, {"fault": "DEFECTIVE"}),
            ("voiding", _SERVE, None),
        )
    ),
    one(
        "POST", f"{_PROGRAMME}/settlements", _DECLARE, status=CONFLICT, code="nothing_to_settle",
        body={"through_on": "2026-06-15"},
    ),
    many(_SETTLEMENTS, "programme:read", shows="settlement_id"),
    one("GET", _SETTLEMENT, "programme:read", shows="settlement_id"),
    many(f"{_SETTLEMENT}/lines", _READ, shows="settlement_id"),
    stale("POST", f"{_SETTLEMENT}/approval", _DECLARE),
    stale("POST", f"{_SETTLEMENT}/abandonment", _DECLARE),
    stale("POST", f"{_SETTLEMENT}/payment", "programme:settle"),
    own(
        "GET", f"{_ME}/aid", "own:read",
        person=(Answer(OK, shows="delivery_id"), Answer(OK, shows="delivery_id")), guardian=(NOBODYS, NOBODYS),
    ),
    own(
        "GET", f"{_ME}/wards/{{person_id}}/aid", "own:read",
        person=(NOBODYS, NOBODYS), guardian=(Answer(OK, shows="delivery_id"), NOBODYS),
    ),
)  # fmt: skip

ROWS: Final[tuple[Row, ...]] = (
    *common.basics("case_status"),
    *common.publishing("rehab.case"),
    *common.reading(),
    *common.trust(),
    *common.requests(),
    *_CARE,
    *_SUPPLY,
    *_AID,
    one("POST", _CASES, _WRITE, status=CONFLICT, code="case_exists", body={"person_id": "{person_id}"}),
    many(_CASES, _READ, shows="case_id", query="?limit=1000"),
    many(_CASES, _READ, shows="case_id", query="?person_id={person_id}", note="of one person"),
    many(_CASES, _READ, shows="case_id", query="?division=341502", note="by division"),
    one("GET", f"{_CASES}/{{case_id}}", _READ, shows="case_id"),
    stale("POST", f"{_CASES}/{{case_id}}/closing", _WRITE, body={"reason": "DROPPED"}),
    stale("POST", f"{_CASES}/{{case_id}}/transfer-decision", _WRITE, body={"decision": "MOVE"}),
    own("GET", f"{_ME}/cases", "own:read", person=(_SHOWN, _SHOWN), guardian=(NOBODYS, NOBODYS)),
    own(
        "GET", f"{_ME}/wards/{{person_id}}/cases", "own:read",
        person=(NOBODYS, NOBODYS), guardian=(_SHOWN, NOBODYS),
    ),
)  # fmt: skip
