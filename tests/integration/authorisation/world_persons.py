"""What lies in each place of the register beside persons and certificates: their lives, news, visits, cases."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import text
from uuid_utils.compat import uuid7

from shared.values.identity_number import check_character
from tests.integration.authorisation.duties import REVIEWER
from tests.integration.authorisation.world import DIVISIONS, HERE, World

REGISTRY: Final = "registry"
PORTAL: Final = "partner"


def another_number(serial: int) -> str:
    """An identity number of nobody else."""
    base = f"9901021950{1 + serial % 12:02d}01{serial:03d}"
    return base + check_character(base)


async def live(world: World) -> None:
    """In each place: a household, another name, an absorbed record, a likely duplicate, a client, news, a visit, a
    portal's case. A change of the townships is planned for the one that is "here"."""
    reviewer = world.token(REVIEWER, "*")
    portal = world.issuer.machine_token(PORTAL, frozenset({"portal:write"}), divisions=("*",))

    async def made(path: str, body: Any, *, token: str = reviewer, version: str | None = None) -> Any:
        return await world.call(REGISTRY, "POST", f"/api/v1{path}", token, body, status=201, version=version)

    for serial, (place, division) in enumerate(DIVISIONS.items(), 1):
        ids = world.ids[REGISTRY][place]
        person = f"/persons/{ids['person_id']}"
        others = []
        for offset, name in enumerate(("孙悟净", "沙悟能", "白龙马")):
            body = {"name": name, "citizen_id_no": another_number(serial + 10 * offset), "division": division}
            others.append((await made("/persons", body))["person_id"])
        ids["absorbed_id"], ids["second_id"], ids["third_id"] = others
        ids["name_id"] = (await made(f"{person}/names", {"kind": "FORMER", "name": "王大明"}, version="*"))["name_id"]
        ids["book_no"], ids["source_ref"] = f"BOOK-{place}", f"REF-{place}"
        household = {"division": division, "book_no": ids["book_no"]}
        ids["household_id"] = (await made("/households", household))["household_id"]
        member = {"person_id": ids["person_id"], "relation": "HEAD", "since": "2024-01-01"}
        await made(f"/households/{ids['household_id']}/members", member, version="*")
        merge = {"survivor_id": ids["person_id"], "absorbed_id": ids["absorbed_id"]}
        ids["merge_id"] = (await made("/merges", merge, version="*"))["merge_id"]
        client = {"ground": "SEVERE_MENTAL", "diagnosed_on": "2025-01-01", "risk_level": 3, "guardian_applied": True}
        ids["client_id"] = (await made(f"/persons/{ids['second_id']}/clients", client))["client_id"]
        news = {"kind": "DEATH", "source": "POLICE", "event_date": "2026-01-05", "division": division}
        who = {"source_ref": ids["source_ref"], "name": "沙悟能", "citizen_id_no": another_number(serial + 10)}
        ids["report_id"] = (await made("/reports", {**news, **who}))["report_id"]
        visit = {"outcome": "NOT_FOUND", "visited_on": "2026-01-05"}
        ids["visit_id"] = (await made(f"{person}/survey-visits", visit))["visit_id"]
        ids["duplicate_id"] = await _likely(world, division, ids["second_id"], ids["third_id"])
        await made("/portal-cases", _case(place, division, serial), token=portal)
        ids["case_no"] = f"CASE-{place}"
    house = world.ids[REGISTRY]["house"]
    (form,) = (await world.call(REGISTRY, "GET", "/api/v1/survey-forms", reviewer))["items"]
    house["form_id"], township = form["form_id"], DIVISIONS[HERE][:9]
    change = {
        "kind": "RECODE",
        "effective_on": "2099-01-01",
        "basis": "皖政秘〔2026〕1号",
        "successions": [{"predecessor": township, "successor": f"{township[:6]}901", "name": "新镇"}],
    }
    house["change_id"] = (await made("/division-changes", change))["change_id"]


def _case(place: str, division: str, serial: int) -> dict[str, Any]:
    who = {"name": "白龙马", "citizen_id_no": another_number(serial + 20), "division": division}
    return {
        "case_no": f"CASE-{place}",
        "received_on": "2026-01-05",
        "applicant": who,
        "matter": "NEW",
        "acceptance": division,
        "categories": [4],
    }


async def _likely(world: World, division: str, *persons: str) -> str:
    first, second = sorted(persons)
    duplicate_id = str(uuid7())
    async with world.parts[REGISTRY].works.begin() as work:
        await work.connection.execute(
            text(
                "INSERT INTO duplicate (duplicate_id, first_id, second_id, division, score, reasons) "
                "VALUES (:id, :first, :second, :division, 70, ARRAY['SAME_NAME'])"
            ),
            {"id": duplicate_id, "first": first, "second": second, "division": division},
        )
    return duplicate_id
