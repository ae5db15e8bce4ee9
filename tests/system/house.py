"""Hands and eyes of the stories: callers with tokens, people with certificates and awards, and patience."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self
from uuid import uuid4

import httpx

from deploy.local.stack import Stack
from shared.values.identity_number import check_character
from shared.values.month import Month

COUNTY: Final = "341502"
VILLAGE: Final = "341502001001"
OTHER_COUNTY: Final = "341503"
OTHER_VILLAGE: Final = "341503001001"
PATIENCE_SECONDS: Final = 10.0

Json = dict[str, Any]


class Desk:
    """A caller at a service. Answers come back whatever their status: refusals are part of the stories."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str, **params: Any) -> httpx.Response:
        """GET."""
        return await self._client.get(path, params=params)

    async def read(self, path: str, **params: Any) -> Json:
        """GET what must be there."""
        answer = await self.get(path, **params)
        assert answer.status_code == 200, answer.text
        told: Json = answer.json()
        return told

    async def listed(self, path: str, **params: Any) -> list[Json]:
        """A list that fits one page."""
        page = await self.read(path, limit=1000, **params)
        assert page["next"] is None
        items: list[Json] = page["items"]
        return items

    async def post(self, path: str, body: Json | None = None, **headers: str) -> httpx.Response:
        """POST, once."""
        sent = {"Idempotency-Key": str(uuid4())} | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._client.post(path, json=body, headers=sent)

    async def put(self, path: str, body: Json, **headers: str) -> httpx.Response:
        """PUT."""
        return await self._client.put(
            path, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    async def change(self, thing: str, step: str, body: Json | None = None) -> Json:
        """Look at a thing, then take a step of its life that must be allowed."""
        seen = await self.get(thing)
        answer = await self.post(f"{thing}/{step}", body, If_Match=seen.headers["etag"])
        assert answer.status_code == 200, answer.text
        told: Json = answer.json()
        return told


@dataclass(frozen=True, slots=True)
class Holder:
    """A registered person with a certificate."""

    person: str
    """Path of the person."""
    certificate: str
    """Path of the certificate."""

    @property
    def person_id(self) -> str:
        """As other services know them."""
        return self.person.rpartition("/")[2]


class House:
    """The product, and one desk for each caller at each service. `async with` it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._desks: dict[tuple[str, str, tuple[str, ...], str], Desk] = {}
        self._closing = AsyncExitStack()
        self._numbers = itertools.count()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._closing.aclose()

    def desk(self, service: str, role: str, *divisions: str, subject: str = "") -> Desk:
        """A caller with a role, in Lu'an unless told otherwise; ``subject``: somebody else with the same role."""
        key = (service, role, divisions or ("3415",), subject)
        if key not in self._desks:
            token = self.stack.token(role, divisions=key[2], subject=subject or f"test.{role}")
            client = httpx.AsyncClient(
                base_url=self.stack.url(service),
                headers={"Authorization": f"Bearer {token}"} if role else {},
                timeout=15,
                trust_env=False,
            )
            self._closing.push_async_callback(client.aclose)
            self._desks[key] = Desk(client)
        return self._desks[key]

    @property
    def reviewer(self) -> Desk:
        """残联审核人 at the registry."""
        return self.desk("registry", "county_reviewer")

    @property
    def determiner(self) -> Desk:
        """民政审定人 at the subsidy service."""
        return self.desk("subsidy", "county_determiner")

    @property
    def auditor(self) -> Desk:
        """审计人员 at the registry."""
        return self.desk("registry", "auditor")

    async def today(self) -> date:
        """The civil day of the registry."""
        return date.fromisoformat((await self.reviewer.read("/api/v1/clock"))["today"])

    # ------------------------------------------------------------------ people

    def a_number(self) -> str:
        """A valid identity number nobody has had before, of no province."""
        number = next(self._numbers)
        base = f"99{number % 10_000:04d}19{60 + number // 10_000:02d}0101{number % 1_000:03d}"
        return base + check_character(base)

    async def a_person(self, *, division: str = VILLAGE) -> str:
        """Somebody registered; the path of the person."""
        body = {"name": "王小明", "citizen_id_no": self.a_number(), "division": division}
        answer = await self.reviewer.post("/api/v1/persons", body)
        assert answer.status_code == 201, answer.text
        location: str = answer.headers["location"]
        return location

    async def a_holder(self, *, division: str = VILLAGE, grade: int = 2, issued_on: date = date(2020, 1, 1)) -> Holder:
        """Somebody with a valid certificate."""
        person = await self.a_person(division=division)
        body = {"category": 4, "grade": grade, "issued_on": issued_on.isoformat()}
        answer = await self.reviewer.post(f"{person}/certificates", body)
        assert answer.status_code == 201, answer.text
        return Holder(person, answer.headers["location"])

    async def an_award(self, holder: Holder, *, scheme: str = "nursing_subsidy", **more: str) -> str:
        """An award in force, as soon as the subsidy service knows the certificate; its path."""
        answer = await self.granted(holder, scheme=scheme, **more)
        assert answer.status_code == 201, answer.text
        location: str = answer.headers["location"]
        return location

    async def granted(self, holder: Holder, *, scheme: str = "nursing_subsidy", **more: str) -> httpx.Response:
        """What civil affairs is answered, once the subsidy service has read all the registry had to tell."""
        await self.told("subsidy")
        body = {"person_id": holder.person_id, "scheme": scheme, **more}
        return await self.determiner.post("/api/v1/awards", body)

    async def policy_in_force(self, *profiles: str) -> None:
        """Shipped profiles, drafted by one person and put in force with the approval of another."""
        maker, checker = (self.desk("subsidy", "county_determiner", "*", subject=name) for name in ("maker", "checker"))
        for profile in profiles:
            drafted = await maker.post(f"/api/v1/shipped-policies/{profile}/drafts")
            assert drafted.status_code == 201, drafted.text
            for document in drafted.json()["items"]:
                approval_id = await approved("policy.in_force", document["policy_id"], maker, checker)
                step = f"/api/v1/policies/{document['policy_id']}/entry-into-force"
                answer = await maker.post(step, {"approval_id": approval_id})
                assert answer.status_code == 200, answer.text

    async def due(self, person: str, scheme: str, first: Month, last: Month) -> dict[str, int | None]:
        """What is due to a person, month by month."""
        path = f"/api/v1{person.removeprefix('/api/v1')}/entitlements"
        told = await self.determiner.read(path, first=str(first), last=str(last))
        return {item["month"]: item["due_fen"] for item in told["items"] if item["scheme"] == scheme}

    # ------------------------------------------------------------------ patience

    async def told(self, reader: str, publisher: str = "registry") -> None:
        """Wait until a reader has applied everything a publisher has told so far."""
        ops = ("system_administrator", "*")
        horizon = await self.desk(publisher, *ops).read("/api/v1/journal/horizon")

        async def position() -> int:
            cursors = (await self.desk(reader, *ops).read("/api/v1/consumption/cursors"))["items"]
            return sum(cursor["position"] for cursor in cursors if cursor["publisher"] == publisher)

        await until(position, lambda reached: reached >= horizon["position"])

    async def award_becomes(self, award: str, status: str) -> Json:
        """Wait until an award has this status, and return it."""
        told: Json = await until(lambda: self.determiner.read(award), lambda seen: seen["status"] == status)
        return told

    async def stays(self, award: str, status: str) -> Json:
        """After the subsidy service has heard everything, the award still has this status."""
        await self.told("subsidy")
        told = await self.determiner.read(award)
        assert told["status"] == status, told
        return told


async def approved(kind: str, subject_id: str, maker: Desk, checker: Desk) -> str:
    """Propose as one person, approve as another; the id of the approval."""
    proposed = await maker.post("/api/v1/approvals", {"kind": kind, "subject_id": subject_id, "note": "请复核"})
    assert proposed.status_code == 201, proposed.text
    approval_id: str = proposed.json()["approval_id"]
    path = f"/api/v1/approvals/{approval_id}"
    seen = await checker.read(path)
    answer = await checker.post(f"{path}/approval", {"digest": seen["digest"]})
    assert answer.status_code == 200, answer.text
    return approval_id


async def until(look: Callable[[], Awaitable[Any]], enough: Callable[[Any], bool]) -> Any:
    """Look again and again until it is enough; fails with the last sight after ten seconds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not enough(seen := await look()):
        assert time.monotonic() < deadline, seen
        await asyncio.sleep(0.01)
    return seen


def month_after(day: date | str) -> str:
    """The month from which a fact of that day stops the money (SUB-38)."""
    return str(Month.of(date.fromisoformat(day) if isinstance(day, str) else day).next())
