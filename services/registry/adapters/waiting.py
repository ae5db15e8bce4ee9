"""What waits for somebody at the register: the sources of "my tasks"."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Date, Select, cast, select, text
from sqlalchemy.dialects.postgresql import INTERVAL

from services.registry.adapters.tables import requests
from services.registry.adapters.tables_application import application, objection
from services.registry.adapters.tables_duplicate import duplicate
from services.registry.adapters.tables_report import report
from services.registry.domain.application_state import ApplicationState
from services.registry.domain.person_report import ReportState
from shared.kit.permissions import Caller
from shared.kit.scoping import inside
from shared.kit.tasks import TaskSource, task_columns

TRANSFER_MONTHS: Final = 6
"""A certificate that has not followed the household for longer is frozen (CERT-24)."""

_DESK_STATES: Final = (
    ApplicationState.SUBMITTED,
    ApplicationState.ACCEPTED,
    ApplicationState.ASSESSMENT_PENDING,
    ApplicationState.ASSESSED,
    ApplicationState.IN_NOTICE,
    ApplicationState.APPROVED,
    ApplicationState.PRODUCED,
)


def _reports(*states: ReportState, due: ColumnElement[Any] | None = None) -> Any:
    def waiting(caller: Caller) -> Select[Any]:
        return select(
            *task_columns(
                subject_id=report.c.report_id,
                person_id=report.c.person_id,
                division=report.c.division,
                since=report.c.recorded_at,
                due_on=due,
                state=report.c.state,
            )
        ).where(report.c.state.in_(states), inside(report.c.division, caller.scope))

    return waiting


def _duplicates(caller: Caller) -> Select[Any]:
    return select(
        *task_columns(
            subject_id=duplicate.c.duplicate_id,
            person_id=duplicate.c.first_id,
            division=duplicate.c.division,
            since=duplicate.c.found_at,
        )
    ).where(duplicate.c.state == "OPEN", inside(duplicate.c.division, caller.scope))


def _applications(*states: ApplicationState, desk: ColumnElement[Any]) -> Any:
    def waiting(caller: Caller) -> Select[Any]:
        return select(
            *task_columns(
                subject_id=application.c.application_id,
                person_id=application.c.person_id,
                division=desk,
                since=application.c.recorded_at,
                due_on=application.c.due_on,
                state=application.c.state,
            )
        ).where(application.c.state.in_([state.value for state in states]), inside(desk, caller.scope))

    return waiting


def _objections(caller: Caller) -> Select[Any]:
    desk = application.c.acceptance
    return (
        select(
            *task_columns(
                subject_id=objection.c.application_id,
                person_id=application.c.person_id,
                division=desk,
                since=objection.c.recorded_at,
                due_on=application.c.notice_until,
                state=objection.c.state,
            )
        )
        .join(application, application.c.application_id == objection.c.application_id)
        .where(objection.c.state == "OPEN", inside(desk, caller.scope))
    )


def _requests(caller: Caller) -> Select[Any]:
    table = requests.person_request
    return select(
        *task_columns(
            subject_id=table.c.request_id,
            person_id=table.c.person_id,
            division=table.c.division,
            since=table.c.filed_at,
            due_on=table.c.due_on,
            state=table.c.state,
        )
    ).where(table.c.state.in_(["RECEIVED", "ACCEPTED"]), inside(table.c.division, caller.scope))


_TRANSFER_DUE: Final = cast(report.c.event_date + cast(text(f"'{TRANSFER_MONTHS} months'"), INTERVAL), Date)

SOURCES: Final = (
    TaskSource(
        "report.unmatched",
        "report:write",
        "外部信息待匹配",
        "news from outside that nobody was found for",
        "/api/v1/reports/{subject_id}",
        _reports(ReportState.UNMATCHED),
    ),
    TaskSource(
        "report.conflict",
        "report:write",
        "外部信息待核实",
        "news from outside to be confirmed, or in conflict",
        "/api/v1/reports/{subject_id}",
        _reports(ReportState.CANDIDATE, ReportState.CONFLICT),
    ),
    TaskSource(
        "report.ready",
        "report:write",
        "外部信息待采用",
        "news from outside to be applied",
        "/api/v1/reports/{subject_id}",
        _reports(ReportState.READY),
    ),
    TaskSource(
        "transfer.awaited",
        "certificate:write",
        "户籍已迁出、残疾人证待迁移",
        "certificates that have to follow a household",
        "/api/v1/reports/{subject_id}",
        _reports(ReportState.AWAITING_TRANSFER, due=_TRANSFER_DUE),
    ),
    TaskSource(
        "duplicate.open",
        "person:merge",
        "疑似重复人员待核实",
        "records that may be one person's",
        "/api/v1/duplicates/{subject_id}",
        _duplicates,
    ),
    TaskSource(
        "application.at_acceptance",
        "application:write",
        "办件待办理（受理地）",
        "applications at the county that took them in",
        "/api/v1/applications/{subject_id}",
        _applications(*_DESK_STATES, desk=application.c.acceptance),
    ),
    TaskSource(
        "application.review",
        "application:decide",
        "办件待审核（户籍地）",
        "applications to be reviewed by the home county",
        "/api/v1/applications/{subject_id}",
        _applications(ApplicationState.UNDER_REVIEW, desk=application.c.home),
    ),
    TaskSource(
        "objection.open",
        "application:write",
        "公示异议待处理",
        "objections to public notices",
        "/api/v1/applications/{subject_id}",
        _objections,
    ),
    TaskSource(
        "person_request.open",
        "request:write",
        "个人信息申请待办理",
        "persons' requests about their data",
        "/api/v1/person-requests/{subject_id}",
        _requests,
    ),
)
"""Every kind of work that waits at the register."""
