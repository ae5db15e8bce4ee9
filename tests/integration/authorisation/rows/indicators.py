"""Rows of the indicators service: figures, reports, snapshots. They tell of no person; what is checked is where."""

from __future__ import annotations

from typing import Final

from tests.integration.authorisation.row import (
    ACCEPTED,
    CONFLICT,
    CREATED,
    FORBIDDEN,
    Answer,
    Row,
    house,
    many,
    one,
    public,
)
from tests.integration.authorisation.rows import house as common

_FIGURES, _READ = "/api/v1/indicators", "indicator:read"
_REPORTS, _REPORT = "/api/v1/reported-values", "indicator:report"
_SNAPSHOTS, _FREEZE = "/api/v1/snapshots", "indicator:freeze"
_ELSEWHERE: Final = Answer(FORBIDDEN, "division_outside_scope")

ROWS: Final[tuple[Row, ...]] = (
    *common.basics("indicator"),
    *common.publishing_nothing(),
    *common.reading(),
    *common.trust(),
    house("GET", _FIGURES, _READ),
    house("GET", f"{_FIGURES}/values", _READ),
    one("GET", f"{_FIGURES}/values", _READ, query="?division=341502", note="of one county"),
    one("GET", f"{_FIGURES}/values", _READ, query="?division=341502&children=true", note="of its townships"),
    one(
        "GET", f"{_FIGURES}/series", _READ,
        query="?division=341502&indicator=persons&from=2026-01&to=2026-02",
    ),
    public("/board"),
    public("/board/assets/{name}", at={"name": "=board.css"}),
    one("GET", "/api/v1/board", _READ, query="?division=341502", note="of one county"),
    one("GET", "/api/v1/work-reports/{form}", _READ, query="?division=341502", at={"form": "=html"}),
    one("GET", "/api/v1/data-checks", _READ, query="?division=341502"),
    one("GET", f"{_FIGURES}/lineage", _READ, query="?division=341502&indicator=nursing_share"),
    one(
        "POST", _REPORTS, _REPORT, status=CREATED, outside=_ELSEWHERE,
        body={
            "indicator": "device_rate", "division": "{township}", "period": "2025", "numerator": 1, "denominator": 2,
            "document_no": "残联〔2026〕1号",
        },
    ),
    many(_REPORTS, _READ, shows="report_id", query="?limit=1000"),
    house("GET", f"{_REPORTS}/missing", _READ, query="?period=2025"),
    one("GET", f"{_REPORTS}/{{report_id}}", _READ, shows="report_id"),
    one(
        "POST", f"{_REPORTS}/{{report_id}}/acceptance", _REPORT, status=CONFLICT, code="approval_needed",
        body={"approval_id": "{report_id}"},
    ),
    one(
        "POST", f"{_REPORTS}/{{report_id}}/discarding", _REPORT, status=CONFLICT, code="report_not_allowed",
        at={"report_id": "discarded_report_id"},
    ),
    one(
        "POST", _SNAPSHOTS, _FREEZE, status=CONFLICT, code="snapshot_exists", outside=_ELSEWHERE,
        body={"division": "{township}", "period": "2025"},
    ),
    house(
        "POST", "/api/v1/reported-value-imports", _REPORT, status=ACCEPTED, query="?dry_run=true",
        files={"file": ("上报.csv", "指标,区划代码,统计期,数值,依据文号\n".encode())},
    ),
    house(
        "POST", f"{_REPORTS}/batches/{{batch_id}}/acceptance", _REPORT, status=404, code="report_not_found",
        at={"batch_id": "snapshot_id"}, body={"approval_id": "{snapshot_id}"}, note="of no file",
    ),
    many(_SNAPSHOTS, _READ, shows="snapshot_id", query="?limit=1000"),
    one("GET", f"{_SNAPSHOTS}/{{snapshot_id}}", _READ, shows="snapshot_id"),
    one("GET", f"{_SNAPSHOTS}/{{snapshot_id}}/comparison", _READ, shows="snapshot_id"),
    one(
        "POST", f"{_SNAPSHOTS}/{{snapshot_id}}/approval", _FREEZE, status=CONFLICT, code="approval_needed",
        body={"approval_id": "{snapshot_id}"},
    ),
)  # fmt: skip
