"""The integrity audit as a job, and what it found as a file for the audit office."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from pydantic import Field

from services.subsidy.adapters.payroll import integrity
from services.subsidy.adapters.payroll.integrity import Asked
from services.subsidy.adapters.work import SYSTEM, SubsidyWork
from services.subsidy.domain.entitlement.rules import RULES
from services.subsidy.domain.payroll.errors import NothingPaidYet
from services.subsidy.domain.payroll.integrity import ACTIONS, AuditRule, Standing
from services.subsidy.entrypoints.http.problems import CODE_LISTS
from services.subsidy.metrics import INTEGRITY_FEN
from shared.kit.audit import Change, Origin
from shared.kit.exports import PERSON, Export, Rows, Wanted
from shared.kit.jobs import JobResult, RunningJob
from shared.kit.routing import RequestModel
from shared.values.division import EVERYWHERE, Division
from shared.values.month import Month

_ZH: Final = {
    name: {each.code: each.zh for each in CODE_LISTS[name]}
    for name in ("integrity_rule", "integrity_standing", "integrity_action", "scheme")
}


async def audit_integrity(job: RunningJob[SubsidyWork]) -> JobResult:
    """From one snapshot, in one transaction: killed before its end it has found nothing, and begins anew."""
    division = job.params["division"]
    async with job.begin() as work:
        paid = await integrity.months_paid(work.connection)
        if paid is None:
            raise NothingPaidYet
        audit_id, by = work.new_id(), SYSTEM if work.caller is None else work.caller.subject
    first, last = [Month.parse(job.params[name]) if job.params[name] else paid[at] for at, name in enumerate(_MONTHS)]
    months = max(first, paid[0]), min(last, paid[1])
    if months[1] < months[0]:
        raise NothingPaidYet

    async def tell(done: int) -> None:
        await job.progress(phase="judging", done=done, total=len(list(months[0].through(months[1]))))

    await tell(0)
    async with job.works.engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        origin = Origin("JOB", job.kind)
        async with job.works.begin(caller=job.caller, trace_id=job.trace_id, origin=origin, on=connection) as work:
            told = await integrity.audit(connection, audit_id, division=division, months=months, by=by, tell=tell)
            sums = await integrity.by_rule(connection, audit_id)
            report = {"audit_id": str(audit_id), "first": str(months[0]), "last": str(months[1]), **asdict(told)}
            place = None if division == EVERYWHERE else division
            work.audit(Change(None, "payroll.integrity_audited", after=dict(report), division=place))
    INTEGRITY_FEN.clear()
    for row in sums:
        if row.standing != Standing.GONE:
            gauge = INTEGRITY_FEN.labels(row.rule)
            gauge.inc(row.fen)
    return JobResult(report)


_MONTHS: Final = ("first", "last")


class IntegrityFilter(RequestModel):
    """Which findings of an audit."""

    audit_id: UUID
    division: str | None = Field(default=None, pattern=r"^\d{2,12}$")
    rule: AuditRule | None = None
    standing: Standing | None = None


async def integrity_rows(work: SubsidyWork, wanted: Wanted[IntegrityFilter]) -> tuple[Rows, str | None]:
    """A page of findings."""
    chosen = wanted.filters
    await integrity.get(work.connection, chosen.audit_id, within=wanted.within)
    asked = Asked(
        audit_id=chosen.audit_id,
        division=None if chosen.division is None else Division.parse(chosen.division),
        rule=chosen.rule,
        standing=chosen.standing,
    )
    rows, following = await integrity.findings_of(work.connection, wanted.page, asked, within=wanted.within)
    return [_row(row) for row in rows], following


def _row(row: Any) -> tuple[Any, ...]:
    reasons = "；".join(f"{rule.id} {rule.reason_zh}" for rule in RULES if row.rules >> rule.number & 1)
    return (
        row.county,
        str(row.person_id),
        _ZH["scheme"].get(row.scheme, row.scheme),
        str(Month.of(row.month)),
        _ZH["integrity_rule"][row.rule],
        reasons,
        str(Month.of(row.since)),
        row.lines,
        f"{row.paid_fen / 100:.2f}",
        f"{row.due_fen / 100:.2f}",
        f"{(row.paid_fen - row.due_fen) / 100:.2f}",
        _ZH["integrity_action"][ACTIONS[AuditRule(row.rule)]],
        _ZH["integrity_standing"][row.standing],
        row.locked_at.isoformat(),
        None if row.award_id is None else str(row.award_id),
    )


INTEGRITY_EXPORT: Final[Export[SubsidyWork, IntegrityFilter]] = Export(
    kind="integrity.export",
    name="全面复核结果",
    titles=(
        "发放地区",
        PERSON,
        "补贴种类",
        "所属月份",
        "问题",
        "依据规则",
        "自何月起",
        "明细笔数",
        "已发（元）",
        "应发（元）",
        "涉及金额（元）",
        "处理建议",
        "与上次复核相比",
        "首笔锁定时间",
        "认定编号",
    ),
    filters=IntegrityFilter,
    rows=integrity_rows,
)
