"""Figures: what is counted, one period by divisions, one division by months, and how a number came about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from typing import Annotated

from fastapi import Query, Request

from services.indicators.adapters.catalogue import CATALOGUE
from services.indicators.adapters.queries import SqlFigures, query_of
from services.indicators.adapters.work import IndicatorsWork
from services.indicators.domain.breakdown import Root, at_level, into_children, roots
from services.indicators.domain.definition import Count, Definition, Rate
from services.indicators.domain.errors import BreakdownNotPossible
from services.indicators.domain.period import Period, Span, periods
from services.indicators.entrypoints.http.schemas import (
    AsOfOut,
    DefinitionOut,
    FigureOut,
    FiguresOut,
    LevelName,
    LineageOut,
    PartOut,
)
from services.indicators.use_cases.read_figures import read_figures
from services.indicators.use_cases.shield_figures import Telling
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
PeriodAsked = Annotated[str | None, Query(max_length=7, description="2026-05、2026-Q2、2026-H1 或 2026，缺省为本月")]


@router.get("", dependencies=[Permit("indicator:read")], summary="指标目录")
async def list_indicators() -> Listed[DefinitionOut]:
    """Every indicator with its rule and unit."""
    return Listed(items=[DefinitionOut.of(definition) for definition in CATALOGUE])


@router.get("/values", summary="某期指标值")
async def read_values(
    *,
    request: Request,
    caller: Reader,
    division: DivisionAsked = None,
    period: PeriodAsked = None,
    level: Annotated[LevelName | None, Query(description="按该级别细分")] = None,
    children: Annotated[bool, Query(description="按直接下级细分")] = False,
    indicator: Annotated[list[str] | None, Query(description="只要这些指标，缺省全部")] = None,
) -> FiguresOut:
    """Figures of one period, on its last day or, while it runs, today; a place without anything answers 0.

    What is registered at a county without a township counts for the county and for no township.
    """
    today = request.app.state.clock.today()
    asked = _broken_down(places_of(division, caller), level, children=children)
    return await _answer(request, caller, CATALOGUE.asked(indicator), asked, [asked_period(period, today)])


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
    return await _answer(request, caller, [CATALOGUE.get(indicator)], places_of(division, caller), asked)


@router.get("/lineage", summary="指标值的来历")
async def read_lineage(
    *,
    request: Request,
    caller: Reader,
    indicator: Annotated[str, Query(max_length=64)],
    division: Annotated[str, Query(max_length=12, json_schema_extra={"format": "division"})],
    period: PeriodAsked = None,
) -> LineageOut:
    """How one number came about: definitions, what each part comes to, the statement's digest, the journals."""
    asked = [asked_period(period, request.app.state.clock.today())]
    definition = CATALOGUE.get(indicator)
    form = definition.form
    parts = [definition, *(map(CATALOGUE.get, (form.numerator, form.denominator)) if isinstance(form, Rate) else ())]
    places = places_of(division, caller)
    works: Works[IndicatorsWork] = request.app.state.works
    async with works.snapshot() as connection:
        figures = SqlFigures(connection)
        answer = await read_figures(
            parts, places, asked, figures, telling=telling_of(request), directory=bundled(), catalogue=CATALOGUE
        )
        told = await figures.reported(places[0], asked)
    await looked(request, caller, {part.code for part in parts}, len(parts))
    return LineageOut(
        parts=tuple(
            PartOut(
                definition=DefinitionOut.of(figure.definition),
                figure=FigureOut.of(figure, name_of),
                query_sha256=sha256(query_of(figure.definition.form).encode()).hexdigest()
                if isinstance(figure.definition.form, Count)
                else None,
                report_id=next((one.report_id for one in told.get(figure.definition.code, {}).values()), None),
            )
            for figure in answer.figures
        ),
        data_time=answer.data_time,
        as_of=tuple(AsOfOut.of(each) for each in answer.as_of),
    )


def telling_of(request: Request) -> Telling:
    """From how many on numbers are told here."""
    return Telling(request.app.state.settings.small_cell_min, request.app.state.clock.today())


def asked_period(period: str | None, today: date) -> Period:
    """This month by default."""
    return Period.of(Span.of(Month.of(today)) if period is None else Span.parse(period), today=today)


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
        answer = await read_figures(
            wanted,
            places,
            months,
            SqlFigures(connection),
            telling=telling_of(request),
            directory=bundled(),
            catalogue=CATALOGUE,
        )
    await looked(request, caller, {figure.definition.code for figure in answer.figures}, len(answer.figures))
    return FiguresOut.of(answer, name_of)


async def looked(request: Request, caller: Caller, indicators: set[str], figures: int) -> None:
    """Figures are of nobody, but many of them about few people can tell of somebody."""
    look = Look(None, tuple(sorted(indicators)), "figures", division_of(caller.scope), count=figures)
    await request.app.state.works.look(look, caller=caller, trace_id=request.state.trace_id)


def places_of(division: str | None, caller: Caller) -> list[Root]:
    """The divisions asked about, or the caller's own. Raises `DivisionNotFound`."""
    return roots(None if division is None else Division.parse(division), caller.scope, bundled())


def _broken_down(asked: list[Root], level: LevelName | None, *, children: bool) -> list[Root]:
    if level is not None and children:
        raise BreakdownNotPossible(division=",".join(root.code for root in asked))
    if level is not None:
        return [at_level(root, level.level) for root in asked]
    return [into_children(root, bundled()) for root in asked] if children else asked


def name_of(code: str) -> str | None:
    """The name of a division, where the directory has it."""
    directory = bundled()
    return directory.name(code) if code != EVERYWHERE and code in directory else None
