"""The board: a page made here, for who may read figures; its shell and assets are anybody's and tell nothing."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any, Final

from fastapi import Query, Request
from starlette.responses import HTMLResponse, Response

from services.indicators.adapters.catalogue import CATALOGUE
from services.indicators.adapters.queries import SqlFigures
from services.indicators.adapters.snapshots import targets_of
from services.indicators.adapters.work import IndicatorsWork
from services.indicators.domain.errors import DivisionNotFound
from services.indicators.entrypoints.http.board_page import SHELL, page_of
from services.indicators.entrypoints.http.figures import (
    PeriodAsked,
    Reader,
    asked_period,
    looked,
    name_of,
    places_of,
    telling_of,
)
from services.indicators.entrypoints.http.page_parts import POLICY
from services.indicators.use_cases.read_board import RANKED, read_board
from shared.kit.divisions import bundled
from shared.kit.permissions import Public
from shared.kit.problems import Problem
from shared.kit.routing import Router
from shared.kit.scoping import DivisionAsked
from shared.kit.work import Works

router = Router(tags=["board"])
_ASSETS: Final = {"board.css": "text/css; charset=utf-8", "board.js": "text/javascript; charset=utf-8"}
_CACHE: Final = "public, max-age=3600"
_OUTSIDE: Final[dict[str, Any]] = {"dependencies": [Public()], "include_in_schema": False}


@router.get("/board", **_OUTSIDE)
async def open_board() -> HTMLResponse:
    """The page that asks for a token."""
    return HTMLResponse(SHELL, headers={"Content-Security-Policy": POLICY})


@router.get("/board/assets/{name}", **_OUTSIDE)
async def asset(name: str) -> Response:
    """Style and script, from this machine."""
    if name not in _ASSETS:
        raise Problem("not_found")
    return Response(_stored(name), headers={"Cache-Control": _CACHE}, media_type=_ASSETS[name])


@router.get("/api/v1/board", summary="指标看板", response_class=Response)
async def read_page(
    *,
    request: Request,
    caller: Reader,
    division: DivisionAsked = None,
    period: PeriodAsked = None,
    ranked_by: Annotated[str, Query(max_length=64, description="按哪个指标排名")] = RANKED,
) -> Response:
    """Headlines with targets and trends, ranking, completion and red list of one division, in Chinese."""
    asked = asked_period(period, request.app.state.clock.today())
    by = CATALOGUE.get(ranked_by)
    places = places_of(division, caller)
    if not places:
        raise DivisionNotFound(division="")
    root = places[0]
    works: Works[IndicatorsWork] = request.app.state.works
    async with works.snapshot() as connection:
        targets = await targets_of(connection, root.prefix, asked.span.first.year)
        board = await read_board(
            root, asked, by, SqlFigures(connection), targets,
            telling=telling_of(request), directory=bundled(), catalogue=CATALOGUE,
        )  # fmt: skip
    await looked(request, caller, {each.code for each in CATALOGUE}, len(board.table))
    return HTMLResponse(page_of(board, name_of), headers={"Content-Security-Policy": POLICY})


@lru_cache(maxsize=len(_ASSETS))
def _stored(name: str) -> bytes:
    return files("services.indicators").joinpath("static", name).read_bytes()
