"""Figures: what is counted, one month by divisions, one division by months."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Request

from services.indicators.adapters.queries import SqlFigures
from services.indicators.adapters.work import IndicatorsWork
from services.indicators.domain.breakdown import Root, at_level, into_children, roots
from services.indicators.domain.definition import DEFINITIONS, Definition, definitions
from services.indicators.domain.errors import BreakdownNotPossible
from services.indicators.domain.period import Period, periods
from services.indicators.entrypoints.http.schemas import DefinitionOut, FiguresOut, LevelName
from services.indicators.use_cases.read_figures import read_figures
from shared.kit.audit import Look, division_of
from shared.kit.divisions import bundled
from shared.kit.pagination import Listed
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router
from shared.kit.scoping import DivisionAsked
from shared.kit.work import Works
from shared.values.division import EVERYWHERE, Division
from shared.values.month import Month

router = Router(prefix="/api/v1/indicators", tags=["indicators"])

Reader = Annotated[Caller, Permit("indicator:read")]


@router.get("", dependencies=[Permit("indicator:read")], summary="指标目录")
async def list_indicators() -> Listed[DefinitionOut]:
    """Every indicator with its rule and unit."""
    return Listed(items=[DefinitionOut.of(definition) for definition in DEFINITIONS])


@router.get("/values", summary="某月指标值")
async def read_values(
    *,
    request: Request,
    caller: Reader,
    division: DivisionAsked = None,
    month: Annotated[str | None, Query(max_length=7, description="YYYY-MM，缺省为本月")] = None,
    level: Annotated[LevelName | None, Query(description="按该级别细分")] = None,
    children: Annotated[bool, Query(description="按直接下级细分")] = False,
    indicator: Annotated[list[str] | None, Query(description="只要这些指标，缺省全部")] = None,
) -> FiguresOut:
    """Figures of one month, on its last day or, while it runs, today; a place without anything answers 0.

    What is registered at a county without a township counts for the county and for no township.
    """
    today = request.app.state.clock.today()
    period = Period.of(Month.of(today) if month is None else Month.parse(month), today=today)
    asked = _broken_down(_roots(division, caller), level, children=children)
    return await _answer(request, caller, definitions(indicator), asked, [period])


@router.get("/series", summary="指标时间序列")
async def read_series(
    *,
    request: Request,
    caller: Reader,
    indicator: Annotated[str, Query(max_length=64)],
    first: Annotated[str, Query(alias="from", max_length=7, description="YYYY-MM")],
    last: Annotated[str, Query(alias="to", max_length=7, description="YYYY-MM，与起始月相距不超过 36 个月")],
    division: DivisionAsked = None,
) -> FiguresOut:
    """One indicator month by month, at most 36, as known now: late news has moved past months (RU-04)."""
    asked = periods(Month.parse(first), Month.parse(last), today=request.app.state.clock.today())
    return await _answer(request, caller, definitions([indicator]), _roots(division, caller), asked)


async def _answer(
    request: Request,
    caller: Caller,
    wanted: Sequence[Definition],
    places: Sequence[Root],
    months: Sequence[Period],
) -> FiguresOut:
    """Everything told comes from one snapshot. Who saw it is written once that has given its connection back."""
    works: Works[IndicatorsWork] = request.app.state.works
    async with works.snapshot() as connection:
        answer = await read_figures(wanted, places, months, SqlFigures(connection), bundled())
    # Figures are of nobody, but many of them about few people can tell of somebody.
    codes = tuple(sorted({figure.definition.code for figure in answer.figures}))
    look = Look(None, codes, "figures", division_of(caller.scope), count=len(answer.figures))
    await works.look(look, caller=caller, trace_id=request.state.trace_id)
    return FiguresOut.of(answer, _name_of)


def _roots(division: str | None, caller: Caller) -> list[Root]:
    return roots(None if division is None else Division.parse(division), caller.scope, bundled())


def _broken_down(asked: list[Root], level: LevelName | None, *, children: bool) -> list[Root]:
    if level is not None and children:
        raise BreakdownNotPossible(division=",".join(root.code for root in asked))
    if level is not None:
        return [at_level(root, level.level) for root in asked]
    return [into_children(root, bundled()) for root in asked] if children else asked


def _name_of(code: str) -> str | None:
    directory = bundled()
    return directory.name(code) if code != EVERYWHERE and code in directory else None
