"""Long and scheduled work of the subsidy service: import of determinations, the turning month."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import Final
from uuid import UUID

import orjson

from services.subsidy.adapters import application_queries, findings, reminders, tellings, trials
from services.subsidy.adapters.policies import POLICIES
from services.subsidy.adapters.tellings import Tellings
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.errors import AwardExists
from services.subsidy.entrypoints.http.problems import SCHEME_ZH, TEXTS
from services.subsidy.metrics import MESSAGES_WAITING, OVERDUE_APPLICATIONS, REMINDERS_OPEN
from services.subsidy.use_cases.grant_awards import GrantAward, grant_awards
from services.subsidy.use_cases.judge_awards import stop_turned_awards
from shared.kit.blobs import JSON
from shared.kit.imports import Applied, Import, Parsed
from shared.kit.jobs import JobResult, RunningJob
from shared.kit.messages import Messenger, carry
from shared.kit.spreadsheets import CellFault, Column, Row
from shared.kit.work import Works
from shared.kit.worker import Timer
from shared.values.award import Scheme, SchemeCodeInvalid
from shared.values.division import Scope
from shared.values.month import Month
from shared.values.refusal import Refusal

COLUMNS: Final = (
    Column("person_id", "人员编号"),
    Column("scheme", "补贴种类"),
    Column("application_date", "申请日期", ("享受补贴起始日期",)),
)
_TITLE: Final = {column.field: column.title for column in COLUMNS}
_SCHEMES: Final = {zh: scheme for scheme, zh in SCHEME_ZH.items()}


def parse_award(row: Row) -> GrantAward | list[CellFault]:
    """One determination: person, scheme, application date."""
    faults: list[CellFault] = []

    def fault(field: str, reason: str) -> None:
        faults.append(CellFault(row.number, _TITLE[field], reason))

    person_id = application_date = None
    try:
        person_id = UUID(row.values["person_id"].strip())
    except ValueError:
        fault("person_id", "人员编号应为登记系统给出的 36 位编号")
    scheme, named = None, row.values["scheme"].strip()
    try:
        scheme = _SCHEMES.get(named) or Scheme(named)
    except SchemeCodeInvalid:
        fault("scheme", f"应为：{'、'.join(SCHEME_ZH.values())}，或政策中其他补贴的代码")
    try:
        application_date = date.fromisoformat(row.values["application_date"].strip()[:10])
    except ValueError:
        fault("application_date", "日期应写作 2026-05-31 的形式")
    if person_id is None or scheme is None or application_date is None:
        return faults
    return GrantAward(person_id=person_id, scheme=scheme, application_date=application_date)


async def apply_awards(chunk: Sequence[Parsed[GrantAward]], work: SubsidyWork) -> Applied:
    """Grant a chunk. A running award of the same scheme counts as unchanged; every refusal is explained."""
    within = Scope.everywhere() if work.caller is None else work.caller.scope
    outcomes = await grant_awards([parsed.value for parsed in chunk], work, within=within)
    faults: list[CellFault] = []
    unchanged = 0
    for parsed, outcome in zip(chunk, outcomes, strict=True):
        if isinstance(outcome, AwardExists):
            unchanged += 1
        elif isinstance(outcome, Refusal):
            reason = TEXTS[type(outcome)].detail_zh.format(**outcome.facts)
            faults.append(CellFault(parsed.number, _TITLE["person_id"], reason))
    return Applied(applied=len(chunk) - unchanged - len(faults), unchanged=unchanged, faults=faults)


AWARD_IMPORT: Final[Import[GrantAward, SubsidyWork]] = Import(
    kind="award.import", columns=COLUMNS, parse=parse_award, apply=apply_awards
)


async def look_over_everybody(job: RunningJob[SubsidyWork]) -> JobResult:
    """Find who is eligible but unpaid, and what should have stopped, within the division of the job."""
    month, division = Month.parse(job.params["month"]), job.params["division"]
    await job.progress(phase="looking")
    async with job.begin() as work:
        at = work.now()
    return JobResult(asdict(await findings.look_over(job.begin, month, division=division, at=at)))


async def try_policy(job: RunningJob[SubsidyWork]) -> JobResult:
    """What drafts would change: sums in the report, counties and samples in the file."""
    month, division = Month.parse(job.params["month"]), job.params["division"]
    await job.progress(phase="comparing")
    async with job.begin() as work:
        stored = [await POLICIES.get(work.connection, UUID(each)) for each in job.params["policies"]]
        drafts = [each.document for each in stored if each is not None]
        trial = await trials.try_out(work.connection, drafts, month, division=division)

    async def whole() -> AsyncIterator[bytes]:
        yield orjson.dumps(asdict(trial))

    blob = await job.store(whole(), media_type=JSON, name="政策测算.json")
    return JobResult(trials.told(trial), blob=blob)


async def look_for_new_cases(job: RunningJob[SubsidyWork]) -> JobResult:
    """Find whom to remind within the division of the job (SUB-71)."""
    await job.progress(phase="looking")
    async with job.begin() as work:
        looked = await reminders.look(work.connection, work.today(), division=job.params["division"])
    return JobResult(asdict(looked))


FINDINGS_JOB: Final = "finding.look"
REMINDERS_JOB: Final = "reminder.look"
TRIAL_JOB: Final = "policy.trial"


async def turn_month(works: Works[SubsidyWork]) -> None:
    """SUSPENDED awards become STOPPED when the month turns (RULES 4.7), in bounded transactions."""
    turned = None
    while turned is None or turned > 0:
        async with works.begin() as work:
            turned = await stop_turned_awards(work)


async def count_overdue(works: Works[SubsidyWork]) -> None:
    """Tell the operators how many cases are late."""
    async with works.begin() as work:
        OVERDUE_APPLICATIONS.set(await application_queries.overdue_count(work.connection, today=work.today()))


async def find_new_cases(works: Works[SubsidyWork]) -> None:
    """The work lists of the townships, new every day (CERT-35)."""
    async with works.begin() as work:
        await reminders.look(work.connection, work.today(), division=None)


def telling_timer(messenger: Messenger, told: Tellings) -> Timer[SubsidyWork]:
    """Messages that were asked for are carried within a minute; what nobody takes waits for the next round."""

    async def tell(works: Works[SubsidyWork]) -> None:
        await carry(works, messenger, waiting=told.waiting, record=told.record)
        async with works.begin() as work:
            REMINDERS_OPEN.set(await reminders.count_open(work.connection))
            MESSAGES_WAITING.set(await tellings.count_waiting(work.connection))

    return Timer("reminder-tellings", 60.0, tell)


TIMERS: Final[tuple[Timer[SubsidyWork], ...]] = (
    Timer("month-turn", 60.0, turn_month),
    Timer("applications-overdue", 60.0, count_overdue),
    Timer("reminder-cases", 86_400.0, find_new_cases),
)
