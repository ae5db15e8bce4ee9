"""A matrix is worth something only if it fails: three checks are broken on purpose, and every row they guard tells."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest

from services.registry.adapters import guardians, queries
from services.registry.entrypoints.http import me
from shared.kit import permissions, scoping
from shared.kit.permissions import Caller
from shared.values.division import Division, Scope
from tests.integration.authorisation.duties import DUTIES, GUARDIAN, MACHINE, REVIEWER, ROLES
from tests.integration.authorisation.matrix import REFUSALS, Asking, ask, callers
from tests.integration.authorisation.row import UNKNOWN, Row
from tests.integration.authorisation.rows import ROWS
from tests.integration.authorisation.world import HERE, World

Rows = Mapping[str, Sequence[Row]]


def _rows(chosen: Callable[[Row], bool]) -> dict[str, list[Row]]:
    return {service: [row for row in rows if chosen(row)] for service, rows in ROWS.items()}


def _named(rows: Rows) -> set[tuple[str, str]]:
    return {(service, str(row)) for service in rows for row in rows[service]}


OF_A_CLIENT = {"GET /api/v1/portal-cases/{case_no}"}
"""What a portal pushed is shown to that portal, whatever others may do."""


def _who(world: World, **wanted: Any) -> list[Asking]:
    return [each for each in callers(world) if all(getattr(each, name) == wanted[name] for name in wanted)]


# ---------------------------------------------------------------------------- a dropped permission


async def test_a_dropped_permission_check_is_seen_at_every_route_that_has_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded = _rows(
        lambda row: (
            bool(row.needs) and row.own is None and row.inside.status not in REFUSALS and row.route not in OF_A_CLIENT
        )
    )
    nobody = _who(world, duty="", where="everywhere", about=HERE)
    assert (await ask(world, guarded, nobody)).failures == []
    monkeypatch.setattr(Caller, "may", lambda *_: True)
    report = await ask(world, guarded, nobody)
    assert {(failure.service, str(failure.row)) for failure in report.allows} == _named(guarded)


async def test_one_dropped_check_is_seen_at_its_own_route_and_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = permissions.Decision.__call__

    async def unless_keys(decision: permissions.Decision, connection: Any) -> Any:
        if connection.url.path == "/api/v1/keys":
            monkeypatch.setattr(decision, "permission", "job:read")
        return await decide(decision, connection)

    monkeypatch.setattr(permissions.Decision, "__call__", unless_keys)
    chosen = _who(world, duty=REVIEWER, where="own county", about=HERE)
    report = await ask(world, {"registry": ROWS["registry"]}, chosen)
    assert {str(failure.row) for failure in report.allows} == {"GET /api/v1/keys"}


# ---------------------------------------------------------------------------- a widened scope


def _one_level_up(scope: Scope) -> Scope:
    if scope.is_everywhere:
        return scope
    return Scope.of(*(Division(prefix).parent or prefix for prefix in scope.prefixes))


SCOPED = _rows(
    lambda row: row.own is None and row.inside != row.outside and row.inside.status != UNKNOWN and not row.everywhere
)
"""What lies in a division."""


def _first_who_may(where: str) -> Callable[[Row, Asking], bool]:
    def chosen(row: Row, asking: Asking) -> bool:
        first = next(role for role in (*ROLES, MACHINE) if all(role in DUTIES[name] for name in row.needs))
        about = asking.about == HERE or first == MACHINE
        return asking.duty == first and asking.where == where and about

    return chosen


@pytest.mark.parametrize("where", ["another county", "another township"])
async def test_a_scope_one_level_too_wide_is_seen_wherever_a_division_counts(
    world: World, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    read = permissions.caller_of

    def widened(*told: Any) -> Caller:
        caller = read(*told)
        object.__setattr__(caller, "scope", _one_level_up(caller.scope))
        return caller

    assert (await ask(world, SCOPED, callers(world), chosen=_first_who_may(where))).failures == []
    monkeypatch.setattr(permissions, "caller_of", widened)
    report = await ask(world, SCOPED, callers(world), chosen=_first_who_may(where))
    assert sorted(_named(SCOPED) - report.rows) == []


@pytest.fixture
def widened_in_sql(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The one filter of rows by division, wherever it was imported."""
    inside = scoping.inside
    for module in list(sys.modules.values()):
        if getattr(module, "inside", None) is inside:
            monkeypatch.setattr(module, "inside", lambda column, scope: inside(column, _one_level_up(scope)))
    return iter(())


@pytest.mark.usefixtures("widened_in_sql")
async def test_a_filter_one_level_too_wide_is_seen_at_every_list_and_look_up(world: World) -> None:
    report = await ask(world, SCOPED, callers(world), chosen=_first_who_may("another county"))
    shown = {row for service, row in {(f.service, str(f.row)) for f in report.allows} if service == "registry"}
    assert {
        "GET /api/v1/persons?limit=1000",
        "POST /api/v1/persons/lookup",
        "GET /api/v1/certificates/{certificate_id}",
        "GET /api/v1/audit?actor=who-proposed&limit=1000",
        "GET /api/v1/person-requests?limit=1000",
        "POST /api/v1/persons/{subject_id}/disclosure",
    } <= shown
    assert {failure.service for failure in report.allows} >= {"registry", "subsidy", "rehab"}


# ---------------------------------------------------------------------------- swapped ids


async def _by(world: World, role: str, *routes: str) -> set[str]:
    """Which of these rows of the registry let somebody through they should not, or showed somebody else."""
    rows = {"registry": [row for row in ROWS["registry"] if row.route in routes]}
    return {str(failure.row) for failure in (await ask(world, rows, _who(world, duty=role))).allows}


async def test_a_guardian_who_is_checked_for_one_ward_and_shown_another_is_seen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = "GET /api/v1/me/wards/{person_id}"
    assert await _by(world, GUARDIAN, route) == set()
    known = guardians.wards_of

    async def of_anybody(connection: Any, subject: str, _claimed: Sequence[UUID], **more: Any) -> list[UUID]:
        everybody = [UUID(ids["person_id"]) for place, ids in world.ids["registry"].items() if place != "house"]
        return await known(connection, subject, everybody, **more)

    monkeypatch.setattr(me, "wards_of", of_anybody)
    assert await _by(world, GUARDIAN, route) == {route}


async def test_a_guardian_taken_from_another_person_than_the_path_names_is_seen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = "POST /api/v1/persons/{person_id}/guardians/{guardian_id}/ending"
    assert await _by(world, REVIEWER, route) == set()
    end = guardians.Guardians.end

    async def whosever(self: guardians.Guardians, guardian_id: UUID, *, person_id: UUID, **more: Any) -> Any:
        for ids in world.ids["registry"].values():
            if ids.get("guardian_id") == str(guardian_id):
                person_id = UUID(ids["person_id"])
        return await end(self, guardian_id, person_id=person_id, **more)

    monkeypatch.setattr(guardians.Guardians, "end", whosever)
    assert await _by(world, REVIEWER, route) == {f"{route} (somebody else's guardian)"}


async def test_a_thing_read_by_another_id_than_the_path_names_is_seen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = "GET /api/v1/certificates/{certificate_id}"
    assert await _by(world, REVIEWER, route) == set()
    read, other = queries.certificate_by_id, UUID(world.ids["registry"]["there"]["certificate_id"])

    async def swapped(connection: Any, _asked: UUID, **_more: Any) -> Any:
        return await read(connection, other, within=Scope.everywhere())

    monkeypatch.setattr(queries, "certificate_by_id", swapped)
    assert await _by(world, REVIEWER, route) == {route}
