"""Rows of the subsidy service: lists of bureaus, comparisons, suspects and their papers."""

from __future__ import annotations

from typing import Final

from tests.integration.authorisation.row import (
    ACCEPTED,
    FORBIDDEN,
    UNKNOWN,
    Answer,
    Row,
    house,
    many,
    one,
    stale,
)

_LIST, _READ, _WRITE, _DECIDE = "/api/v1/suspects", "suspect:read", "suspect:write", "suspect:decide"
_ONE = f"{_LIST}/{{suspect_id}}"
_ELSEWHERE: Final = Answer(FORBIDDEN, "division_outside_scope")
_NOBODY: Final = "=01970000-0000-7000-8000-00000000ffff"
_SCAN: Final = {"file": ("核查.png", b"\x89PNG\r\n\x1a\n")}

ROWS: Final[tuple[Row, ...]] = (
    house(
        "POST", "/api/v1/list-imports", "comparison:run", status=ACCEPTED,
        files={"file": ("名单.csv", "身份证号,死亡日期\n".encode())}, query="?variant=DEATH_POLICE&dry_run=true",
    ),
    one(
        "POST", "/api/v1/comparisons", "comparison:run", status=ACCEPTED, outside=_ELSEWHERE,
        body={"division": "{division}"},
    ),
    one("POST", "/api/v1/suspect-distributions", _DECIDE, outside=_ELSEWHERE, body={"division": "{division}"}),
    many(_LIST, _READ, shows="suspect_id", query="?limit=1000"),
    many(_LIST, _READ, shows="suspect_id", query="?person_id={person_id}", note="of one person"),
    many(_LIST, _READ, shows="suspect_id", query="?check=DX-17&state=DISTRIBUTED&holds=false", note="of one check"),
    one("GET", _ONE, _READ, shows="suspect_id"),
    stale("POST", f"{_ONE}/verification-steps", _WRITE, body={"step": "verify"}),
    stale("POST", f"{_ONE}/decision-steps", _DECIDE, body={"step": "close"}),
    one(
        "PUT", f"{_ONE}/papers/{{paper_id}}", _WRITE, files=_SCAN, query="?kind=OTHER", at={"paper_id": "suspect_id"}
    ),
    one(
        "GET", f"{_ONE}/papers/{{paper_id}}", "person:unmask", status=UNKNOWN, code="blob_not_found",
        query="?purpose=CASE_HANDLING", at={"paper_id": _NOBODY},
    ),
    house("POST", "/api/v1/suspect-exports", _WRITE, status=ACCEPTED, body={}),
)  # fmt: skip
