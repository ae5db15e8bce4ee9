"""Rows of a certificate's life: applications, institutions, campaigns, local rules, verification, exports, tasks."""

from __future__ import annotations

from typing import Any, Final

from tests.integration.authorisation.row import (
    ACCEPTED,
    CONFLICT,
    CREATED,
    FORBIDDEN,
    INVALID,
    NOBODYS,
    OK,
    STALE,
    UNKNOWN,
    Answer,
    Row,
    house,
    many,
    one,
    own,
    public,
    stale,
)

_V1: Final = "/api/v1"
_CASES, _CASE = f"{_V1}/applications", f"{_V1}/applications/{{application_id}}"
_MADE, _SEES = f"{_V1}/assessment-institutions", f"{_V1}/assessment-institutions/{{institution_id}}"
_CAMPAIGNS, _CAMPAIGN = f"{_V1}/campaigns", f"{_V1}/campaigns/{{campaign_id}}"
_RULES, _CARD = f"{_V1}/local-rules", f"{_V1}/certificates/{{certificate_id}}"
_READ, _WRITE, _DECIDE = "application:read", "application:write", "application:decide"
_ASSESS, _CAMPAIGNING, _SHOWN = "assessment:write", "campaign:write", "certificate:read"
_REFUSED: Final = Answer(FORBIDDEN, "division_outside_scope")
_WORDS: Final = {"words": "材料不符"}
_PHYSICIANS: Final = [
    {"licence": "110341500000001", "name": "赵医生"},
    {"licence": "110341500000002", "name": "钱医生"},
]
_CONCLUSION: Final = {
    "assessed_on": "2026-01-05",
    "findings": [{"category": 4, "grade": 2}],
    "physicians": _PHYSICIANS,
}
_INSTITUTION: Final = {
    "division": "{division}",
    "name": "六安市人民医院",
    "categories": [4],
    "modes": ["AT_INSTITUTION"],
    "designated_from": "2018-01-01",
}
_SLOT: Final = {"day": "2020-01-01", "begins": "09:00", "ends": "10:00", "categories": [4], "capacity": 1}
_WRONG_YEAR: Final = {"days": [{"day": "2027-01-01", "works": False}], "basis": "国办发明电"}
_SCAN: Final = {"file": ("身份证.png", b"\x89PNG\r\n\x1a\n")}


def _applications() -> tuple[Row, ...]:
    asking = {"person_id": "{person_id}", "matter": "CHANGE", "acceptance": "{division}", "categories": [4]}
    here: dict[str, Any] = {"at": {"objection_id": "person_id"}}
    return (
        one(
            "POST", _CASES, _WRITE, status=CONFLICT, code="person_has_open_application", outside=_REFUSED, body=asking,
        ),
        many(_CASES, _READ, shows="application_id", query="?limit=1000"),
        many(_CASES, _READ, shows="application_id", query="?division=341502", note="by division"),
        many(f"{_V1}/overdue-applications", _READ, shows=""),
        one("GET", _CASE, _READ, shows="application_id"),
        one("GET", f"{_CASE}/steps", _READ),
        one("GET", f"{_CASE}/papers", _READ),
        one("GET", f"{_CASE}/objections", _READ),
        many(f"{_V1}/public-notices", _READ, shows=""),
        many(f"{_V1}/application-counters", _READ, shows="", query="?since=2026-01-01&until=2026-12-31"),
        many(f"{_V1}/application-ratings", _READ, shows=""),
        # intake
        stale("POST", f"{_CASE}/return", _WRITE),
        stale("POST", f"{_CASE}/resubmission", _WRITE, body={"papers": [{"paper": "IDENTITY_CARD"}]}),
        stale("POST", f"{_CASE}/acceptance", _WRITE, body={}),
        stale("POST", f"{_CASE}/rejection", _WRITE, body={"reason": "FALSE_INFORMATION", **_WORDS}),
        stale("POST", f"{_CASE}/withdrawal", _WRITE),
        stale("POST", f"{_CASE}/rating", _WRITE, body={"stars": 5}),
        stale("PUT", f"{_CASE}/papers/{{paper}}/scan", _WRITE, files=_SCAN, at={"paper": "=IDENTITY_CARD"}),
        one(
            "GET", f"{_CASE}/papers/{{paper}}/scan", "person:unmask", status=UNKNOWN, code="blob_not_found",
            query="?purpose=CASE_HANDLING", at={"paper": "=IDENTITY_CARD"},
        ),
        # assessment and notice
        stale("POST", f"{_CASE}/assignment", _WRITE, body={"institution_id": "{institution_id}"}),
        stale("POST", f"{_CASE}/assessment-waiver", _WRITE),
        one(
            "POST", f"{_CASE}/bookings", _WRITE, status=UNKNOWN, code="slot_not_found",
            body={"slot_id": "{person_id}"},
        ),
        one("DELETE", f"{_CASE}/bookings", _WRITE, status=UNKNOWN, code="booking_not_found"),
        stale("POST", f"{_CASE}/declination", _WRITE, body=_WORDS),
        stale("POST", f"{_CASE}/notice", _WRITE),
        stale("POST", f"{_CASE}/notice-ending", _WRITE),
        one(
            "POST", f"{_CASE}/objections", _WRITE, status=CONFLICT, code="application_step_not_allowed",
            body={"words": "情况不实"},
        ),
        stale(
            "POST", f"{_CASE}/objections/{{objection_id}}/decision", _WRITE, body={"upheld": False, **_WORDS}, **here
        ),
        # decision and dispute
        *(stale("POST", f"{_CASE}/{step}", _DECIDE) for step in ("approval", "production", "handover", "completion")),
        stale("POST", f"{_CASE}/refusal", _DECIDE, body=_WORDS),
        stale("POST", f"{_CASE}/dispute", _WRITE, body=_WORDS),
        stale(
            "POST", f"{_CASE}/dispute-decision", _DECIDE, body={**_CONCLUSION, "institution_id": "{institution_id}"}
        ),
        stale("POST", f"{_CASE}/escalation", _WRITE, body=_WORDS),
        stale("POST", f"{_CASE}/dispute-closing", _DECIDE, body={"accepted": True}),
        *_of_institutions(),
        *_of_ones_own(),
    )  # fmt: skip


def _of_institutions() -> tuple[Row, ...]:
    """What an institution's account may do, it may do with its own cases and slots; offices with those of theirs."""
    return (
        one(
            "POST", f"{_CASE}/attendance", _ASSESS, _WRITE, status=UNKNOWN, code="booking_not_found",
            body={"attended": True},
        ),
        stale("POST", f"{_CASE}/conclusion", _ASSESS, _WRITE, body=_CONCLUSION),
        house("GET", _MADE, "institution:read"),
        house("GET", _SEES, "institution:read"),
        house("GET", f"{_SEES}/slots", "institution:read"),
        many(f"{_SEES}/bookings", _READ, shows="", query="?day=2026-01-05"),
        one("POST", _MADE, "institution:write", status=CREATED, outside=_REFUSED, body=_INSTITUTION),
        stale("PUT", _SEES, "institution:write", body=_INSTITUTION),
        one("POST", f"{_SEES}/slots", _ASSESS, _WRITE, status=CREATED, body={"slots": [_SLOT]}),
    )  # fmt: skip


def _of_ones_own() -> tuple[Row, ...]:
    shown, late = Answer(OK, shows="application_id"), Answer(STALE, "version_stale")
    mine = f"{_V1}/me/applications"
    return (
        own("GET", mine, "own:read", person=(shown, shown), guardian=(NOBODYS, NOBODYS)),
        own(
            "POST", f"{mine}/{{application_id}}/rating", "own:request", person=(late, NOBODYS),
            guardian=(NOBODYS, NOBODYS), body={"stars": 5}, headers={"If-Match": '"999999"'},
        ),
    )  # fmt: skip


def _many_cards() -> tuple[Row, ...]:
    campaign = {
        "division": "{division}",
        "title": "到期审验",
        "expires_from": "2090-01-01",
        "expires_to": "2090-12-31",
        "answer_by": "2091-01-31",
    }
    check = {"certificate_id": "{person_id}", "file_check": "COMPLETE"}
    return (
        one("POST", _CAMPAIGNS, _CAMPAIGNING, status=CREATED, outside=_REFUSED, body=campaign),
        many(
            f"{_V1}/campaign-previews", _SHOWN, shows="",
            query="?division={division}&since=2026-01-01&until=2036-12-31",
        ),
        many(_CAMPAIGNS, _SHOWN, shows="campaign_id", query="?limit=1000"),
        one("GET", _CAMPAIGN, _SHOWN, shows="campaign_id"),
        one("GET", f"{_CAMPAIGN}/items", _SHOWN, shows="certificate_id"),
        one("GET", f"{_CAMPAIGN}/progress", _SHOWN),
        one(
            "POST", f"{_CAMPAIGN}/checks", _CAMPAIGNING, status=UNKNOWN, code="campaign_item_not_found",
            body={"checks": [check]},
        ),
        stale("POST", f"{_CAMPAIGN}/closing", _CAMPAIGNING),
        many(f"{_V1}/certificate-reminders", _SHOWN, shows=""),
        one(
            "POST", f"{_V1}/certificate-sweeps", _CAMPAIGNING, status=ACCEPTED, outside=_REFUSED,
            body={"kind": "FREEZE_EXPIRED", "division": "{division}"},
        ),
    )  # fmt: skip


def _rules_and_days() -> tuple[Row, ...]:
    rule = {
        "name": "notice_working_days",
        "division": "{division}",
        "valid_from": "2026-01-01",
        "basis": "六残联〔2026〕1号",
    }
    return (
        house("GET", f"{_RULES}/parameters", "rule:read"),
        house("GET", _RULES, "rule:read"),
        one(
            "POST", _RULES, "rule:write", status=INVALID, code="local_rule_value_is_wrong", outside=_REFUSED,
            body={**rule, "value": "许多"},
        ),
        one(
            "POST", f"{_RULES}/{{local_rule_id}}/ending", "rule:write", status=STALE, code="version_stale",
            headers={"If-Match": '"999999"'}, outside=_REFUSED, body={"valid_to": "2099-12-31"},
        ),
        house("GET", f"{_V1}/working-years/{{year}}", "calendar:read", at={"year": "=2026"}),
        one(
            "PUT", f"{_V1}/working-years/{{year}}", "calendar:write", at={"year": "=2026"}, status=INVALID,
            outside=_REFUSED, body={**_WRONG_YEAR, "division": "{division}"},
        ),
    )  # fmt: skip


def _for_others() -> tuple[Row, ...]:
    list_of = {"file": ("名单.csv", "公民身份号码,残疾类别,残疾等级,发证日期\n".encode())}
    return (
        house("POST", f"{_V1}/verifications", "certificate:verify", body={"items": ["{citizen_id_no}"]}),
        one("GET", f"{_CARD}/history", _SHOWN, shows="certificate_id"),
        one("POST", f"{_CARD}/status-proof", "certificate:verify"),
        public(f"{_V1}/status-proof-keys"),
        *(house("POST", f"{_V1}/{each}-exports", "person:export", status=ACCEPTED, body={}) for each in _EXPORTED),
        house(
            "POST", f"{_V1}/certificate-imports", "person:import", status=ACCEPTED, files=list_of,
            query="?dry_run=true",
        ),
        house("GET", f"{_V1}/my-tasks", "task:read"),
        house("GET", f"{_V1}/my-tasks/counts", "task:read"),
    )  # fmt: skip


_EXPORTED: Final = ("person", "certificate", "report")

ROWS: Final[tuple[Row, ...]] = (*_applications(), *_many_cards(), *_rules_and_days(), *_for_others())
