"""A thousand cancellations in a row: how soon the money stops, and whether it stops for these and nobody else."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from deploy.demo.api import Api, NeverCame
from deploy.demo.cast import Cast
from deploy.demo.proofs import cancelling
from deploy.demo.report import Spread
from deploy.demo.screen import Screen

REASONS: Final = ("VOLUNTARY", "NO_LONGER_MEETS", "FRAUD", "TRANSFER_OVERDUE_1Y", "DECLARED_MISSING")
POLL_SECONDS: Final = 0.002
SUSPENDED_SECONDS_MAX: Final = 30.0
SHOWN_EVERY: Final = 20


class Chosen(NamedTuple):
    """An award in force and the certificate it is drawn on."""

    award_id: str
    certificate_id: str


class SetsDiffer(Exception):
    """What was cancelled and what was suspended are not the same."""


class Measured(NamedTuple):
    """``observed``: from the answer of the cancellation to the award seen SUSPENDED over HTTP. ``committed``: from
    the registry's journal entry to the subsidy service's, both stamped inside COMMIT. ``stops``: ids of the facts."""

    observed: Spread
    committed: Spread
    stops: frozenset[str]


async def choose(subsidy: Api, n: int) -> list[Chosen]:
    """The first ``n`` active awards, one a person."""
    chosen: dict[str, Chosen] = {}
    async for award in subsidy.items("/api/v1/awards", status="ACTIVE"):
        if len(chosen) == n:
            break
        chosen.setdefault(award["person_id"], Chosen(award["award_id"], award["certificate_id"]))
    return list(chosen.values())


async def cancel_in_a_row(chosen: Sequence[Chosen], cast: Cast, screen: Screen) -> Measured:
    """Cancel one, wait until its award is suspended, cancel the next."""
    after = {desk: await _position(desk) for desk in (cast.auditor, cast.subsidy_auditor)}
    observed: list[float] = []
    stops: list[str] = []
    with screen.bar("逐个注销 cancelling one by one") as bar:
        for number, one in enumerate(chosen):
            certificate = await cast.reviewer.fetch(f"/api/v1/certificates/{one.certificate_id}")
            answer = await cast.reviewer.post(
                f"/api/v1/certificates/{one.certificate_id}/cancellation",
                cancelling(REASONS[number % len(REASONS)]),
                seen=certificate.headers["etag"],
            )
            observed.append(await milliseconds_until_suspended(cast.determiner, one.award_id))
            stops.append(answer.json()["stop_id"])
            if number % SHOWN_EVERY == 0:
                bar.show(number, len(chosen))
    committed = await _from_commit_to_commit(stops, cast, after)
    return Measured(Spread.of(observed), Spread.of(committed), frozenset(stops))


async def milliseconds_until_suspended(subsidy: Api, award_id: str) -> float:
    """From now until the award is seen SUSPENDED. Raises NeverCame."""
    began = time.perf_counter()
    while (await subsidy.get(f"/api/v1/awards/{award_id}"))["status"] != "SUSPENDED":
        if time.perf_counter() - began > SUSPENDED_SECONDS_MAX:
            message = f"award {award_id} still ACTIVE after {SUSPENDED_SECONDS_MAX:g} s"
            raise NeverCame(message)
        await asyncio.sleep(POLL_SECONDS)
    return (time.perf_counter() - began) * 1_000


async def _position(desk: Api) -> int:
    return int((await desk.get("/api/v1/journal/horizon"))["position"])


async def _from_commit_to_commit(stops: Sequence[str], cast: Cast, after: dict[Api, int]) -> list[float]:
    cancelled = {
        event["id"]: event["recordedat"]
        async for event in cast.auditor.entries(after=after[cast.auditor])
        if event["type"] == "registry.certificate.cancelled.v1"
    }
    suspended = {
        event["data"]["award"]["cause_id"]: event["recordedat"]
        async for event in cast.subsidy_auditor.entries(after=after[cast.subsidy_auditor])
        if event["type"] == "subsidy.award.suspended.v1"
    }
    return [_milliseconds_between(cancelled[stop], suspended[stop]) for stop in stops]


def _milliseconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds() * 1_000


async def compare(stops: frozenset[str], subsidy: Api) -> int:
    """Every cancelled certificate's awards are suspended because of it, and nobody else's; how many awards that is.

    Raises SetsDiffer.
    """
    causes: dict[str, int] = {}
    async for award in subsidy.items("/api/v1/awards", status="SUSPENDED"):
        cause: dict[str, Any] = award["cause"]
        if cause["kind"] == "CANCELLED":
            causes[cause["event_id"]] = causes.get(cause["event_id"], 0) + 1
    if missing := stops - causes.keys():
        message = f"{len(missing)} cancellations suspended nothing, for example {min(missing)}"
        raise SetsDiffer(message)
    if strangers := causes.keys() - stops:
        message = f"{len(strangers)} awards are suspended by cancellations nobody asked for, such as {min(strangers)}"
        raise SetsDiffer(message)
    return sum(causes.values())
