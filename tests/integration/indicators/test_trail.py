"""Who saw which figures is in the trail."""

from pathlib import Path

from sqlalchemy import text

from services.indicators.adapters.work import IndicatorsWork
from shared.kit.work import Works
from tests.builders.callers import desk_of


async def test_who_looked_at_which_figures_is_told_with_the_division_and_of_nobody(
    works: Works[IndicatorsWork], tmp_path: Path
) -> None:
    async with desk_of("indicators", works, tmp_path) as desk:
        statistician = desk.caller("statistician", "341502")
        seen = await statistician.get("/api/v1/indicators/values", indicator="persons")
        refused = await statistician.get("/api/v1/indicators/values", division="340102")
    assert (seen.status_code, refused.status_code) == (200, 404), seen.text
    async with works.snapshot() as connection:
        rows = await connection.execute(
            text(
                "SELECT kind, what, actor, division, person_id, fields FROM audit "
                "WHERE route = '/api/v1/indicators/values' ORDER BY audit_id DESC LIMIT 2"
            )
        )
        refusal, look = rows.all()
    assert look == ("LOOK", "figures", "statistician-1", "341502", None, "persons")
    assert refusal[:3] == ("REFUSED", "division_not_found", "statistician-1")
