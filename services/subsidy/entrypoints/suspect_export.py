"""Work lists of suspects as files."""

from __future__ import annotations

from typing import Any, Final

from services.subsidy.adapters.comparison import suspects
from services.subsidy.adapters.comparison.suspects import Asked, Filed
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.comparison.checks import BY_ID
from services.subsidy.domain.comparison.suspect import SuspectState
from services.subsidy.entrypoints.http.problems import CODE_LISTS
from services.subsidy.entrypoints.http.suspect_schemas import CheckId, DivisionText
from shared.kit.exports import PERSON, Export, Rows, Wanted
from shared.kit.routing import RequestModel
from shared.values.division import Division

_ZH: Final = {
    name: {each.code: each.zh for each in CODE_LISTS[name]} for name in ("suspect_state", "bureau_list", "scheme")
}


class SuspectFilter(RequestModel):
    """Which suspects."""

    division: DivisionText | None = None
    check: CheckId | None = None
    state: SuspectState | None = None
    overdue: bool | None = None


async def suspect_rows(work: SubsidyWork, wanted: Wanted[SuspectFilter]) -> tuple[Rows, str | None]:
    """A page of the work list."""
    chosen, today = wanted.filters, work.today()
    asked = Asked(
        division=None if chosen.division is None else Division.parse(chosen.division),
        check=None if chosen.check is None else chosen.check.value,
        state=chosen.state,
        overdue=chosen.overdue,
    )
    items, following = await suspects.page_of(work.connection, wanted.page, asked, within=wanted.within, today=today)
    return [_row(item) for item in items], following


def _row(filed: Filed) -> tuple[Any, ...]:
    one, drawn = filed.suspect, filed.evidence["drawn"]
    said = filed.evidence["said"]
    lists = {_ZH["bureau_list"].get(each.get("list", ""), "") for each in said} - {""}
    schemes = [_ZH["scheme"].get(each, each) for each in drawn.get("schemes", ())]
    return (
        one.division,
        str(one.person_id),
        one.check,
        BY_ID[one.check].zh,
        str(one.month),
        "、".join(sorted(lists)),
        "、".join(schemes),
        drawn.get("months"),
        None if "amount_fen" not in drawn else f"{drawn['amount_fen'] / 100:.2f}",
        "是" if one.holds_payment else "否",
        _ZH["suspect_state"][one.state.value],
        None if one.due_on is None else one.due_on.isoformat(),
        str(one.suspect_id),
    )


SUSPECT_EXPORT: Final[Export[SubsidyWork, SuspectFilter]] = Export(
    kind="suspect.export",
    name="疑点清单",
    titles=(
        "区划",
        PERSON,
        "规则",
        "疑点",
        "月份",
        "来源名单",
        "补贴种类",
        "涉及月数",
        "涉及金额（元）",
        "暂停发放",
        "状态",
        "办理期限",
        "疑点编号",
    ),
    filters=SuspectFilter,
    rows=suspect_rows,
)
