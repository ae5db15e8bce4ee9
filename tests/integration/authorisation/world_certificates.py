"""What lies in each place of a certificate's life: an application, an institution, a campaign, a local rule."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tests.integration.authorisation.duties import REVIEWER

if TYPE_CHECKING:
    from tests.integration.authorisation.world import World

_HERE = "here"
Made = Callable[[str, object], Awaitable[dict[str, str]]]


async def open_cases(world: World) -> None:
    """An application and a campaign in each place; an institution and a local rule of the first."""
    reviewer = world.token(REVIEWER, "*")

    async def made(path: str, body: object) -> dict[str, str]:
        told: dict[str, str] = await world.call("registry", "POST", f"/api/v1/{path}", reviewer, body, status=201)
        return told

    for place, ids in world.ids["registry"].items():
        if "division" not in ids:
            continue
        division = ids["division"]
        case = {"person_id": ids["person_id"], "matter": "CHANGE", "acceptance": division, "categories": [4]}
        ids["application_id"] = (await made("applications", case))["application_id"]
        campaign = {
            "division": division,
            "title": "十年到期审验",
            "expires_from": "2033-01-01",
            "expires_to": "2034-12-31",
            "answer_by": "2035-06-30",
        }
        ids["campaign_id"] = (await made("campaigns", campaign))["campaign_id"]
        if place == _HERE:
            await _public(world, division, made)


async def _public(world: World, division: str, made: Made) -> None:
    """What everybody with an account may see, wherever it is from."""
    house = world.ids["registry"]["house"]
    institution = {
        "division": division,
        "name": "六安市人民医院",
        "categories": [1, 2, 3, 4, 5, 6],
        "modes": ["AT_INSTITUTION"],
        "designated_from": "2018-01-01",
    }
    house["institution_id"] = (await made("assessment-institutions", institution))["institution_id"]
    rule = {
        "name": "notice_working_days",
        "value": 7,
        "division": division,
        "valid_from": "2026-01-01",
        "basis": "六残联〔2026〕1号",
    }
    house["local_rule_id"] = (await made("local-rules", rule))["local_rule_id"]
