"""Rows of the subsidy service: proactive reminders and their rate."""

from __future__ import annotations

from typing import Final

from tests.integration.authorisation.row import ACCEPTED, FORBIDDEN, Answer, Row, house, many, one, stale

_LIST, _READ, _WRITE = "/api/v1/reminders", "reminder:read", "reminder:write"
_ONE = f"{_LIST}/{{reminder_id}}"
_ELSEWHERE: Final = Answer(FORBIDDEN, "division_outside_scope")
_MONTH: Final = "?month=2026-06"
_NOBODY: Final = "01970000-0000-7000-8000-00000000ffff"

ROWS: Final[tuple[Row, ...]] = (
    one(
        "POST", "/api/v1/reminder-looks", _WRITE, status=ACCEPTED, outside=_ELSEWHERE, body={"division": "{division}"}
    ),
    many(_LIST, _READ, shows="reminder_id", query="?limit=1000"),
    many(_LIST, _READ, shows="reminder_id", query="?person_id={person_id}", note="of one person"),
    one("GET", _ONE, _READ, shows="reminder_id"),
    house(
        "POST", "/api/v1/reminder-sendings", _WRITE, body={"items": [{"reminder_id": _NOBODY, "medium": "IN_APP"}]}
    ),
    stale(
        "POST", f"{_ONE}/telling", _WRITE,
        body={"medium": "PHONE", "told_on": "2026-06-03", "evidence": "6月3日电话告知本人"},
    ),
    stale("POST", f"{_ONE}/closing", _WRITE, body={"reason": "本人不愿申请"}),
    house("GET", "/api/v1/reminder-rate", _READ, query=_MONTH),
    many("/api/v1/reminder-rate-lines", _READ, shows="reminder_id", query=f"{_MONTH}&limit=1000"),
)  # fmt: skip
