"""Every route of every service, asked by everybody: cases, what each must be answered, and what was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import httpx
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from tests.integration.authorisation.asgi import Prepared, send
from tests.integration.authorisation.duties import DUTIES, GUARDIAN, MACHINE, PERSON, ROLES
from tests.integration.authorisation.row import FORBIDDEN, NOBODYS, UNAUTHENTICATED, UNKNOWN, Answer, Row
from tests.integration.authorisation.world import DIVISIONS, HERE, THERE, World, guardian_of

REFUSALS: Final = frozenset({UNAUTHENTICATED, FORBIDDEN, UNKNOWN})
NO_TOKEN, NO_DUTY = Answer(UNAUTHENTICATED, "token_missing"), Answer(FORBIDDEN, "permission_denied")
FORGED: Final = Answer(UNAUTHENTICATED, "token_invalid")
SCOPES: Final[Mapping[str, tuple[str, ...]]] = {
    "own county": ("341502",),
    "another county": ("341503",),
    "another township": ("341502002",),
    "everywhere": ("*",),
    "nowhere": (),
}
AT_ONCE: Final = 3
"""Rows of one service asked at a time: while one waits for the database another is judged."""


# ---------------------------------------------------------------------------- the walk


def routes_of(app: FastAPI) -> list[str]:
    """`METHOD path` of everything reachable, however deep it was included; what has no methods by its kind."""
    return sorted(
        f"{name} {context.path_format or context.path or getattr(context.original_route, 'host', '')}"
        for context in iter_route_contexts(app.routes)
        for name in sorted(context.methods or {type(context.original_route).__name__.upper()})
    )


# ---------------------------------------------------------------------------- who asks


@dataclass(frozen=True, slots=True)
class Asking:
    """A caller: what their token says, and whose duties they have."""

    label: str
    duty: str
    """A role, MACHINE, or nothing."""
    token: str | None
    where: str = ""
    about: str = ""
    """The place of the person the token is about."""
    claimed: bool = False
    """The token claims a ward whom the register does not know them to be a guardian of."""
    forged: bool = False

    @property
    def divisions(self) -> tuple[str, ...]:
        """Of the token."""
        return SCOPES.get(self.where, ())

    def holds(self, permission: str) -> bool:
        """Whether it is their duty."""
        return self.duty in DUTIES[permission]

    def covers(self, place: str) -> bool:
        """Whether the place lies in their divisions."""
        return "*" in self.divisions or any(DIVISIONS[place].startswith(prefix) for prefix in self.divisions)


def callers(world: World) -> list[Asking]:
    """Every role × division × person, machines by what they were given, and those without a good token."""
    asking = [
        Asking("no token", "", None),
        Asking("forged token", "", _forged(world.token(ROLES[0], "*")), forged=True),
    ]
    for role in (*ROLES, "janitor", ""):
        asking += _people(world, role)
    for label, duty, scopes in (
        ("a machine", MACHINE, {name for name, held in DUTIES.items() if MACHINE in held}),
        ("a machine that was given everything", MACHINE, set(DUTIES)),
        ("a machine that was given nothing", "", set()),
    ):
        for where, divisions in SCOPES.items() if label == "a machine" else [("everywhere", SCOPES["everywhere"])]:
            token = world.issuer.machine_token("partner", frozenset(scopes), divisions=divisions)
            asking.append(Asking(f"{label}, {where}", duty, token, where))
    return asking


def _people(world: World, role: str) -> Iterator[Asking]:
    for where, divisions in SCOPES.items():
        for about in (HERE, THERE):
            person_id = world.ids["registry"][about]["person_id"]
            claims: dict[str, Any] = {"person_id": person_id, "ward_ids": (person_id,)}
            subject = f"the-{role or 'nobody'}"
            if role == GUARDIAN:
                claims, subject = {"ward_ids": (person_id,)}, guardian_of(about)
            token = world.token(role, *divisions, subject=subject, **claims)
            yield Asking(f"{role or 'nobody'}, {where}, {about}", role, token, where, about)
    if role == GUARDIAN:
        ward = {"ward_ids": (world.ids["registry"][HERE]["person_id"],)}
        token = world.token(role, subject=guardian_of(THERE), **ward)
        yield Asking("guardian of another, claiming", role, token, "", HERE, claimed=True)


def _forged(token: str) -> str:
    """The same token with one letter of its signature changed."""
    at = len(token) - 20
    return token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]


Chosen = Callable[[Row, Asking], bool]


def every(_row: Row, _asking: Asking) -> bool:
    """All cases."""
    return True


def telling(row: Row, asking: Asking) -> bool:
    """The quick profile: who may not, where nothing else would stop them; who may, in their county and in another; the
    first of those who may, in all ways. What is public tells everybody the same: asked without a good token, and once
    with one."""
    if not row.needs:
        return asking.token is None or asking.forged or asking.label == "a machine, everywhere"
    holders = [role for role in (*ROLES, MACHINE) if all(role in DUTIES[name] for name in row.needs)]
    if asking.duty not in holders:
        return asking.about != THERE and (asking.where in {"", "everywhere"} or asking.claimed)
    if row.own is not None:
        return True
    counties = asking.where in {"own county", "another county"}
    return counties or asking.about != THERE if asking.duty == holders[0] else counties and asking.about != THERE


# ---------------------------------------------------------------------------- what they must get


def expected(row: Row, asking: Asking) -> tuple[Answer, ...]:
    """The answers that are right; more than one only where two refusals are both due."""
    if not row.needs:
        return (row.inside,)
    if asking.token is None:
        return (NO_TOKEN,)
    if asking.forged:
        return (FORGED,)
    if not asking.holds(row.needs[0]):
        return (NO_DUTY,)
    if row.own is not None:
        return (_of_ones_own(row, asking),)
    inside = "*" in asking.divisions if row.everywhere else asking.covers(HERE)
    if all(asking.holds(permission) for permission in row.needs):
        return (row.inside if inside else row.outside,)
    if row.inside.status < REFUSALS_FROM and row.outside.status < REFUSALS_FROM:
        return (Answer(row.outside.status),)  # a list leaves out what only another duty shows
    return (NO_DUTY, NOBODYS)


REFUSALS_FROM: Final = 300


def _of_ones_own(row: Row, asking: Asking) -> Answer:
    assert row.own is not None
    same, other = row.own[asking.duty]
    if asking.claimed:
        return other if other.status in REFUSALS else Answer(other.status)
    return same if asking.about == HERE else other


def hidden(world: World, service: str, row: Row, asking: Asking) -> frozenset[bytes]:
    """What the answer must not tell: everything of places that are neither theirs nor their own."""
    if not row.needs:
        return frozenset().union(*(world.telling(service, place) for place in DIVISIONS))
    if row.own is not None:
        seen = {asking.about} if asking.duty in {PERSON, GUARDIAN} and not asking.claimed else set()
    else:
        seen = {place for place in DIVISIONS if asking.covers(place)}
    return frozenset().union(*(world.telling(service, place) for place in DIVISIONS if place not in seen))


# ---------------------------------------------------------------------------- asking


@dataclass(frozen=True, slots=True)
class Failure:
    """One answer that was wrong. ``allowed``: somebody got through, or was told, what they must not."""

    service: str
    row: Row
    asking: Asking
    wrong: str
    allowed: bool

    def __str__(self) -> str:
        return f"{self.service} {self.row} by {self.asking.label}: {self.wrong}"


@dataclass
class Report:
    """How a run went."""

    routes: int = 0
    cases: int = 0
    seconds: float = 0.0
    failures: list[Failure] = field(default_factory=list)

    @property
    def allows(self) -> list[Failure]:
        """Those who got through."""
        return [failure for failure in self.failures if failure.allowed]

    @property
    def rows(self) -> set[tuple[str, str]]:
        """(service, row) of what failed."""
        return {(failure.service, str(failure.row)) for failure in self.failures}

    def __str__(self) -> str:
        refused = len(self.failures) - len(self.allows)
        return (
            f"authorisation: {self.routes} routes, {self.cases} cases, {len(self.allows)} unexpected allows, "
            f"{refused} other surprises, {self.seconds:.1f} s"
        )


async def ask(
    world: World, rows: Mapping[str, Sequence[Row]], asking: Iterable[Asking], *, chosen: Chosen = every
) -> Report:
    """Ask: each row by each caller, as far as chosen."""
    asking, began = list(asking), time.perf_counter()
    report = Report(routes=sum(len({row.route for row in each}) for each in rows.values()))

    async def some(service: str, part: Sequence[Row]) -> None:
        for row in part:
            request = prepared(world, service, row)
            for caller in asking:
                if chosen(row, caller):
                    report.cases += 1
                    answer = await _sent(world, service, row, request, caller)
                    report.failures += _judged(world, service, row, caller, answer)

    # What is public comes first: the longer a process has answered, the more its metrics have to tell.
    ordered = {service: sorted(each, key=lambda row: bool(row.needs)) for service, each in rows.items()}
    parts = [some(service, ordered[service][n::AT_ONCE]) for service in rows for n in range(AT_ONCE)]
    await asyncio.gather(*parts)
    report.seconds = time.perf_counter() - began
    return report


def _judged(world: World, service: str, row: Row, caller: Asking, answer: httpx.Response) -> list[Failure]:
    right = expected(row, caller)
    failures = []
    if not any(_is(answer, each, world, service, caller if row.own is not None else None) for each in right):
        # Who got 403 for 404 learned something, but came no further.
        allowed = answer.status_code not in REFUSALS and all(each.status in REFUSALS for each in right)
        wrong = f"{answer.status_code} {answer.text[:300]} instead of {right}"
        failures.append(Failure(service, row, caller, wrong, allowed))
    told = sorted(text for text in hidden(world, service, row, caller) if text in answer.content)
    if told and answer.status_code < REFUSALS_FROM:
        failures.append(Failure(service, row, caller, f"was told of {told}", allowed=True))
    return failures


def _is(answer: httpx.Response, right: Answer, world: World, service: str, own: Asking | None) -> bool:
    if answer.status_code != right.status or (right.code and answer.json().get("code") != right.code):
        return False
    place = HERE if own is None else own.about
    return not right.shows or world.named(service, right.shows, place).encode() in answer.content


def prepared(world: World, service: str, row: Row) -> Prepared:
    """The row's request about what lies here, for whoever is to send it."""

    def filled(told: Any) -> Any:
        match told:
            case str() if "{" in told:
                return told.format_map(names)
            case dict():
                return {name: filled(value) for name, value in told.items()}
            case list():
                return [filled(value) for value in told]
            case _:
                return told

    names = _Names(world, service, row.at)
    url = f"http://{service}.test{filled(row.path)}{filled(row.query)}"
    return Prepared.of(
        httpx.Request(row.method, url, json=filled(row.body), files=row.files, headers=dict(row.headers))
    )


async def _sent(world: World, service: str, row: Row, request: Prepared, caller: Asking) -> httpx.Response:
    # A file is sent once by each caller: the same one again is answered as before.
    headers = {"Idempotency-Key": f"the-same-file-again-{row.path}" if row.files else str(uuid4())}
    if caller.token is not None:
        headers["Authorization"] = f"Bearer {caller.token}"
    return await send(world.apps[service], request, headers)


class _Names(dict[str, str]):
    """Ids by name, for a template."""

    def __init__(self, world: World, service: str, at: Mapping[str, str]) -> None:
        super().__init__()
        self._world, self._service, self._at = world, service, at

    def __missing__(self, name: str) -> str:
        return self._world.named(self._service, self._at.get(name, name))
