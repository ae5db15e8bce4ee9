"""Rows of the rehab service: cases."""

from __future__ import annotations

from typing import Final

from tests.integration.authorisation.row import CONFLICT, NOBODYS, OK, Answer, Row, many, one, own, stale
from tests.integration.authorisation.rows import house as common

_CASES = "/api/v1/cases"
_ME, _READ, _WRITE = "/api/v1/me", "case:read", "case:write"
_SHOWN = Answer(OK, shows="case_id")

ROWS: Final[tuple[Row, ...]] = (
    *common.basics("case_status"),
    *common.publishing("rehab.case"),
    *common.reading(),
    *common.trust(),
    *common.requests(),
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
