"""What a single row cannot tell: figures count only what lies in the scope, two persons are two, powers stay apart."""

import pytest
from sqlalchemy import text

from services.registry.adapters.tables import jobs
from services.registry.worker import job_handlers
from shared.kit.jobs import JobRunner
from tests.integration.authorisation.duties import (
    AUDITOR,
    DUTIES,
    REVIEWER,
    SECURITY,
    STATISTICIAN,
    SYSTEM,
    TRAIL,
)
from tests.integration.authorisation.rows import ROWS
from tests.integration.authorisation.world import HERE, MAKER, SERVICES, World

ABOUT_PERSONS = {"person", "certificate", "award", "payee", "case", "request", "own"}


@pytest.mark.parametrize(
    ("divisions", "persons"),
    [(["341502"], 2), (["341502002"], 1), (["341503"], 1), (["3415"], 3), (["341502001", "341503"], 2), (["*"], 3)],
)
async def test_figures_count_what_lies_in_the_scope(world: World, divisions: list[str], persons: int) -> None:
    token = world.token(STATISTICIAN, *divisions)
    for indicator in ("persons", "certificates", "awards", "rehab_cases"):
        told = await world.call("indicators", "GET", f"/api/v1/indicators/values?indicator={indicator}", token)
        assert sum(figure["value"] for figure in told["items"]) == persons, indicator


async def test_figures_of_nowhere_are_none(world: World) -> None:
    token = world.token(STATISTICIAN)
    assert (await world.call("indicators", "GET", "/api/v1/indicators/values", token))["items"] == []


async def test_an_export_of_the_trail_holds_what_its_asker_may_see(world: World) -> None:
    token, parts = world.token(TRAIL, "341503", subject="exporter"), world.parts["registry"]
    body = {"kind": "CHANGE", "format": "csv"}
    job = await world.call("registry", "POST", "/api/v1/audit/exports", token, body, status=202)
    async with parts.works.begin() as work:  # whatever else waits is not this test's
        waiting = text("UPDATE job SET state = 'CANCELLED' WHERE state = 'QUEUED' AND job_id <> :job")
        await work.connection.execute(waiting, {"job": job["job_id"]})
    handlers = job_handlers(world.apps["registry"].state.settings, parts)
    assert await JobRunner(parts.works, jobs, handlers, parts.blobs, worker="test").run_one()
    path, headers = f"/api/v1/jobs/{job['job_id']}/result", {"Authorization": f"Bearer {token}"}
    rows = (await world.clients["registry"].get(path, headers=headers)).text
    ids = world.ids["registry"]
    assert ids["there"]["person_id"] in rows
    assert not any(ids[place]["person_id"] in rows for place in ("here", "beside"))


# ---------------------------------------------------------------------------- two persons


@pytest.mark.parametrize("service", SERVICES)
async def test_who_proposed_a_rotation_does_not_decide_about_it(world: World, service: str) -> None:
    maker = world.token(SECURITY, "*", subject=MAKER)
    await _proposer_is_refused(world, service, maker, world.ids[service]["house"]["rotation_id"])


@pytest.mark.parametrize("service", ["registry", "subsidy"])
async def test_who_proposed_an_erasure_does_not_decide_about_it(world: World, service: str) -> None:
    """Not even as a guest of another county, or with another role beside."""
    approval_id = world.ids[service][HERE]["approval_id"]
    for role in (REVIEWER, f"{REVIEWER} {SECURITY}"):
        maker = world.token(role, "341502", subject=MAKER)
        await _proposer_is_refused(world, service, maker, approval_id)


async def _proposer_is_refused(world: World, service: str, maker: str, approval_id: str) -> None:
    path = f"/api/v1/approvals/{approval_id}"
    seen = await world.call(service, "GET", path, maker)
    for step, body in (("approval", {"digest": seen["digest"]}), ("rejection", {"reason": "不同意"})):
        told = await world.call(service, "POST", f"{path}/{step}", maker, body, status=403)
        assert told["code"] == "approval_needs_another_person"
    assert (await world.call(service, "GET", path, maker))["decision"] is None


# ---------------------------------------------------------------------------- powers apart


@pytest.mark.parametrize("administrator", [SYSTEM, SECURITY, TRAIL, STATISTICIAN])
def test_no_administrator_reaches_a_route_about_persons(administrator: str) -> None:
    reached = {name for rows in ROWS.values() for row in rows for name in _permitted(row.needs, administrator)}
    assert reached
    assert not {name.partition(":")[0] for name in reached} & ABOUT_PERSONS


def test_system_security_and_audit_administration_reach_nothing_of_each_other() -> None:
    powers = {
        SYSTEM: {"events:repair", "clock:set"},
        SECURITY: {"key:read", "key:rotate", "retention:run"},
        TRAIL: {"audit:read", "audit:verify", "audit:export"},
    }
    for administrator, own in powers.items():
        for power in own:
            assert administrator in DUTIES[power]
            assert DUTIES[power] & powers.keys() == {administrator}


def test_an_auditor_reaches_no_route_that_changes_anything() -> None:
    reached = {
        row.route for rows in ROWS.values() for row in rows if row.needs and _permitted(row.needs, AUDITOR) == row.needs
    }
    changing = {route for route in reached if not route.startswith("GET ")}
    # An integrity audit judges payments and touches none; what it finds is the auditor's own.
    asking = ("/lookup", "/search", "/disclosure", "/cancellation", "/integrity-audits", "/integrity-exports")
    assert all(route.endswith(asking) for route in changing), changing


def _permitted(needs: tuple[str, ...], role: str) -> tuple[str, ...]:
    return needs if all(role in DUTIES[name] for name in needs) else ()
