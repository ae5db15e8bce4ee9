from typing import Annotated, Any

import pytest

from shared.kit.permissions import Caller, Permit, Public, caller_of
from shared.kit.problems import Problem
from shared.kit.routing import Router
from shared.kit.tokens import TokenInvalid
from tests.unit.kit.a_service import ROLES, JwksServer, a_client, a_token, a_verifier, an_api, bearer


def _claims(**changes: Any) -> dict[str, Any]:
    return {"sub": "u-1", "client_id": "desk", "name": "李静", "roles": ["clerk"], "divisions": ["3415"], **changes}


def test_a_person_may_what_their_roles_may() -> None:
    caller = caller_of(_claims(roles=["reader", "unheard_of"], scope="thing:write"), ROLES)
    assert not caller.machine
    assert caller.permissions == {"thing:read"}


def test_a_machine_may_what_its_scopes_say_and_nothing_by_role() -> None:
    caller = caller_of(_claims(sub="desk", scope="thing:count thing:list"), ROLES)
    assert caller.machine
    assert caller.permissions == {"thing:count", "thing:list"}


def test_a_machine_holds_nothing_but_what_machines_may_hold() -> None:
    claims = _claims(sub="desk", scope="thing:count thing:rule")
    assert caller_of(claims, ROLES, frozenset({"thing:count"})).permissions == {"thing:count"}


def test_the_scope_of_a_caller_is_the_divisions_of_the_token() -> None:
    caller = caller_of(_claims(divisions=["3415", "340102"]), ROLES)
    assert caller.scope.covers("341502001")
    assert not caller.scope.covers("340103")


@pytest.mark.parametrize("changes", [{"divisions": []}, {}])
def test_who_has_no_divisions_sees_no_row(changes: dict[str, Any]) -> None:
    claims = _claims(**changes)
    if not changes:
        del claims["divisions"]
    assert not caller_of(claims, ROLES).scope.covers("34")


def test_everywhere_must_be_said_aloud() -> None:
    assert caller_of(_claims(divisions=["*"]), ROLES).scope.covers("11")
    with pytest.raises(TokenInvalid):
        caller_of(_claims(divisions=[""]), ROLES)


@pytest.mark.parametrize(
    "changes", [{"divisions": "3415"}, {"divisions": [3415]}, {"roles": "clerk"}, {"divisions": ["x"]}]
)
def test_a_claim_of_the_wrong_shape_makes_the_token_invalid(changes: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        caller_of(_claims(**changes), ROLES)


def test_creating_outside_the_own_divisions_is_refused() -> None:
    caller = caller_of(_claims(), ROLES)
    caller.must_cover("341502")
    with pytest.raises(Problem) as refused:
        caller.must_cover("340102")
    assert (refused.value.status, refused.value.code) == (403, "division_outside_scope")


def _router() -> Router:
    router = Router(prefix="/api/v1/things")

    @router.get("")
    async def read(caller: Annotated[Caller, Permit("thing:read")], size: int = 1) -> str:
        return f"{caller.name} {size}"

    @router.post("", dependencies=[Permit("thing:write")])
    async def create() -> str:
        return "created"

    @router.get("/open", dependencies=[Public()])
    async def read_open() -> str:
        return "open"

    return router


async def _get(path: str = "/api/v1/things", headers: dict[str, str] | None = None, **options: Any) -> Any:
    async with a_client(an_api(_router(), **options)) as client:
        return await client.get(path, headers=headers or {})


async def test_a_caller_with_the_permission_is_let_in() -> None:
    response = await _get(headers=bearer())
    assert (response.status_code, response.json()) == (200, "李静 1")


async def test_a_caller_without_it_is_told_which_permission_is_missing() -> None:
    async with a_client(an_api(_router())) as client:
        response = await client.post("/api/v1/things", headers=bearer(roles=["reader"]))
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert "thing:write" in response.json()["detail"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer "}])
async def test_without_a_bearer_token_the_answer_is_401(headers: dict[str, str]) -> None:
    response = await _get(headers=headers)
    assert (response.status_code, response.json()["code"]) == (401, "token_missing")
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_bad_token_is_401_and_the_answer_does_not_say_why() -> None:
    response = await _get(headers={"Authorization": f"Bearer {a_token(aud='another')}"})
    assert (response.status_code, response.json()["code"]) == (401, "token_invalid")
    assert "aud" not in response.text


async def test_while_the_issuer_cannot_be_asked_the_answer_is_503_not_401() -> None:
    issuer = JwksServer()
    issuer.down = True
    response = await _get(headers=bearer(), tokens=a_verifier(issuer))
    assert (response.status_code, response.json()["code"]) == (503, "token_keys_unavailable")


async def test_a_stranger_learns_nothing_about_parameters_before_the_permission_is_decided() -> None:
    for query in ("?size=x", "?unknown=1"):
        assert (await _get(f"/api/v1/things{query}")).status_code == 401


async def test_a_public_route_needs_no_token_and_reads_none() -> None:
    assert (await _get("/api/v1/things/open", headers={"Authorization": "Bearer broken"})).status_code == 200
