"""Rows of the registry: persons' lives, duplicates, news from outside, the survey, portals, changes of divisions."""

from __future__ import annotations

from typing import Any, Final

from tests.integration.authorisation.row import (
    ACCEPTED,
    CONFLICT,
    FORBIDDEN,
    INVALID,
    OK,
    Answer,
    Row,
    house,
    many,
    one,
    stale,
)

_PERSON, _HOUSEHOLD = "/api/v1/persons/{person_id}", "/api/v1/households/{household_id}"
_REPORT, _BATCH = "/api/v1/reports/{report_id}", "/api/v1/report-batches/{batch_id}"
_CHANGE, _VISIT = "/api/v1/division-changes/{change_id}", "/api/v1/survey-visits/{visit_id}"
_READ, _WRITE, _MERGE = "person:read", "person:write", "person:merge"
_NOT_THERE = Answer(FORBIDDEN, "division_outside_scope")
_NOBODYS_BATCH: Final = {"batch_id": "=0198e4a0-0000-7000-8000-00000000ffff"}


def _found(path: str, needs: str, *, shows: str, body: Any) -> Row:
    """A search: elsewhere it finds nothing."""
    return Row(method="POST", path=path, needs=(needs,), inside=Answer(OK, shows=shows), outside=Answer(OK), body=body)


def _file(path: str, needs: str, titles: str) -> Row:
    files = {"file": ("名单.csv", f"{titles}\n".encode())}
    return house("POST", path, needs, status=ACCEPTED, files=files, query="?dry_run=true")


def _list(path: str, needs: str, **more: Any) -> Row:
    """Places and forms: the same for everybody who may."""
    return house("GET", path, needs, **more)


ROWS: Final[tuple[Row, ...]] = (
    # persons' lives
    _found(
        "/api/v1/persons/search", _READ, shows="person_id", body={"citizen_id_no": "{citizen_id_no}"},
    ),
    house("GET", "/api/v1/persons/counts", _READ, query="?division=341502"),
    one("GET", f"{_PERSON}/history", _READ, shows="person_id"),
    one("GET", f"{_PERSON}/names", _READ, shows="name_id"),
    stale("POST", f"{_PERSON}/names", _WRITE, body={"kind": "ALIAS", "name": "王小小"}),
    stale("POST", f"{_PERSON}/names/{{name_id}}/withdrawal", _WRITE),
    stale("PUT", f"{_PERSON}/residence", _WRITE, body={"division": None, "since": "2026-01-05"}),
    one("GET", f"{_PERSON}/households", _READ, shows="household_id"),
    one("GET", f"{_PERSON}/merges", _READ, shows="merge_id"),
    one(
        "POST", f"{_PERSON}/clients", _WRITE, status=CONFLICT, code="client_ground_not_met",
        body={"ground": "CHILD_DIAGNOSED", "diagnosed_on": "2025-01-01"},
    ),
    many("/api/v1/clients", _READ, shows="client_id"),
    stale("POST", "/api/v1/clients/{client_id}/ending", _WRITE, body={"valid_to": "2026-01-05"}),
    # households
    one(
        "POST", "/api/v1/households", _WRITE, status=CONFLICT, code="household_is_known", outside=_NOT_THERE,
        body={"division": "{division}", "book_no": "{book_no}"},
    ),
    one("GET", _HOUSEHOLD, _READ, shows="household_id"),
    stale(
        "POST", f"{_HOUSEHOLD}/members", _WRITE,
        body={"person_id": "{person_id}", "relation": "HEAD", "since": "2026-01-05"},
    ),
    stale("POST", f"{_HOUSEHOLD}/members/{{person_id}}/ending", _WRITE, body={"valid_to": "2026-01-05"}),
    # records that may be one person's
    many("/api/v1/duplicates", _READ, shows="duplicate_id"),
    one("GET", "/api/v1/duplicates/{duplicate_id}", _READ, shows="duplicate_id"),
    stale("POST", "/api/v1/duplicates/{duplicate_id}/dismissal", _MERGE),
    stale("POST", "/api/v1/merges", _MERGE, body={"survivor_id": "{person_id}", "absorbed_id": "{absorbed_id}"}),
    stale("POST", "/api/v1/merges/{merge_id}/undoing", _MERGE),
    # news from outside
    many("/api/v1/reports", "report:read", shows="report_id"),
    one("GET", _REPORT, "report:read", shows="report_id"),
    one("GET", f"{_REPORT}/effect", "report:read", shows="report_id"),
    one(
        "POST", "/api/v1/reports", "report:write", status=CONFLICT, code="report_is_known", outside=_NOT_THERE,
        body={
            "kind": "DEATH", "source": "POLICE", "source_ref": "{source_ref}", "event_date": "2026-01-06",
            "division": "{division}", "name": "猪八戒", "born_on": "1960-01-01",
        },
    ),
    stale("POST", f"{_REPORT}/matching", "report:write", body={"person_id": "{person_id}"}),
    stale("POST", f"{_REPORT}/confirmation", "report:write"),
    stale("POST", f"{_REPORT}/rejection", "report:write"),
    stale("POST", f"{_REPORT}/application", "report:write", body={}),
    stale("POST", f"{_REPORT}/retraction", "report:write"),
    house("POST", f"{_BATCH}/preview", "report:write", at=_NOBODYS_BATCH, body={}, note="a batch of nothing"),
    house(
        "POST", f"{_BATCH}/application", "report:write", status=ACCEPTED, at=_NOBODYS_BATCH, body={},
        note="a batch of nothing",
    ),
    _file("/api/v1/death-imports", "report:import", "公民身份号码,姓名,所在地区划代码,信息来源,死亡日期"),
    _file("/api/v1/move-imports", "report:import", "公民身份号码,姓名,所在地区划代码,信息来源,迁移日期,迁入地区划代码"),
    # the survey
    _list("/api/v1/survey-forms", "form:read"),
    _list("/api/v1/survey-forms/{form_id}", "form:read"),
    house(
        "POST", "/api/v1/survey-forms", "form:write", status=INVALID, code="body_invalid",
        body={"valid_from": "2026-01-01", "items": []},
    ),
    Row(
        method="POST", path="/api/v1/survey-forms/{form_id}/publication", needs=("form:write",), everywhere=True,
        inside=Answer(CONFLICT, "survey_form_is_published"), outside=_NOT_THERE, headers={"If-Match": "*"},
    ),
    many("/api/v1/survey-visits", "survey:read", shows="visit_id", query="?limit=1000"),
    one("GET", _VISIT, "survey:read", shows="visit_id"),
    stale("PUT", _VISIT, "survey:write", body={"outcome": "REFUSED", "visited_on": "2026-01-05"}),
    one(
        "POST", f"{_PERSON}/survey-visits", "survey:write", status=CONFLICT, code="survey_visit_is_known",
        body={"outcome": "REFUSED", "visited_on": "2026-01-05"},
    ),
    house("GET", "/api/v1/survey-progress", "survey:read", query="?year=2026&division=341502"),
    _file("/api/v1/survey-imports", "survey:import", "公民身份号码,调查日期,调查结果"),
    # other systems
    _found(
        "/api/v1/person-links", "person:link", shows="person_id", body={"citizen_id_numbers": ["{citizen_id_no}"]},
    ),
    _file("/api/v1/foreign-id-imports", "person:import", "公民身份号码,系统代码,系统内编号"),
    one(
        "POST", "/api/v1/portal-cases", "portal:write", status=CONFLICT, code="portal_case_differs",
        outside=_NOT_THERE,
        body={
            "case_no": "{case_no}", "received_on": "2026-01-06", "matter": "NEW", "acceptance": "{division}",
            "applicant": {"name": "王小明", "citizen_id_no": "{citizen_id_no}", "division": "{division}"},
            "categories": [4],
        },
    ),
    house(
        "POST", "/api/v1/foreign-id-exports", "person:export", status=ACCEPTED, body={"system": "POPULATION_BASE"},
    ),
    one("GET", "/api/v1/portal-cases/{case_no}", "portal:write", shows="case_no"),
    many("/api/v1/portal-cases", "portal:read", shows="case_no"),
    one(
        "POST", "/api/v1/portal-counts", "portal:write", outside=_NOT_THERE,
        body={"day": "2026-01-05", "counts": [{"matter": "NEW", "county": "{division}", "counted": 1}]},
    ),
    house("GET", "/api/v1/portal-reconciliation", "portal:read", query="?from=2026-01-01&to=2026-01-31"),
    # changes of divisions
    _list("/api/v1/division-changes", "division:read"),
    _list("/api/v1/divisions/{code}/successions", "division:read", at={"code": "=341502"}),
    one("GET", _CHANGE, "division:write"),
    one("GET", f"{_CHANGE}/effect", "division:write"),
    one(
        "POST", "/api/v1/division-changes", "division:write", status=INVALID, code="successions_are_wrong",
        outside=Answer(INVALID, "successions_are_wrong"),
        body={
            "kind": "SPLIT", "effective_on": "2099-01-01", "basis": "文件",
            "successions": [{"predecessor": "{division}", "successor": "{division}", "name": "新村"}],
        },
    ),
    stale("POST", f"{_CHANGE}/application", "division:write"),
    stale("POST", f"{_CHANGE}/cancellation", "division:write"),
)  # fmt: skip
