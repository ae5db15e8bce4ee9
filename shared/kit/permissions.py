"""Who calls and what they may do: closed by default, decided once per request, before anything else runs.

Every route declares exactly one decision in its own signature or decorator:

    caller: Annotated[Caller, Permit("thing:write")]        # a permission
    @router.get("/code-lists", dependencies=[Public()])     # or, aloud, that anybody may
"""

from collections.abc import Awaitable, Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import structlog
from fastapi import Depends
from fastapi.dependencies.models import Dependant
from starlette.requests import HTTPConnection

from shared.kit.audit import Code
from shared.kit.problems import Problem
from shared.kit.tokens import Claims, IssuerKeysUnavailable, TokenInvalid, TokenVerifier
from shared.values.division import Scope
from shared.values.refusal import Refusal

_log: Final = structlog.get_logger(__name__)

Roles = Mapping[str, frozenset[str]]
"""What each role may do: role -> permissions (`noun:verb`)."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody or something with a verified token. `scope` is the divisions whose rows they may see.

    `person_id` is who the caller is in the records themselves, `ward_ids` for whom the issuer says they act: only
    routes of one's own data (`own:*`) look at these, whatever the divisions, and a ward is checked again there.
    """

    subject: str
    client_id: str
    name: str
    roles: frozenset[str]
    permissions: frozenset[str]
    scope: Scope
    machine: bool
    person_id: UUID | None = None
    ward_ids: frozenset[UUID] = frozenset()

    def may(self, permission: str) -> bool:
        """Whether the permission is held."""
        return permission in self.permissions

    def must_cover(self, division: str) -> None:
        """Refuse to create or move something outside the caller's divisions (403 `division_outside_scope`)."""
        if not self.scope.covers(division):
            raise Problem("division_outside_scope", division=division)


def caller_of(claims: Claims, roles: Roles, machines: Container[str] | None = None) -> Caller:
    """Read a verified token. A person has the permissions of their roles, a machine those of its OAuth scopes.

    ``machines``: what a machine may hold at all, whatever its issuer was persuaded to grant; None: anything.

    A token of the client itself (subject = client, RFC 9068 2.2) is a machine's. Without `divisions` the
    caller sees no row; "everywhere" must be said: `*`. Raises TokenInvalid when a claim has the wrong shape.
    """
    subject, client_id = str(claims["sub"]), str(claims.get("client_id") or claims.get("azp") or "")
    held = frozenset(_texts(claims, "roles"))
    machine = subject == client_id
    permissions = _granted(claims, machines) if machine else permissions_of(roles, held)
    try:
        scope = Scope.of(*_texts(claims, "divisions"))
    except (Refusal, ValueError) as error:
        raise TokenInvalid("divisions") from error
    return Caller(
        subject=subject,
        client_id=client_id,
        name=str(claims.get("name", "")),
        roles=held,
        permissions=permissions,
        scope=scope,
        machine=machine,
        person_id=None if machine else _person_id(claims),
        ward_ids=frozenset() if machine else frozenset(_uuids(_texts(claims, "ward_ids"), "ward_ids")),
    )


Follow = Callable[[Scope, Any], Awaitable[Scope]]
"""What a scope is after divisions changed: the scope of a token and the application's units of work -> a scope."""


async def _followed(caller: Caller, connection: HTTPConnection) -> Caller:
    """The caller with the divisions of today, where the application knows of changes (``app.state.follow``)."""
    state = connection.app.state
    follow: Follow | None = getattr(state, "follow", None)
    return caller if follow is None else replace(caller, scope=await follow(caller.scope, state.works))


def _granted(claims: Claims, machines: Container[str] | None) -> frozenset[str]:
    scopes = str(claims.get("scope", "")).split()
    return frozenset(scope for scope in scopes if machines is None or scope in machines)


def _person_id(claims: Claims) -> UUID | None:
    if "person_id" not in claims:
        return None
    return _uuids([str(claims["person_id"])], "person_id")[0]


def _uuids(texts: Iterable[str], name: str) -> list[UUID]:
    try:
        return [UUID(text) for text in texts]
    except ValueError as error:
        raise TokenInvalid(name) from error


def _texts(claims: Claims, name: str) -> list[str]:
    values = claims.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TokenInvalid(name)
    return values


class Decision:
    """The permission decision of one route: `permission`, or None for a public one.

    Called with the connection it authenticates the caller, checks the permission, and leaves
    `state.caller` and `state.permission_decided` behind. Raises Problem (401, 403, 503).
    """

    def __init__(self, permission: str | None) -> None:
        self.permission = permission

    async def __call__(self, connection: HTTPConnection) -> Caller | None:
        state = connection.state
        state.permission_decided = True
        if self.permission is None:
            return None
        caller: Caller | None = getattr(state, "caller", None)
        if caller is None:
            caller = state.caller = await _authenticate(connection)
        if not caller.may(self.permission):
            raise Problem("permission_denied", permission=self.permission)
        if not getattr(state, "scope_followed", False):
            state.scope_followed = True
            caller = state.caller = await _followed(caller, connection)
        return caller


def Permit(permission: str) -> Any:  # noqa: N802 - reads as the type it stands for, like FastAPI's own Depends
    """Only callers holding `permission` (`noun:verb`) may; yields the Caller."""
    return Depends(Decision(permission), scope="function")


def Public() -> Any:  # noqa: N802 - see Permit
    """Anybody may, without a token."""
    return Depends(Decision(None), scope="function")


def decisions_in(dependant: Dependant) -> Iterator[Decision]:
    """Every decision declared by a route, through its dependencies' dependencies."""
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Decision):
            yield dependency.call
        yield from decisions_in(dependency)


def permissions_of(roles: Roles, held: Iterable[str]) -> frozenset[str]:
    """The union of what the roles may do."""
    return frozenset().union(*(roles.get(role, frozenset()) for role in held))


async def _authenticate(connection: HTTPConnection) -> Caller:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        await connection.app.state.budgets.refused(connection)
        raise Problem("token_missing", headers={"WWW-Authenticate": "Bearer"})
    verifier: TokenVerifier = connection.app.state.tokens
    try:
        state = connection.app.state
        return caller_of(await verifier.verify(token.strip()), state.roles, state.machines)
    except TokenInvalid as refusal:
        _log.info("token.refused", reason=refusal.reason)
        connection.state.refusal_reason = Code(refusal.reason)
        await connection.app.state.budgets.refused(connection)
        raise Problem("token_invalid", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}) from refusal
    except IssuerKeysUnavailable as error:
        _log.warning("issuer_keys.missed")
        raise Problem("token_keys_unavailable", headers={"Retry-After": "5"}) from error
