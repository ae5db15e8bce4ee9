"""One row of the matrix: a request that a permitted caller may make, and what everybody else must get instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.integration.authorisation.duties import GUARDIAN, PERSON

OK, CREATED, ACCEPTED = 200, 201, 202
UNAUTHENTICATED, FORBIDDEN, UNKNOWN, CONFLICT, STALE, INVALID = 401, 403, 404, 409, 412, 422


@dataclass(frozen=True, slots=True)
class Answer:
    """A status; the code of the problem document when it is one; the name of an id the answer must tell."""

    status: int
    code: str = ""
    shows: str = ""


NOBODYS = Answer(UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A request about what lies in one county, "here".

    Paths and texts of a body name ids of the world in braces; ``at`` says where a path's parameter has another name
    there. ``there:name`` is the id of the same kind in the other county.
    """

    method: str
    path: str
    needs: tuple[str, ...]
    """Permissions in the order they are decided; none: anybody, without a token."""
    inside: Answer
    """To who may, where it is theirs."""
    outside: Answer
    """To who may, elsewhere."""
    everywhere: bool = False
    """Only for who may see everything."""
    own: Mapping[str, tuple[Answer, Answer]] | None = None
    """For one's own data: role -> (about whom the token is, about anybody else)."""
    body: Any = None
    files: Mapping[str, tuple[str, bytes]] | None = None
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    at: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def route(self) -> str:
        """As the walk over the routes names it."""
        return f"{self.method} {self.path}"

    def __str__(self) -> str:
        return f"{self.route}{self.query}" + (f" ({self.note})" if self.note else "")


def one(method: str, path: str, *needs: str, status: int = OK, code: str = "", shows: str = "", **more: Any) -> Row:
    """About one thing: elsewhere there is no such thing."""
    return Row(method=method, path=path, needs=needs, inside=Answer(status, code, shows), **{"outside": NOBODYS} | more)


def stale(method: str, path: str, *needs: str, **more: Any) -> Row:
    """A change of a version nobody ever saw: found, permitted, and refused for that alone."""
    return one(method, path, *needs, status=STALE, code="version_stale", headers={"If-Match": '"999999"'}, **more)


def many(path: str, *needs: str, shows: str, **more: Any) -> Row:
    """A list: elsewhere it is an ordinary list without what lies here."""
    return Row(method="GET", path=path, needs=needs, inside=Answer(OK, shows=shows), outside=Answer(OK), **more)


def house(method: str, path: str, *needs: str, status: int = OK, code: str = "", **more: Any) -> Row:
    """About the house itself, which lies in no county."""
    answer = Answer(status, code)
    return Row(method=method, path=path, needs=needs, inside=answer, outside=answer, **more)


def whole(method: str, path: str, *needs: str, **more: Any) -> Row:
    """About everything there is: for who may see everything."""
    refused = Answer(FORBIDDEN, "division_outside_scope")
    return Row(method=method, path=path, needs=needs, inside=Answer(OK), outside=refused, everywhere=True, **more)


def public(path: str, **more: Any) -> Row:
    """For anybody."""
    return Row(method="GET", path=path, needs=(), inside=Answer(OK), outside=Answer(OK), **more)


def own(
    method: str,
    path: str,
    *needs: str,
    person: tuple[Answer, Answer],
    guardian: tuple[Answer, Answer],
    **more: Any,
) -> Row:
    """About oneself, whatever the divisions."""
    both = {PERSON: person, GUARDIAN: guardian}
    return Row(method=method, path=path, needs=needs, inside=NOBODYS, outside=NOBODYS, own=both, **more)
