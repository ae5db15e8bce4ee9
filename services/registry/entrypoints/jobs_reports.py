"""Imports of deaths and moves, and applying a whole batch of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.registry.adapters.work import RegistryWork
from services.registry.domain.match_tier import Described
from services.registry.domain.person_report import ReportKind, ReportSource
from services.registry.entrypoints.cells import Faults, county_or_below, day, identity, name_of, optional_day, titles_of
from services.registry.entrypoints.references import holds_a_persons_number
from services.registry.use_cases.apply_report import apply_report
from services.registry.use_cases.take_reports import Said, load, take_reports
from shared.kit.audit import Change
from shared.kit.imports import Applied, Import, Parsed
from shared.kit.jobs import JobResult, RunningJob
from shared.kit.spreadsheets import CellFault, Column, Row
from shared.values.division import Division, Scope
from shared.values.identity_number import IdentityNumber
from shared.values.refusal import Refusal

APPLIED_AT_ONCE: Final = 100

_SOURCES: Final = {
    "公安": ReportSource.POLICE,
    "卫健": ReportSource.HEALTH,
    "殡葬": ReportSource.FUNERAL,
    "家属": ReportSource.FAMILY,
    "社区": ReportSource.COMMUNITY,
    **{source.value: source for source in ReportSource},
}
_WHO: Final = (
    Column("citizen_id_no", "公民身份号码", ("身份证号", "身份证号码"), required=False),
    Column("name", "姓名"),
    Column("born_on", "出生日期", required=False),
    Column("division", "所在地区划代码", ("户籍地区划代码", "区划代码")),
    Column("source", "信息来源", ("来源",)),
    Column("source_ref", "来源编号", ("业务编号",), required=False),
    Column("received_on", "收到日期", required=False),
)
DEATH_COLUMNS: Final = (*_WHO, Column("event_date", "死亡日期"))
MOVE_COLUMNS: Final = (*_WHO, Column("event_date", "迁移日期"), Column("to_division", "迁入地区划代码"))
_DEATH_TITLES, _MOVE_TITLES = titles_of(DEATH_COLUMNS), titles_of(MOVE_COLUMNS)


def parse_death(row: Row) -> Said | list[CellFault]:
    """One death: of whom by number, or by name, birth date and place."""
    return _parse(row, ReportKind.DEATH, _DEATH_TITLES)


def parse_move(row: Row) -> Said | list[CellFault]:
    """One household move."""
    return _parse(row, ReportKind.MOVE, _MOVE_TITLES)


def _parse(row: Row, kind: ReportKind, titles: Mapping[str, str]) -> Said | list[CellFault]:
    faults = Faults(row, titles)
    number = identity(row, faults) if row.values.get("citizen_id_no") else None
    name, born = name_of(row, faults), optional_day(row, "born_on", faults)
    division, event_date = county_or_below(row, "division", faults), day(row, "event_date", faults)
    received, to = optional_day(row, "received_on", faults), _to(row, kind, faults)
    source = _SOURCES.get(row.values["source"].strip())
    if source is None:
        faults.add("source", "应为 公安、卫健、殡葬、家属、社区 之一")
    _who_is_meant(row, number, born, faults)
    if holds_a_persons_number(row.values.get("source_ref", "")):
        faults.add("source_ref", "不得为公民身份号码或电话号码")
    if faults or name is None or division is None or event_date is None or source is None:
        return list(faults)
    return Said(
        kind=kind,
        source=source,
        source_ref=row.values.get("source_ref") or None,
        described=Described(number=number, name=name.clear, born=born, division=division),
        event_date=event_date,
        received_on=received or date.max,
        division=division,
        to_division=to,
    )


def _to(row: Row, kind: ReportKind, faults: Faults) -> Division | None:
    return county_or_below(row, "to_division", faults) if kind is ReportKind.MOVE else None


def _who_is_meant(row: Row, number: IdentityNumber | None, born: date | None, faults: Faults) -> None:
    if number is None and not row.values.get("citizen_id_no") and born is None and not row.values.get("born_on"):
        faults.add("citizen_id_no", "没有公民身份号码时，须填写出生日期")


async def apply_said(chunk: Sequence[Parsed[Said]], work: RegistryWork) -> Applied:
    """Take a chunk in; nothing happens to anybody yet. What its source sent before is unchanged, or a conflict."""
    assert work.caller is not None, "an import is somebody's"
    faults: list[CellFault] = []
    fresh: list[Parsed[Said]] = []
    unchanged = 0
    known = await _known(chunk, work)
    seen: set[tuple[ReportSource, str]] = set()
    for parsed in chunk:
        fault, is_known = _judged(parsed, work, known, seen)
        if fault is not None:
            faults.append(fault)
        elif is_known:
            unchanged += 1
        else:
            fresh.append(parsed)
    await take_reports([_completed(parsed.value, work) for parsed in fresh], work, within=work.caller.scope)
    return Applied(applied=len(fresh), unchanged=unchanged, faults=faults)


Ref = tuple[ReportSource, str]


async def _known(chunk: Sequence[Parsed[Said]], work: RegistryWork) -> dict[Ref, Any]:
    refs: dict[ReportSource, list[str]] = {}
    for parsed in chunk:
        if parsed.value.source_ref is not None:
            refs.setdefault(parsed.value.source, []).append(parsed.value.source_ref)
    found: dict[Ref, Any] = {}
    for source, names in refs.items():
        known = await work.reports.known_refs(source, names)
        found |= {(source, ref): row for ref, row in known.items()}
    return found


def _judged(
    parsed: Parsed[Said], work: RegistryWork, known: dict[Ref, Any], seen: set[Ref]
) -> tuple[CellFault | None, bool]:
    """(fault, known before) of one row."""
    said = parsed.value
    if work.caller is not None and not work.caller.scope.covers(said.division):
        return CellFault(parsed.number, "所在地区划代码", "不在您的管辖区划范围内"), False
    if said.event_date > work.today():
        return CellFault(
            parsed.number, "死亡日期" if said.kind is ReportKind.DEATH else "迁移日期", "不能晚于今天"
        ), False
    if said.source_ref is None:
        return None, False
    ref = (said.source, said.source_ref)
    if ref in seen:
        return CellFault(parsed.number, "来源编号", "在文件中重复"), False
    seen.add(ref)
    if (before := known.get(ref)) is None:
        return None, False
    same = (before.kind, before.event_date) == (said.kind.value, said.event_date)
    return (None, True) if same else (CellFault(parsed.number, "来源编号", "该编号此前已收到，且内容不同"), False)


def _completed(said: Said, work: RegistryWork) -> Said:
    received = work.today() if said.received_on == date.max else said.received_on
    return Said(
        kind=said.kind,
        source=said.source,
        source_ref=said.source_ref,
        described=said.described,
        event_date=said.event_date,
        received_on=received,
        division=said.division,
        to_division=said.to_division,
        batch_id=work.asked.get("job_id"),
    )


DEATH_IMPORT: Final[Import[Said, RegistryWork]] = Import(
    kind="death.import", columns=DEATH_COLUMNS, parse=parse_death, apply=apply_said
)
MOVE_IMPORT: Final[Import[Said, RegistryWork]] = Import(
    kind="move.import", columns=MOVE_COLUMNS, parse=parse_move, apply=apply_said
)


# --- applying a batch ------------------------------------------------------------------------------------------------


async def apply_batch(job: RunningJob[RegistryWork]) -> JobResult:
    """Apply every ready report of a batch, a hundred in a transaction. A report that was decided meanwhile is left."""
    batch_id, cancels = UUID(job.params["batch_id"]), bool(job.params["cancels"])
    async with job.begin() as work:
        total = await work.reports.ready_count(batch_id, within=job.scope)
    done = int(job.checkpoint.get("done", 0))
    await job.progress(phase="applying", done=done, total=done + total)
    states: dict[str, int] = dict(job.checkpoint.get("states", {}))
    while True:
        async with job.begin() as work:
            chosen = await work.reports.next_ready(batch_id, after=None, limit=APPLIED_AT_ONCE, within=job.scope)
            for report_id in chosen:
                state = await _apply_one(report_id, work, cancels=cancels, within=job.scope)
                states[state] = states.get(state, 0) + 1
            done += len(chosen)
            await job.progress(done=done, checkpoint={"done": done, "states": states}, work=work)
        if not chosen:
            return JobResult({"handled": done, "states": states})


async def _apply_one(report_id: UUID, work: RegistryWork, *, cancels: bool, within: Scope) -> str:
    """The state it ends in. One that is refused is sent back to the queue, and the others go on."""
    try:
        async with work.attempted():
            report = await apply_report(report_id, work, cancels=cancels, within=within)
    except Refusal:
        report = (await load(report_id, work, within=within)).report.sent_back()
        await work.reports.save(report)
    after = {"report_id": report_id, "state": report.state}
    work.audit(Change(report.person_id, "report.applied", after=after, division=report.division.code))
    return report.state.value
